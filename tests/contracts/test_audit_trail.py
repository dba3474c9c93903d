"""The contract of ``AuditTrail``: every sentence of the port, over every implementation on its real server."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy import Connection

from broker.store.audit import AuditTrail, Entry
from broker.store.database import ANSWER_WITHIN, create_engine
from broker.store.records import Records
from tests.contracts import racing
from tests.contracts.racing import Race
from tests.support.people import NOW

ENTRY = Entry(
    event="federation_enforced",
    organization="aegean-foods",
    actor="anna",
    at=NOW + timedelta(microseconds=123_457),
    account="eleni",
    detail={"tenant": "Αιγαίο", "from": "1", "a": '"\\'},
)


@pytest.fixture
def audit(records: Records) -> AuditTrail:
    return records.audit


@contextmanager
def somebody(location: Path | str) -> Iterator[Connection]:
    """Somebody who has the database, and not the broker."""
    engine = create_engine(location, password=None, answer_within=ANSWER_WITHIN)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.mark.parametrize(
    "entry",
    [
        ENTRY,
        replace(ENTRY, organization=None, account=None, detail=None),
        replace(ENTRY, at=datetime(2026, 11, 22, 0, 26, 40, tzinfo=timezone(timedelta(hours=2)))),
    ],
    ids=["full", "bare", "from another time zone"],
)
def test_an_entry_is_read_as_it_was_added(audit: AuditTrail, entry: Entry) -> None:
    added = audit.add(entry)
    assert (added.number, added.entry) == (1, entry)
    assert audit.entries() == [added]
    assert audit.first_broken() is None


def test_g9_the_chain_is_verified_with_nothing_but_this(audit: AuditTrail) -> None:
    audit.add(ENTRY)
    second = audit.add(ENTRY)
    first, read = audit.entries()
    assert first.previous == hashlib.sha256(b"").hexdigest()
    assert read == second
    assert second.previous == first.digest
    content = {
        "number": 2,
        "event": "federation_enforced",
        "organization": "aegean-foods",
        "account_id": "eleni",
        "actor": "anna",
        "at": (int(NOW.timestamp()) * 1_000_000) + 123_457,
        "detail": dict(ENTRY.detail or {}),
        "previous": first.digest,
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    assert second.digest == hashlib.sha256(text.encode()).hexdigest()


def test_entries_come_in_their_order_of_one_organisation_or_account_or_of_all(audit: AuditTrail) -> None:
    for number in range(6):
        organization = "aegean-foods" if number % 2 == 0 else None
        audit.add(Entry(f"event-{number}", organization, "broker", NOW, account="eleni" if number < 3 else None))
    assert [each.entry.event for each in audit.entries()] == [f"event-{number}" for number in range(6)]
    assert [each.number for each in audit.entries("aegean-foods")] == [1, 3, 5]
    assert [each.number for each in audit.entries("aegean-foods", after=1, limit=1)] == [3]
    assert [each.number for each in audit.entries(account="eleni")] == [1, 2, 3]
    assert [each.number for each in audit.entries("aegean-foods", account="eleni", after=1)] == [3]
    assert audit.entries("nobody") == []


def test_a_hundred_entries_come_unless_told_otherwise(audit: AuditTrail) -> None:
    for _ in range(101):
        audit.add(ENTRY)
    assert len(audit.entries()) == 100
    assert [each.number for each in audit.entries(after=100)] == [101]


def test_the_latest_entry_of_an_event_is_found(audit: AuditTrail) -> None:
    assert audit.latest("aegean-foods", "federation_enforced") is None
    audit.add(ENTRY)
    second = audit.add(ENTRY)
    audit.add(replace(ENTRY, event="another"))
    audit.add(replace(ENTRY, organization="helios-shipping"))
    assert audit.latest("aegean-foods", "federation_enforced") == second


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_entries SET actor = 'operator' WHERE number = 3",
        "UPDATE audit_entries SET at = at + 1 WHERE number = 3",
        "UPDATE audit_entries SET organization = NULL WHERE number = 3",
        "UPDATE audit_entries SET account_id = NULL WHERE number = 3",
        "UPDATE audit_entries SET event = 'nothing' WHERE number = 3",
        "UPDATE audit_entries SET detail = '{}' WHERE number = 3",
        "UPDATE audit_entries SET detail = 'null' WHERE number = 3",
        "UPDATE audit_entries SET detail = 'torn' WHERE number = 3",
        "UPDATE audit_entries SET detail = '3' WHERE number = 3",
        "UPDATE audit_entries SET at = 9000000000000000000 WHERE number = 3",
        "UPDATE audit_entries SET digest = previous WHERE number = 3",
        "UPDATE audit_entries SET previous = digest WHERE number = 3",
        "UPDATE audit_entries SET number = 33 WHERE number = 3",
        "DELETE FROM audit_entries WHERE number = 3",
    ],
)
def test_an_entry_that_somebody_changed_or_took_away_is_told(
    audit: AuditTrail, directory_location: Path | str, change: str
) -> None:
    for _ in range(5):
        audit.add(ENTRY)
    with somebody(directory_location) as connection:
        connection.execute(sqlalchemy.text(change))
    assert audit.first_broken() == 3


def test_a_chain_without_its_beginning_is_broken_there(audit: AuditTrail, directory_location: Path | str) -> None:
    for _ in range(3):
        audit.add(ENTRY)
    with somebody(directory_location) as connection:
        connection.execute(sqlalchemy.text("DELETE FROM audit_entries WHERE number < 3"))
    assert audit.first_broken() == 1


def test_a_long_chain_is_verified_to_its_end(audit: AuditTrail, directory_location: Path | str) -> None:
    """Longer than what is read at a time. Written by one hand, since two thousand commits take their time."""
    last = audit.add(ENTRY)
    rows, previous = [], last.digest
    for number in range(2, 2003):
        content = {
            "number": number,
            "event": "e",
            "organization": None,
            "account_id": None,
            "actor": "broker",
            "at": 0,
            "detail": {},
            "previous": previous,
        }
        previous = hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
        rows.append(content | {"detail": "{}", "digest": previous})
    with somebody(directory_location) as connection:
        columns = ", ".join(rows[0])
        places = ", ".join(f":{column}" for column in rows[0])
        statement = sqlalchemy.text(f"INSERT INTO audit_entries ({columns}) VALUES ({places})")  # noqa: S608  # our own names
        connection.exec_driver_sql("BEGIN")
        connection.execute(statement, rows)
        connection.exec_driver_sql("COMMIT")
        assert audit.first_broken() is None
        connection.execute(sqlalchemy.text("UPDATE audit_entries SET actor = 'x' WHERE number = 2002"))
    assert audit.first_broken() == 2002


def test_what_many_add_at_once_is_one_chain(audit: AuditTrail, directory_location: Path | str, race: Race) -> None:
    numbers = [number for some in race(racing.add_entries, 8, directory_location) for number in some]
    assert sorted(numbers) == list(range(1, 81))
    assert audit.first_broken() is None
    assert len(audit.entries("organization-3")) == 10


@pytest.mark.parametrize("text", ["surrogate \ud800"])
def test_a_text_that_no_database_can_hold_is_found_nowhere_and_refused_when_written(
    audit: AuditTrail, text: str
) -> None:
    assert audit.entries(text) == []
    assert audit.latest(text, "e") is None
    with pytest.raises(ValueError):
        audit.add(replace(ENTRY, actor=text))
    assert audit.entries() == []
