"""CR-07: a text for a list, a part for a member, another spelling, an empty condition that matches everybody."""

from __future__ import annotations

from typing import Any

import pytest

from broker.claims.rules import RuleFailed
from tests.support.expressions import EDITORS, condition, refused, upstream_values


@pytest.mark.parametrize(
    ("source", "claims"),
    [
        ("claims.acct == 0", {"acct": "0"}),
        ("claims.acct == 0", {"acct": False}),
        ("claims.vip == true", {"vip": "true"}),
        ("claims.vip == true", {"vip": 1}),
        ("claims.roles == ['admin']", {"roles": "admin"}),
        ("'admin' in claims.wids", {"wids": ("administrators", "notadmin")}),
        ("claims.department == 'IT'", {"department": "it"}),
        ("claims.department == 'IT'", {"department": "ІТ"}),  # Cyrillic
        ("claims.department == 'IT'", {"department": "IT "}),
        ("claims.name == 'Ελένη'", {"name": "Ελε\u0301νη"}),
        ("claims.department == ''", {"department": " "}),
        ("claims.country.startsWith('GR')", {"country": "gr"}),
    ],
)
def test_cr_07_what_only_resembles_is_not_the_same(source: str, claims: dict[str, Any]) -> None:
    assert condition(source).evaluate(upstream_values(**claims)) is False


@pytest.mark.parametrize(
    ("source", "claims"),
    [
        ("'admin' in claims.wids", {"wids": "administrator"}),
        ("claims.vip || claims.vip", {"vip": "yes"}),
        ("claims.acct < 1", {"acct": "0"}),
        ("claims.roles.exists(r, r == 'admin')", {"roles": "admin"}),
    ],
)
def test_cr_07_another_type_refuses(source: str, claims: dict[str, Any]) -> None:
    with pytest.raises(RuleFailed):
        condition(source).evaluate(upstream_values(**claims))


@pytest.mark.parametrize(
    "source",
    [
        "claims.vip",
        "upstream.email.startsWith('')",
        "upstream.email.endsWith('')",
        "upstream.email.contains('')",
        "any_of(upstream.groups, [])",
        "all_of(upstream.groups, [])",
        "upstream.acr in []",
        "upstream.email.matches('aegeanfoods')",
        "upstream.email.matches('^a|b$')",
        "upstream.email.matches('')",
        f"'{EDITORS.upper()}' in upstream.groups",
        "upstream.groups in 'a'",
        "'a' in upstream.email",
        "upstream.is_guest == 'false'",
    ],
)
def test_cr_07_what_matches_everybody_or_mixes_types_is_refused_at_load(source: str) -> None:
    assert refused(source).sentence


@pytest.mark.parametrize(
    ("source", "claims"),
    [
        ("claims.name == 'admin'", {"name": "admin\0x"}),
        ("'admin' in claims.wids", {"wids": ("admin\0x",)}),
        ("has(claims.admin)", {"admin\0x": 1}),
        ("lower(claims.name) == 'admin'", {"name": "Admin\0x"}),
    ],
)
def test_cr_07_a_nul_does_not_end_a_text(source: str, claims: dict[str, Any]) -> None:
    with pytest.raises(RuleFailed, match="a text has a NUL in it"):
        condition(source).evaluate(upstream_values(**claims))
    assert refused(r"claims.name == 'admin\u0000x'").sentence == "a text has no NUL in it"


def test_cr_07_an_address_that_ends_alike_is_doubted() -> None:
    for source in ("upstream.email.endsWith('aegeanfoods.example')", "claims.upn.contains('@aegeanfoods.example')"):
        (doubt,) = condition(source).doubts
        assert doubt.sentence.endswith("as well: use in_domain")
    assert condition("upstream.email.endsWith('@aegeanfoods.example')").doubts == ()
