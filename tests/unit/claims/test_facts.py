"""From an authentication to what the rules see."""

from __future__ import annotations

import json
from typing import Any

import pytest

from broker.claims.facts import Facts, admit_values, attribute_values, fields_of, release_values, require_values
from broker.claims.vocabulary import MAX_GROUPS
from tests.support.expressions import AUDITORS, EDITORS
from tests.support.people import AEGEAN, ELENI, account, authentication


def test_groups_are_object_ids_in_lower_case_and_names_are_none() -> None:
    facts = Facts.of(authentication(groups=(EDITORS.upper(), "Administrators", AUDITORS)))
    assert facts.groups == (EDITORS, AUDITORS)


def test_unknown_groups_stay_unknown() -> None:
    for groups in (None, (EDITORS,) * (MAX_GROUPS + 1)):
        facts = Facts.of(authentication(groups=groups))
        assert facts.groups is None
        assert "upstream.groups" not in require_values(facts).variables
        assert "identity.groups" not in admit_values(facts, {}).variables


@pytest.mark.parametrize("roles", ["owner", ["owner", 1], [{"a": 1}], None, ["x" * 2000]])
def test_app_roles_of_the_wrong_type_are_none(roles: object) -> None:
    assert Facts.of(authentication(claims={"roles": roles})).app_roles == ()


def test_facts_can_be_kept_and_read_again() -> None:
    facts = Facts.of(authentication(groups=(EDITORS,), claims={"roles": ("a",), "acct": 0, "amr": ("mfa",)}))
    assert Facts.from_json(json.loads(json.dumps(facts.as_json()))) == facts
    unknown = Facts.of(authentication(groups=None))
    assert Facts.from_json(json.loads(json.dumps(unknown.as_json()))) == unknown


@pytest.mark.parametrize(
    "change",
    [{"acr": 1}, {"groups": "all"}, {"is_guest": "no"}, {"claims": []}, {"amr": [1]}, {"more": 1}, {"email": None}],
)
def test_other_things_are_no_facts(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        Facts.from_json({**Facts.of(authentication()).as_json(), **change})


def test_the_address_is_the_accounts_and_verified_only_as_the_same_one() -> None:
    facts = Facts.of(authentication(email="eleni@AEGEANFOODS.example", email_owner_verified=True))
    same = admit_values(facts, {"email": "eleni@aegeanfoods.example"}).variables
    assert same["identity.email_domain"] == "aegeanfoods.example"
    assert same["identity.email_verified"] is True
    other = admit_values(facts, {"email": "e.markou@aegeanfoods.example"}).variables
    assert other["identity.email"] == "e.markou@aegeanfoods.example"
    assert other["identity.email_verified"] is False
    nothing = admit_values(facts, {}).variables
    assert (nothing["identity.email"], nothing["identity.email_domain"]) == ("", "")


def test_an_accounts_fields_have_texts_only() -> None:
    given = fields_of(account(attributes={"department": "Sales", "office": ""}))
    assert given["department"] == "Sales"
    assert given["role"] == account().role
    assert "office" not in given


def test_graph_is_what_graph_said() -> None:
    values = attribute_values(Facts.of(authentication()), {"graph.jobTitle": "Buyer", "id_token.name": "Eleni"})
    assert values.variables["graph"] == {"jobTitle": "Buyer"}


def test_without_an_upstream_only_the_account_is_known() -> None:
    values = release_values(None, {"email": "eleni@aegeanfoods.example"}, AEGEAN, "connect").variables
    assert values["identity.email_domain"] == "aegeanfoods.example"
    assert values["identity.organization"] == "aegean-foods"
    assert "identity.groups" not in values
    assert "identity.object_id" not in values
    known = release_values(Facts.of(authentication()), {}, AEGEAN, "connect").variables
    assert known["identity.object_id"] == ELENI.identifier
