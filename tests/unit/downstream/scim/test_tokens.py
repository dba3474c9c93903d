"""The tokens of directories: which header is good for whom."""

from __future__ import annotations

import pytest

from broker.downstream.scim.tokens import ScimTokens
from broker.identity import Secret

MINE = "a" * 32
BEFORE = "b/+~._-" + "b" * 30 + "=="
TOKENS = ScimTokens({"aegean-foods": [Secret(MINE), Secret(BEFORE)], "helios-shipping": [Secret("c" * 40)]})


@pytest.mark.parametrize("header", [f"Bearer {MINE}", f"bearer   {MINE}", f"Bearer {BEFORE}", f" Bearer {MINE} "])
def test_the_token_and_the_one_before_are_good(header: str) -> None:
    assert TOKENS.are_good("aegean-foods", header)
    assert not TOKENS.are_good("helios-shipping", header)
    assert not TOKENS.are_good("nobody", header)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        f"Basic {MINE}",
        MINE,
        f"Bearer {MINE}x",
        f"Bearer {MINE[:-1]}",
        f"Bearer {MINE}, Bearer {MINE}",
        f"Bearer\u00a0{MINE}",
        "Bearer " + "ａ" * 32,
        "Bearer " + "a" * 100_000,
        "Bearer the token of no organisation",
    ],
)
def test_nothing_else_is(header: str) -> None:
    assert not any(TOKENS.are_good(name, header) for name in ("aegean-foods", "helios-shipping", "nobody", ""))


def test_a_token_that_can_be_guessed_is_refused_and_not_shown() -> None:
    with pytest.raises(ValueError, match="aegean-foods") as refused:
        ScimTokens({"aegean-foods": [Secret("x" * 31)]})
    assert "xxx" not in str(refused.value)
