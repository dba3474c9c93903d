"""The contract of ``Outbox``: every sentence of the port, over every implementation on its server (threats PR-02)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from broker.store.database import Database
from broker.store.directory import DirectoryUnavailable
from broker.store.opening import prepare_directory, records_in
from broker.store.outbox import Backlog, NewEvent, OutboxEvent
from broker.store.records import Records
from tests.contracts import racing
from tests.contracts.dying import dying
from tests.contracts.racing import Race
from tests.contracts.test_directory_faults import through
from tests.servers import PostgresqlServer
from tests.support.directory import draft, invitation, own_draft, password_record
from tests.support.losing_proxy import losing_proxy
from tests.support.opening import PATIENTLY
from tests.support.outbox import event, make
from tests.support.people import NOW

LEASE = timedelta(minutes=3)
SOON = NOW + timedelta(seconds=5)


def take(records: Records, now: Any = NOW, limit: int = 10) -> list[OutboxEvent]:
    return list(records.outbox.take(now, now + LEASE, limit))


def test_an_event_is_written_with_the_account_that_was_made_and_with_no_other(records: Records) -> None:
    first, second = event("evt_a"), event("evt_b", hook="crm")
    account, created = records.directory.create_account(draft(), [first, second])
    assert created
    assert [each.id for each in records.outbox.events()] == ["evt_a", "evt_b"]
    again, created = records.directory.create_account(draft(id="another"), [event("evt_c")])
    assert (again.id, created) == (account.id, False)
    assert records.outbox.event("evt_c") is None
    there = records.outbox.event("evt_a")
    assert there == OutboxEvent(
        **{name: getattr(first, name) for name in first.__dataclass_fields__},
        state="waiting",
        attempts=0,
        next_attempt_at=NOW,
        leased_until=None,
        last_error=None,
        delivered_at=None,
    )


def test_an_account_that_cannot_be_written_leaves_no_event(records: Records) -> None:
    records.directory.create_account(draft())
    with pytest.raises(ValueError):
        records.directory.create_account(own_draft(draft().id), [event("evt_a")])
    assert records.outbox.events() == []


def test_an_invitation_that_is_accepted_leaves_its_events_and_one_of_a_probe_none(records: Records) -> None:
    for number, inviter in ((1, "anna"), (2, "probe")):
        records.credentials.add_invitation(invitation(number, invited_by=inviter))
    records.probes.make(own_draft("probe"), password_record("probe"))
    for number, name in ((1, "eleni"), (2, "giorgos")):
        events = [event(f"evt_{name}", account_id=name)]
        made = records.credentials.accept_invitation(
            f"invitation-{number}", own_draft(name), password_record(name), events
        )
        assert made is not None
    assert (
        records.credentials.accept_invitation("invitation-1", own_draft("x"), password_record("x"), [event()]) is None
    )
    assert [each.id for each in records.outbox.events()] == ["evt_eleni"]


def test_what_is_due_is_leased_longest_due_first_and_to_one(records: Records) -> None:
    make(records, *(event(f"evt_{n}", created_at=NOW - timedelta(minutes=n)) for n in range(3)))
    make(records, event("evt_later", created_at=SOON))
    first = take(records, limit=2)
    assert [(each.id, each.attempts, each.leased_until) for each in first] == [
        ("evt_2", 1, NOW + LEASE),
        ("evt_1", 1, NOW + LEASE),
    ]
    assert [each.id for each in take(records)] == ["evt_0"]
    assert take(records) == []
    over = take(records, NOW + LEASE)
    assert [(each.id, each.attempts) for each in over] == [
        ("evt_2", 2),
        ("evt_1", 2),
        ("evt_0", 2),
        ("evt_later", 1),
    ], "a lease that ended is no lease, and the attempt under it counted"


def test_what_was_delivered_says_nothing_any_more_and_is_not_sent_again(records: Records) -> None:
    make(records, event("evt_a"))
    [held] = take(records)
    assert held.fields == {"email": "eleni.markou@aegeanfoods.example"}
    assert records.outbox.delivered("evt_a", SOON)
    assert not records.outbox.delivered("evt_a", SOON)
    after = records.outbox.event("evt_a")
    assert after is not None
    assert (after.state, after.fields, after.delivered_at, after.leased_until) == ("delivered", {}, SOON, None)
    assert not records.outbox.failed(held, "late", SOON)
    assert not records.outbox.retry("evt_a", NOW)
    assert take(records, NOW + LEASE) == []


def test_what_failed_waits_and_what_is_given_up_is_dead(records: Records) -> None:
    make(records, event("evt_a"))
    [held] = take(records)
    assert records.outbox.failed(held, "timeout", SOON)
    assert take(records) == []
    [held] = take(records, SOON)
    assert (held.attempts, held.last_error) == (2, "timeout")
    assert records.outbox.failed(held, "status_500", None)
    dead = records.outbox.event("evt_a")
    assert dead is not None
    assert (dead.state, dead.last_error, dead.fields) == ("dead", "status_500", held.fields)
    assert take(records, NOW + timedelta(days=30)) == []
    assert records.outbox.retry("evt_a", SOON)
    [held] = take(records, SOON)
    assert (held.attempts, held.fields) == (1, dead.fields)


def test_who_lost_the_lease_changes_nothing_but_that_it_arrived(records: Records) -> None:
    make(records, event("evt_a"))
    [slow] = take(records)
    [quick] = take(records, NOW + LEASE)
    assert not records.outbox.failed(slow, "timeout", None)
    assert not records.outbox.release(slow)
    assert records.outbox.failed(quick, "timeout", None)
    assert records.outbox.delivered("evt_a", SOON), "what arrived has arrived, whoever sent it"


def test_a_lease_is_given_back_without_an_attempt(records: Records) -> None:
    make(records, event("evt_a"))
    [held] = take(records)
    assert records.outbox.release(held)
    assert not records.outbox.release(held)
    assert [each.attempts for each in take(records)] == [1]


def test_what_waits_for_one_hook_is_postponed_and_for_no_other(records: Records) -> None:
    make(records, event("evt_a"), event("evt_b"), event("evt_c", hook="crm"))
    make(records, event("evt_d", organization="helios-shipping"))
    assert records.outbox.postpone("aegean-foods", "connect", SOON) == 2
    assert records.outbox.postpone("aegean-foods", "connect", NOW) == 0
    assert [each.id for each in take(records)] == ["evt_c", "evt_d"]


def test_events_come_in_pages_by_state_and_organization(records: Records) -> None:
    make(records, *(event(f"evt_{n}", created_at=NOW + timedelta(seconds=n // 2)) for n in range(5)))
    make(records, event("evt_h", organization="helios-shipping"))
    first = records.outbox.events(organization="aegean-foods", limit=3)
    last = first[-1]
    rest = records.outbox.events(organization="aegean-foods", after=(last.created_at, last.id))
    assert [each.id for each in (*first, *rest)] == [f"evt_{n}" for n in range(5)]
    records.outbox.delivered("evt_1", NOW)
    assert [each.id for each in records.outbox.events(state="delivered")] == ["evt_1"]
    assert len(records.outbox.events(state="waiting")) == 5


def test_the_backlog_is_counted_by_hook(records: Records) -> None:
    assert records.outbox.backlog() == []
    make(records, event("evt_a"), event("evt_b", created_at=SOON), event("evt_c", hook="crm"), event("evt_d"))
    [held, *_] = take(records, limit=1)
    records.outbox.failed(held, "gone", None)
    records.outbox.delivered("evt_c", NOW)
    left = min(each.created_at for each in records.outbox.events(state="waiting"))
    assert records.outbox.backlog() == [Backlog("aegean-foods", "connect", 2, 1, left)]


def test_what_was_delivered_long_ago_is_forgotten(records: Records) -> None:
    make(records, event("evt_a"), event("evt_b"), event("evt_c"))
    records.outbox.delivered("evt_a", NOW)
    records.outbox.delivered("evt_b", SOON)
    assert records.outbox.forget(SOON) == 1
    assert [each.id for each in records.outbox.events()] == ["evt_b", "evt_c"]


def test_of_many_who_take_at_once_each_event_is_given_to_one(
    records: Records, directory_location: Path | str, race: Race
) -> None:
    make(records, *(event(f"evt_{n:02}") for n in range(20)))
    taken = race(racing.take_events, 8, directory_location)
    assert sorted(name for each in taken for name in each) == [f"evt_{n:02}" for n in range(20)]


OPERATIONS: dict[str, Callable[[Records], object]] = {
    "create_account": lambda r: r.directory.create_account(draft(id="b"), [event("evt_b")]),
    "take": lambda r: take(r),
    "delivered": lambda r: r.outbox.delivered("evt_a", NOW),
    "postpone": lambda r: r.outbox.postpone("aegean-foods", "connect", SOON),
    "event": lambda r: r.outbox.event("evt_a"),
    "events": lambda r: r.outbox.events(),
    "retry": lambda r: r.outbox.retry("evt_a", NOW),
    "backlog": lambda r: r.outbox.backlog(),
    "forget": lambda r: r.outbox.forget(SOON),
}


@pytest.fixture
def gone(tmp_path: Path) -> Iterator[Records]:
    """Records whose file has no table."""
    with closing(records_in(Database(tmp_path / "empty.sqlite", answer_within=PATIENTLY))) as records:
        yield records


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_database_that_cannot_be_used_is_said_to_be_so(gone: Records, name: str) -> None:
    with pytest.raises(DirectoryUnavailable):
        OPERATIONS[name](gone)


def test_an_answer_that_is_lost_while_events_are_taken_leaves_them_to_whoever_comes_later(
    shared_postgres: PostgresqlServer, postgres_url: str
) -> None:
    prepare_directory(postgres_url)
    with (
        losing_proxy(shared_postgres.port) as proxy,
        closing(records_in(Database(postgres_url, answer_within=PATIENTLY))) as records,
        closing(records_in(Database(through(proxy, postgres_url), answer_within=PATIENTLY))) as far_away,
    ):
        make(records, event("evt_a"))
        far_away.outbox.backlog()
        proxy.lose_answer_to = b"COMMIT"
        with pytest.raises(DirectoryUnavailable):
            take(far_away)
        [there] = records.outbox.events()
        assert (there.state, there.attempts) == ("waiting", 1)
        assert [each.id for each in take(records, NOW + LEASE)] == ["evt_a"]


@pytest.mark.parametrize("statement", ["INSERT INTO outbox", "COMMIT"])
def test_a_process_that_dies_while_it_makes_an_account_leaves_neither_account_nor_event(
    records: Records, directory_location: Path | str, statement: str
) -> None:
    with dying(directory_location, "create_account", statement):
        pass
    assert records.directory.account(draft().id) is None
    assert records.outbox.events() == []
    account, created = records.directory.create_account(draft(), [event("evt_a")])
    assert created
    assert [each.account_id for each in records.outbox.events()] == [account.id]


def test_a_value_that_no_database_holds_is_no_event(records: Records) -> None:
    text = "surrogate \ud800"
    assert records.outbox.event(text) is None
    with pytest.raises(ValueError):
        records.directory.create_account(draft(), [replace(event(), hook=text)])
    assert records.directory.account(draft().id) is None
    assert isinstance(event(), NewEvent)
