"""``broker audit``: the trail is listed, and a changed one is noticed."""

from __future__ import annotations

import sqlite3

import pytest

from tests.support.operated import Operated


@pytest.fixture
def busy(operated: Operated) -> Operated:
    operated.create("acme", "--domain", "acme.example", "--vouch")
    operated.create("other", plan="standard")
    return operated


def test_the_trail_is_listed_in_its_order(busy: Operated) -> None:
    entries = busy.json("audit", "list")["entries"]
    assert [(entry["number"], entry["event"]) for entry in entries] == [
        (1, "federation_declared"),
        (2, "organization_created"),
        (3, "domain_verified"),
        (4, "organization_created"),
    ]
    assert "organization_created  acme  by operator  plan=enterprise" in busy.done("audit", "list")


def test_the_list_is_narrowed(busy: Operated) -> None:
    def numbers(*arguments: str) -> list[int]:
        return [entry["number"] for entry in busy.json("audit", "list", *arguments)["entries"]]

    assert numbers("--organization", "acme") == [2, 3]
    assert numbers("--after", "2") == [3, 4]
    assert numbers("--limit", "2") == [1, 2]
    assert numbers("--organization", "acme", "--after", "2", "--limit", "5") == [3]
    assert numbers("--account", "nobody") == []


def test_a_whole_trail_verifies_with_its_last_digest(busy: Operated) -> None:
    last = busy.json("audit", "list")["entries"][-1]
    assert f"entry 4 with the digest {last['digest']}" in busy.done("audit", "verify")
    assert busy.json("audit", "verify")["last"]["digest"] == last["digest"]


@pytest.mark.parametrize(
    ("statement", "number"),
    [
        ("UPDATE audit_entries SET actor = 'nobody' WHERE number = 2", 2),
        ("DELETE FROM audit_entries WHERE number = 3", 3),
        ("UPDATE audit_entries SET detail = '{}' WHERE number = 4", 4),
    ],
)
def test_a_changed_trail_breaks_where_it_was_changed(busy: Operated, statement: str, number: int) -> None:
    with sqlite3.connect(busy.directory / "d.sqlite") as connection:
        connection.execute(statement)
    connection.close()
    assert busy.run("audit", "verify").exit_code == 1
    assert f"breaks at entry {number}" in busy.run("audit", "verify").output
    answer = busy.run("audit", "verify", "--json")
    assert answer.exit_code == 1
    assert f'"broken_at": {number}' in answer.stdout


def test_what_a_terminal_would_obey_is_escaped(busy: Operated) -> None:
    busy.connect()
    busy.done("org", "disconnect", "acme", "--reason", "red \x1b[31m alert", "--yes")
    assert "reason=red \\x1b[31m alert" in busy.done("audit", "list")
