"""``broker org glass``: naming, listing, opening and closing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from broker.store.credentials import Passkey
from tests.support.directory import draft
from tests.support.operated import Operated, now_

ELENI = draft().id
ORGANIZATION = "aegean-foods"


@pytest.fixture
def staffed(operated: Operated) -> Operated:
    """A federated organisation in which one person has an account."""
    with operated.records() as records:
        records.directory.create_account(draft())
    return operated


def with_passkey(operated: Operated, days_ago: int | None) -> None:
    at = now_() - timedelta(days=days_ago) if days_ago is not None else None
    with operated.records() as records:
        records.credentials.add_passkey(Passkey("Y3JlZA", ELENI, "Blue key", "a2V5", 3, now_(), at))


def test_a_person_is_named_once_listed_and_unnamed(staffed: Operated) -> None:
    assert "is named for" in staffed.done("org", "glass", "name", ORGANIZATION, ELENI)
    assert "is named already" in staffed.done("org", "glass", "name", ORGANIZATION, ELENI)
    listed = staffed.done("org", "glass", "list", ORGANIZATION)
    assert ELENI in listed
    assert "NOT READY" in listed
    assert "It is shut." in listed
    with_passkey(staffed, 10)
    (person,) = staffed.json("org", "glass", "list", ORGANIZATION)["people"]
    assert (person["account"], person["passkeys"], person["ready"]) == (ELENI, 1, True)
    assert "not named any more" in staffed.done("org", "glass", "unname", ORGANIZATION, ELENI)
    assert staffed.json("org", "glass", "list", ORGANIZATION) == {
        "organization": ORGANIZATION,
        "people": [],
        "window": None,
    }
    assert staffed.events() == ["break_glass_named", "break_glass_unnamed"]
    with staffed.records() as records:
        assert records.credentials.passkeys(ELENI) == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("name", ORGANIZATION, "nobody"), "no account nobody"),
        (("name", "corner-shop", ELENI), "not federated"),
        (("name", "nobody", ELENI), "no organization nobody"),
        (("unname", ORGANIZATION, ELENI), "is not named"),
        (("list", "nobody"), "no organization nobody"),
        (("open", ORGANIZATION, "--why", "drill"), "nobody is named"),
        (("open", "corner-shop", "--why", "drill"), "not federated"),
        (("close", "nobody"), "no organization nobody"),
    ],
)
def test_what_cannot_be_done_is_told(staffed: Operated, arguments: tuple[str, ...], sentence: str) -> None:
    assert sentence in staffed.refused("org", "glass", *arguments)


@pytest.mark.parametrize("days_ago", [None, 91])
def test_it_does_not_open_for_people_who_have_not_rehearsed(staffed: Operated, days_ago: int | None) -> None:
    staffed.done("org", "glass", "name", ORGANIZATION, ELENI)
    with_passkey(staffed, days_ago)
    assert "rehearsed within 90 days" in staffed.refused("org", "glass", "open", ORGANIZATION, "--why", "drill")
    dry = ("org", "glass", "open", ORGANIZATION, "--why", "drill", "--dry-run")
    assert "rehearsed within 90 days" in staffed.refused(*dry)


@pytest.mark.parametrize("minutes", ["0", "241", "many"])
def test_it_opens_for_four_hours_at_most(staffed: Operated, minutes: str) -> None:
    staffed.refused("org", "glass", "open", ORGANIZATION, "--why", "drill", "--minutes", minutes, code=2)


def test_it_opens_for_an_hour_unless_told_otherwise_and_closes(staffed: Operated) -> None:
    staffed.done("org", "glass", "name", ORGANIZATION, ELENI)
    with_passkey(staffed, 89)
    dry = staffed.done("org", "glass", "open", ORGANIZATION, "--why", "Entra is down", "--dry-run")
    assert "Would open the break-glass of aegean-foods for 1 person, for 60 minutes" in dry
    assert staffed.json("org", "glass", "list", ORGANIZATION)["window"] is None
    opened = staffed.done("org", "glass", "open", ORGANIZATION, "--why", "Entra is down")
    assert "open for 1 person until" in opened
    assert "https://login.pobuca.example/break-glass" in opened
    assert "It is OPEN until" in staffed.done("org", "glass", "list", ORGANIZATION)
    window = staffed.json("org", "glass", "list", ORGANIZATION)["window"]
    assert (window["people"], window["why"], window["opened_by"]) == ([ELENI], "Entra is down", "operator")
    assert "is shut" in staffed.done("org", "glass", "close", ORGANIZATION)
    assert "was shut already" in staffed.done("org", "glass", "close", ORGANIZATION)
    assert staffed.events() == ["break_glass_named", "break_glass_opened", "break_glass_closed"]
    (entry,) = (entry for entry in staffed.trail() if entry.event == "break_glass_opened")
    assert (entry.actor, entry.detail) == ("operator", {"minutes": "60", "people": "1", "why": "Entra is down"})
