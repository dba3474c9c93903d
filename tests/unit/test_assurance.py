"""As recent and as strong as asked, and never more stated than received (threats UO-20, DO-25)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from broker import assurance
from broker.assurance import Contexts
from broker.errors import PartyError
from broker.identity import Stamp
from broker.messages import Session, Transaction
from tests.support.people import NOW, account, authentication, login_request

USUAL, MFA = "urn:pobuca:acr:directory", "urn:pobuca:acr:mfa"
CONTEXTS = Contexts(USUAL, frozenset({MFA}))
FIVE_MINUTES = timedelta(minutes=5)


def session(**changes: Any) -> Session:
    fields: dict[str, Any] = {
        "sid": "s",
        "account_id": account().id,
        "organization": "aegean-foods",
        "connection": "entra:aegean-foods",
        "authenticated_at": NOW - FIVE_MINUTES,
        "acr": USUAL,
        "amr": (),
        "login_names": ("eleni.markou@aegeanfoods.example", "e.markou@aegeanfoods.example"),
        "login_hint": None,
        "upstream_session": None,
        "stamp": Stamp(0, 0),
        "started_at": NOW - FIVE_MINUTES,
        "last_used_at": NOW,
        "expires_at": NOW + FIVE_MINUTES,
    }
    return Session(**{**fields, **changes})


def good(session: Session, **asked: Any) -> bool:
    return assurance.is_good_enough(login_request(**asked), session, account(), CONTEXTS, NOW)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, True),
        ({"force": True}, False),
        ({"choose_account": True}, False),
        ({"max_age": timedelta(minutes=5)}, True),
        ({"max_age": timedelta(minutes=4, seconds=59)}, False),
        ({"account_hint": account().id}, True),
        ({"account_hint": "another"}, False),
        ({"strength": (USUAL,)}, True),
        ({"strength": (MFA,)}, False),
        ({"strength": (MFA, USUAL)}, True),
        ({"strength": ("urn:unknown",)}, True),
        ({"login_hint": "Eleni.Markou@aegeanfoods.example"}, True),
        ({"login_hint": "e.markou@aegeanfoods.example"}, True),
        ({"login_hint": "nikos.petrou@aegeanfoods.example"}, False),
        ({"login_hint": "O.opaque"}, True),
    ],
)
def test_a_session_is_good_enough_for(asked: dict[str, Any], expected: bool) -> None:
    assert good(session(), **asked) is expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"strength": (USUAL,)}, True),  # A wish that this sign-in could never grant.
        ({"strength": (USUAL,), "strength_essential": True}, False),
        ({"strength": (MFA,), "strength_essential": True}, False),
    ],
)
def test_a_session_by_password_is_good_enough_unless_more_is_essential(asked: dict[str, Any], expected: bool) -> None:
    assert good(session(connection="password", acr="urn:pobuca:acr:password"), **asked) is expected


def test_a_session_of_unknown_age_satisfies_no_max_age() -> None:
    assert not good(session(authenticated_at=None), max_age=timedelta(days=1))


def fresh(at: timedelta | None, *, force: bool = False, max_age: timedelta | None = None, before: Any = None) -> bool:
    transaction = Transaction(
        request=login_request(force=force, max_age=max_age),
        browser_digest="",
        cookie_suffix="",
        connection="entra:aegean-foods",
        organization="aegean-foods",
        tenant_id=None,
        nonce="",
        code_verifier="",
        redirect_uri="",
        started_at=NOW - timedelta(minutes=2),
        expires_at=NOW,
        previous_authentication=before,
    )
    said = authentication(authenticated_at=None if at is None else NOW - at)
    return assurance.is_fresh_enough(transaction, said, NOW)


@pytest.mark.parametrize(
    ("said", "asked", "expected"),
    [
        (timedelta(hours=9), {}, True),
        (None, {}, True),
        (timedelta(minutes=1), {"force": True}, True),
        (timedelta(minutes=3), {"force": True}, True),
        (timedelta(minutes=3, seconds=1), {"force": True}, False),
        (None, {"force": True}, False),
        (None, {"max_age": timedelta(hours=1)}, False),
        (timedelta(minutes=59), {"max_age": timedelta(hours=1)}, True),
        (timedelta(minutes=61), {"max_age": timedelta(hours=1)}, False),
        (timedelta(minutes=1), {"max_age": timedelta(seconds=1)}, True),
        (timedelta(minutes=2), {"max_age": timedelta(seconds=1)}, True),
        (timedelta(minutes=2, seconds=1), {"max_age": timedelta(seconds=1)}, False),
        (timedelta(minutes=1), {"force": True, "before": NOW - timedelta(minutes=1)}, False),
    ],
)
def test_an_answer_is_fresh_enough(said: timedelta | None, asked: dict[str, Any], expected: bool) -> None:
    assert fresh(said, **asked) is expected


def test_a_class_that_nobody_can_give_is_refused_before_anybody_signs_in() -> None:
    with pytest.raises(PartyError) as refusal:
        assurance.require_reachable(login_request(strength=("urn:unknown",), strength_essential=True), CONTEXTS)
    assert refusal.value.code == "unmet_authentication_requirements"
    assurance.require_reachable(login_request(strength=("urn:unknown", MFA), strength_essential=True), CONTEXTS)
    assurance.require_reachable(login_request(strength=("urn:unknown",)), CONTEXTS)


@pytest.mark.parametrize(
    ("strength", "asked_for"),
    [
        ((), None),
        (("urn:unknown",), None),
        ((USUAL,), None),
        ((MFA,), MFA),
        (("urn:unknown", MFA, USUAL), MFA),
        ((USUAL, MFA), None),
    ],
)
def test_the_upstream_is_asked_for_the_class_that_is_preferred_among_those_to_be_had(
    strength: tuple[str, ...], asked_for: str | None
) -> None:
    assert CONTEXTS.to_ask_for(login_request(strength=strength)) == asked_for
