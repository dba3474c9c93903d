"""What applications may learn of an account (OpenID Connect Core 5.1, 5.3.2, 5.4)."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from broker.clock import epoch_seconds
from broker.downstream.oidc.claims import NAMES, PROTOCOL_CLAIMS, SCOPES, Person, names_of, release
from broker.federation.rule_shapes import Scope
from tests.support.people import AEGEAN, NOW, account

FULL = {
    "job_title": "Buyer",
    "department": "Purchasing",
    "office": "Piraeus",
    "work_phone": "+30 210 555 0100",
    "mobile_phone": "+30 690 555 0100",
    "work_street": "Akti Miaouli 1",
    "work_postal_code": "185 35",
    "work_city": "Piraeus",
    "work_state": "Attica",
    "work_country": "Greece",
    "language": "el-GR",
    "employee_id": "E-17",
}


def released(**changes: Any) -> dict[str, Any]:
    return release(Person(account(**changes), AEGEAN), NAMES)


def test_the_claims_of_a_full_account_are_frozen() -> None:
    assert released(attributes=FULL) == {
        "name": "Eleni Markou",
        "given_name": "Eleni",
        "family_name": "Markou",
        "locale": "el-GR",
        "updated_at": epoch_seconds(NOW),
        "email": "eleni.markou@aegeanfoods.example",
        "email_verified": True,
        "phone_number": "+30 210 555 0100",
        "phone_number_verified": False,
        "address": {
            "formatted": "Akti Miaouli 1\n185 35 Piraeus\nAttica\nGreece",
            "street_address": "Akti Miaouli 1",
            "locality": "Piraeus",
            "region": "Attica",
            "postal_code": "185 35",
            "country": "Greece",
        },
        "organization": {
            "id": "aegean-foods",
            "name": "Aegean Foods",
            "role": "editor",
            "department": "Purchasing",
            "job_title": "Buyer",
            "office": "Piraeus",
        },
    }


def test_what_is_not_known_is_absent_and_never_null_or_empty() -> None:
    claims = released(attributes={}, email=None, email_domain=None, email_verified=False, last_name="-")
    assert claims.keys() == {"name", "given_name", "updated_at", "organization"}
    assert claims["organization"] == {"id": "aegean-foods", "name": "Aegean Foods", "role": "editor"}


def test_a_mobile_phone_stands_in_for_the_one_at_work() -> None:
    assert released(attributes={"mobile_phone": "+30 1"})["phone_number"] == "+30 1"


@pytest.mark.parametrize("tag", ["en", "el-GR", "zh-Hant-TW", "de-1996"])
def test_a_locale_is_a_language_tag(tag: str) -> None:
    assert released(attributes={"language": tag})["locale"] == tag


@pytest.mark.parametrize("tag", ["", "Greek!", "el_GR", "e", "el-GR-", "el-GR\n"])
def test_or_it_is_absent(tag: str) -> None:
    assert "locale" not in released(attributes={"language": tag})


def test_an_organization_that_is_no_longer_configured_has_no_name() -> None:
    assert release(Person(account(), None), NAMES)["organization"].keys() == {"id", "role", "job_title"}


def test_only_the_claims_of_the_names_are_released() -> None:
    person = Person(account(attributes=FULL), AEGEAN)
    assert release(person, {"email", "no_such_claim", "employee_id"}).keys() == {"email"}
    assert release(person, ()) == {}


def test_a_scope_stands_for_its_claims() -> None:
    assert names_of({"openid"}) == frozenset()
    assert names_of({"openid", "email", "unknown"}) == {"email", "email_verified"}


def test_the_scopes_are_those_of_configuration() -> None:
    assert set(SCOPES) == set(get_args(Scope))


def test_no_claim_is_named_like_one_of_the_protocol() -> None:
    assert not NAMES & PROTOCOL_CLAIMS
