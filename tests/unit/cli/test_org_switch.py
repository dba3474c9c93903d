"""``broker org connect``, ``test``, ``enforce``, ``disconnect`` and ``end-sessions``."""

from __future__ import annotations

import pytest

from broker.identity import Subject
from broker.store.credentials import PasswordRecord
from tests.support.directory import draft
from tests.support.operated import OBJECT_ID, TENANT, Operated, now_

MARIA = "0a6f4d57-3f5e-4a3e-9a0e-6d1b8f6f0101"


@pytest.fixture
def acme(operated: Operated) -> Operated:
    """An organisation with one person, who has a password."""
    operated.create("acme", "--domain", "acme.example", "--vouch")
    with operated.records() as records:
        made = draft(
            id=MARIA,
            organization="acme",
            subject=Subject.own(MARIA),
            email="maria@acme.example",
            email_domain="acme.example",
            role="administrator",
        )
        records.credentials.create_password_account(made, PasswordRecord("maria@acme.example", MARIA, "hash", now_()))
    return operated


def test_connect_prints_a_link_for_the_directorys_administrator(acme: Operated) -> None:
    link = acme.json("org", "connect", "acme")["link"]
    assert link.startswith("https://login.pobuca.example/connect/")
    assert link not in str(acme.trail())
    assert "connecting_ticket_made" in acme.events()


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("aegean-foods", "connected by its file"), ("corner-shop", "needs enterprise"), ("nobody", "there is no")],
)
def test_what_cannot_be_connected_is_told(operated: Operated, name: str, sentence: str) -> None:
    assert sentence in operated.refused("org", "connect", name)


def test_the_test_sign_in_is_told_by_its_exit_code(acme: Operated) -> None:
    assert "not connected" in acme.refused("org", "test", "acme")
    acme.connect(tested=False)
    assert "nobody has done the test sign-in" in acme.refused("org", "test", "acme", "--wait", "0.1")
    acme.connect()
    assert OBJECT_ID in acme.done("org", "test", "acme")
    assert acme.json("org", "test", "acme")["tested"] is True


def test_enforcing_needs_a_test_sign_in(acme: Operated) -> None:
    assert "not connected" in acme.refused("org", "enforce", "acme", "--yes")
    acme.connect(tested=False)
    assert "nobody has done the test sign-in" in acme.refused("org", "enforce", "acme", "--yes")
    assert acme.stage() == "connected"


def test_a_dry_run_of_enforcing_says_for_how_many_what_will_change(acme: Operated) -> None:
    acme.connect()
    told = acme.refused("org", "enforce", "acme", "--dry-run", code=0)
    assert f"bind acme to the tenant Acme Ltd, {TENANT}" in told
    assert "let 1 person in with Microsoft only" in told
    assert "delete 1 password and no app passwords, and cancel no open invitations" in told
    assert "nobody with an address of acme.example" in told
    assert acme.stage() == "tested"


def test_enforcing_asks_for_the_name_and_then_closes_every_other_way(acme: Operated) -> None:
    acme.connect(account=MARIA)
    assert "nothing was changed" in acme.refused("org", "enforce", "acme", typed="yes\n")
    assert acme.stage() == "tested"
    assert "in no other way" in acme.done("org", "enforce", "acme", typed="acme\n")
    assert acme.stage() == "enforced"
    with acme.records() as records:
        password = records.credentials.password("maria@acme.example")
        assert password is None or password.hash is None
        maria = records.directory.account(MARIA)
    assert maria is not None
    assert maria.subject == Subject.entra(TENANT, OBJECT_ID)
    assert acme.events()[-1] == "federation_enforced"
    assert acme.trail()[-1].actor == "operator"
    assert "enforced already" in acme.done("org", "enforce", "acme")


def test_disconnecting_is_immediate_and_needs_a_reason(acme: Operated) -> None:
    acme.connect()
    acme.done("org", "enforce", "acme", "--yes")
    assert "--reason" in acme.refused("org", "disconnect", "acme", "--yes", code=2)
    disconnect = ("org", "disconnect", "acme", "--reason", "contract ended")
    assert "Would end the federation" in acme.refused(*disconnect, "--dry-run", code=0)
    assert "nothing was changed" in acme.refused(*disconnect, typed="\n")
    acme.done(*disconnect, typed="acme\n")
    assert acme.stage() == "disconnected"
    last = acme.trail()[-1]
    assert (last.event, last.actor, (last.detail or {})["reason"]) == (
        "federation_disconnected",
        "operator",
        "contract ended",
    )
    assert "is not connected" in acme.refused(*disconnect, "--yes")


def test_what_a_file_declares_is_not_disconnected_by_command(operated: Operated) -> None:
    told = operated.refused("org", "disconnect", "aegean-foods", "--reason", "x", "--yes")
    assert "take the connection out of it" in told
    assert operated.stage("aegean-foods") == "enforced"


def test_an_organization_whose_file_is_gone_can_be_disconnected(operated: Operated) -> None:
    (operated.directory / "relying_parties" / "connect.yaml").unlink()
    (operated.directory / "organizations" / "aegean-foods.yaml").unlink()
    operated.done("org", "disconnect", "aegean-foods", "--reason", "no customer any more", "--yes")
    assert operated.stage("aegean-foods") == "disconnected"


def test_ending_the_sessions_voids_what_everybody_was_given(acme: Operated) -> None:
    assert "Would sign 1 person" in acme.refused("org", "end-sessions", "acme", "--dry-run", code=0)
    acme.done("org", "end-sessions", "acme", "--reason", "laptop lost", typed="acme\n")
    with acme.records() as records:
        maria = records.directory.account(MARIA)
        (ending,) = [each for each in records.standings.endings() if each.kind == "account"]
    assert maria is not None
    assert maria.epoch == 1
    last = acme.trail()[-1]
    assert (last.event, last.account, (last.detail or {})["ending"]) == ("account_ended", MARIA, ending.id)
