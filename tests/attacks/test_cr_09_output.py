"""CR-09: what a rule gives is huge, or does something to whoever shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from broker.claims.releasing import MAX_OCTETS, release
from broker.claims.rules import Target, Values
from broker.errors import LoginFailed
from tests.support.expressions import claim_rule

HOSTILE = ["Eleni\r\nSet-Cookie: a=b", "Ele\x00ni", "\u202eineM", "\x1b[2J", "a\u2066b", "\ud800", "\ufeffx", "a\x7f"]


def given(**account: str) -> Values:
    return Values({"account": account, "application.client_id": "connect"})


def released(account: Mapping[str, str], target: Target, *claims: str) -> dict[str, Any]:
    rules = [claim_rule(claim, "account.office", to=(target,)) for claim in claims]
    return release(rules, given(**account), {}, target, ["profile"])


@pytest.mark.parametrize("text", HOSTILE)
def test_cr_09_characters_that_do_something_refuse(text: str) -> None:
    with pytest.raises(LoginFailed) as failure:
        released({"office": text}, "userinfo", "office")
    assert failure.value.reason == "rule_error"
    assert text not in failure.value.detail


def test_cr_09_markup_and_joiners_are_text_for_the_encoder_of_whoever_shows_it() -> None:
    for text in ("<script>alert(1)</script>", '"]}', "नमस्\u200cते", "O'Neil & Søn"):
        assert released({"office": text}, "id_token", "office") == {"office": text}


@pytest.mark.parametrize("target", MAX_OCTETS)
def test_cr_09_what_is_large_altogether_refuses(target: Target) -> None:
    fitting = [f"c{number}" for number in range(MAX_OCTETS[target] // 1100)]
    assert len(released({"office": "x" * 1024}, target, *fitting)) == len(fitting)
    with pytest.raises(LoginFailed) as failure:
        released({"office": "x" * 1024}, target, *fitting, "one", "too_many", "really", "indeed")
    assert failure.value.reason == "output"


def test_cr_09_one_claim_that_is_too_large_refuses() -> None:
    with pytest.raises(LoginFailed):
        released({"office": "x" * 5000}, "userinfo", "office")
