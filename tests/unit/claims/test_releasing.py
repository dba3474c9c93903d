"""What one application gets by its rules."""

from __future__ import annotations

from typing import Any

import pytest

from broker import tracing
from broker.claims.releasing import governed, release
from broker.claims.rules import ReleaseRule, Target, Values
from broker.errors import LoginFailed
from tests.support.expressions import EDITORS, claim_rule

BUILT_IN = {"name": "Eleni Markou", "email": "eleni.markou@aegeanfoods.example"}


def values(**more: Any) -> Values:
    return Values(
        {
            "identity.groups": [EDITORS],
            "identity.is_guest": False,
            "account": {"role": "editor", "department": "Sales", "language": "el"},
            "application.client_id": "connect",
            **more,
        }
    )


def released(
    *rules: ReleaseRule, target: Target = "userinfo", scopes: tuple[str, ...] = ("profile",)
) -> dict[str, Any]:
    return release(rules, values(), BUILT_IN, target, scopes)


def test_a_claim_goes_where_its_rule_says_and_nowhere_else() -> None:
    rule = claim_rule("roles", "lookup_all('roles', identity.groups)", to=("id_token", "access_token"))
    assert released(rule, target="id_token") == {"roles": ["editor", "viewer"]}
    assert released(rule, target="access_token") == {"roles": ["editor", "viewer"]}
    assert released(rule, target="userinfo") == {}
    assert governed([rule]) == {"roles"}


def test_a_claim_needs_its_scope() -> None:
    rule = claim_rule("department", "account.department", scope="organization")
    assert released(rule) == {}
    assert released(rule, scopes=("organization",)) == {"department": "Sales"}


def test_without_a_value_it_is_the_built_in_one() -> None:
    assert released(claim_rule("name"), claim_rule("locale")) == {"name": "Eleni Markou"}


def test_a_condition_withholds_and_the_next_rule_for_the_claim_has_its_turn() -> None:
    record = tracing.begin()
    greek = claim_rule("greeting", "'Γεια'", "account.language == 'el'", name="greek")
    french = claim_rule("greeting", "'Salut'", "account.language == 'fr'", name="french")
    rest = claim_rule("greeting", "'Hello'", name="rest")
    assert released(french, greek, rest) == {"greeting": "Γεια"}
    assert released(french, rest) == {"greeting": "Hello"}
    assert [(step.name, step.outcome, step.group) for step in record.steps][:2] == [
        ("greeting", "withheld", "connect"),
        ("greeting", "released", "connect"),
    ]
    assert record.steps[0].inputs == {"account.language": "el"}
    assert record.steps[1].detail == "userinfo"


def test_what_cannot_be_decided_refuses_unless_it_is_optional() -> None:
    with pytest.raises(LoginFailed) as failure:
        released(claim_rule("office", "account.office"))
    assert failure.value.reason == "rule_error"
    assert "relying_parties/connect.yaml:7" in failure.value.detail
    assert released(claim_rule("office", "account.office", optional=True), claim_rule("name")) == {
        "name": BUILT_IN["name"]
    }
    with pytest.raises(LoginFailed):
        released(claim_rule("name", None, "account.office == 'Athens'"))


@pytest.mark.parametrize("source", ["''", "[]"])
def test_what_is_empty_is_withheld(source: str) -> None:
    assert released(claim_rule("note", source)) == {}


def test_false_and_zero_are_values() -> None:
    assert released(claim_rule("guest", "identity.is_guest"), claim_rule("count", "0")) == {"guest": False, "count": 0}
