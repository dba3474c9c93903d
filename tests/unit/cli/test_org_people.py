"""``broker org administrator``."""

from __future__ import annotations

from datetime import timedelta

import pytest

from broker.identity import Subject
from broker.store.credentials import PasswordRecord
from tests.support.directory import draft
from tests.support.operated import Operated, now_

MARIA = "0a6f4d57-3f5e-4a3e-9a0e-6d1b8f6f0101"
NIKOS = "0a6f4d57-3f5e-4a3e-9a0e-6d1b8f6f0102"


@pytest.fixture
def staffed(operated: Operated) -> Operated:
    """An organisation with two people, of whom Maria is its administrator."""
    operated.create("acme")
    with operated.records() as records:
        for account_id, name, role in ((MARIA, "maria", "administrator"), (NIKOS, "nikos", "editor")):
            made = draft(
                id=account_id,
                organization="acme",
                subject=Subject.own(account_id),
                email=f"{name}@acme.example",
                email_domain="acme.example",
                display_name=name.title(),
                role=role,
            )
            password = PasswordRecord(f"{name}@acme.example", account_id, None, now_())
            records.credentials.create_password_account(made, password)
    return operated


def administrators(operated: Operated) -> list[str]:
    return [row["id"] for row in operated.json("org", "administrator", "list", "acme")["administrators"]]


@pytest.mark.parametrize("person", [NIKOS, "Nikos@ACME.example"])
def test_somebody_with_an_account_becomes_an_administrator(staffed: Operated, person: str) -> None:
    staffed.done("org", "administrator", "add", "acme", person)
    assert administrators(staffed) == [MARIA, NIKOS]
    last = staffed.trail()[-1]
    assert (last.event, last.account, last.detail) == (
        "role_changed",
        NIKOS,
        {"before": "editor", "after": "administrator"},
    )
    assert "already" in staffed.done("org", "administrator", "add", "acme", person)


def test_somebody_unknown_is_invited(staffed: Operated) -> None:
    told = staffed.done("org", "administrator", "add", "acme", "eva@acme.example")
    assert "eva@acme.example is invited." in told
    with staffed.records() as records:
        (invitation,) = records.credentials.invitations("acme")
    assert (invitation.address, invitation.role, invitation.invited_by) == (
        "eva@acme.example",
        "administrator",
        "operator",
    )
    assert invitation.expires_at - invitation.created_at == timedelta(days=7)


def test_the_last_administrator_stays(staffed: Operated) -> None:
    assert "last administrator" in staffed.refused("org", "administrator", "remove", "acme", MARIA)
    staffed.done("org", "administrator", "add", "acme", NIKOS)
    staffed.done("org", "administrator", "remove", "acme", "maria@acme.example")
    assert administrators(staffed) == [NIKOS]


def test_a_deactivated_administrator_does_not_count_as_another(staffed: Operated) -> None:
    staffed.done("org", "administrator", "add", "acme", NIKOS)
    staffed.done("accounts", "deactivate", NIKOS)
    assert "last administrator" in staffed.refused("org", "administrator", "remove", "acme", MARIA)


@pytest.mark.parametrize("word", ["add", "remove"])
def test_somebody_of_another_organization_is_nobody_here(staffed: Operated, word: str) -> None:
    staffed.create("other")
    told = staffed.refused("org", "administrator", word, "other", MARIA)
    assert f"other has no account {MARIA}" in told
    assert "another organization" in staffed.refused("org", "administrator", word, "other", "maria@acme.example")


def test_nobody_is_invited_to_a_federated_organization(operated: Operated) -> None:
    told = operated.refused("org", "administrator", "add", "aegean-foods", "eva@aegeanfoods.example")
    assert "federated, so nobody is invited" in told


@pytest.mark.parametrize(("word", "person"), [("add", NIKOS), ("add", "eva@acme.example")])
def test_a_dry_run_changes_nobody(staffed: Operated, word: str, person: str) -> None:
    assert "Nothing was changed." in staffed.refused(
        "org", "administrator", word, "acme", person, "--dry-run", code=0
    )
    assert administrators(staffed) == [MARIA]
