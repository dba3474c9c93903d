"""``broker org domain``."""

from __future__ import annotations

import pytest

from tests.support.operated import Operated


@pytest.fixture
def acme(operated: Operated) -> Operated:
    operated.create("acme")
    return operated


def domains(operated: Operated) -> dict[str, str]:
    return {row["domain"]: row["proof"] for row in operated.json("org", "domain", "list", "acme")["domains"]}


def test_a_domain_is_claimed_proved_and_dropped(acme: Operated) -> None:
    claimed = acme.json("org", "domain", "claim", "acme", "Acme.example")
    assert (claimed["name"], claimed["type"]) == ("_pobuca-challenge.acme.example", "TXT")
    assert "there is no TXT record" in acme.refused("org", "domain", "verify", "acme", "acme.example")
    acme.dns.texts[claimed["name"]] = [claimed["value"]]
    assert "proved by DNS" in acme.done("org", "domain", "verify", "acme", "acme.example")
    assert domains(acme) == {"acme.example": "dns"}
    acme.done("org", "domain", "drop", "acme", "acme.example")
    assert domains(acme) == {}
    assert acme.events() == ["organization_created", "domain_claimed", "domain_verified", "domain_dropped"]


def test_without_an_answer_nothing_is_known(acme: Operated) -> None:
    acme.dns.behaviour = "fails"
    assert "no DNS resolver gave an answer" in acme.refused("org", "domain", "verify", "acme", "acme.example")


def test_an_operator_may_vouch(acme: Operated) -> None:
    acme.done("org", "domain", "verify", "acme", "acme.example", "--vouch")
    assert domains(acme) == {"acme.example": "operator"}


@pytest.mark.parametrize("word", ["claim", "verify", "drop"])
def test_a_dry_run_changes_nothing(acme: Operated, word: str) -> None:
    acme.done("org", "domain", "verify", "acme", "acme.example", "--vouch")
    before = domains(acme)
    assert "Nothing was changed." in acme.refused("org", "domain", word, "acme", "acme.example", "--dry-run", code=0)
    assert domains(acme) == before


@pytest.mark.parametrize("word", ["claim", "verify", "drop"])
def test_what_a_file_declares_is_changed_in_the_file(operated: Operated, word: str) -> None:
    told = operated.refused("org", "domain", word, "corner-shop", "cornershop.example")
    assert "organizations/corner-shop.yml: change that file" in told


def test_a_domain_that_is_not_there_cannot_be_dropped(acme: Operated) -> None:
    assert "neither a domain nor a claim" in acme.refused("org", "domain", "drop", "acme", "acme.example")


def test_dropping_a_domain_of_a_federated_organization_asks_for_its_name(acme: Operated) -> None:
    acme.done("org", "domain", "verify", "acme", "acme.example", "--vouch")
    acme.connect()
    acme.done("org", "enforce", "acme", "--yes")
    drop = ("org", "domain", "drop", "acme", "acme.example")
    assert "nothing was changed" in acme.refused(*drop, typed="no\n")
    acme.done(*drop, typed="acme\n")
    assert domains(acme) == {}


def test_the_list_says_how_each_was_proved(acme: Operated) -> None:
    acme.done("org", "domain", "verify", "acme", "acme.example", "--vouch")
    acme.done("org", "domain", "claim", "acme", "later.example")
    told = acme.done("org", "domain", "list", "acme")
    assert "on an operator's word" in told
    assert "not proved: it has no effect yet" in told
    assert "2 domains." in told
