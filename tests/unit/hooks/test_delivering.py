"""What waits in the outbox is delivered until it is taken or given up, step by step (threats PR-02, PR-03)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from broker.clock import ManualClock
from broker.hooks.background import DeliveryThread
from broker.hooks.delivering import BATCH, DOWN, LEASE, MOST_ATTEMPTS, Deliverer
from broker.provisioning.hooks import Answer, Event, Hook, HookFailed
from broker.store.opening import open_records, prepare_directory
from broker.store.records import Records
from tests.support.entropy import SeededEntropy
from tests.support.hooks import FixedHooks, Here
from tests.support.outbox import event, make
from tests.support.people import NOW


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    prepare_directory(tmp_path / "directory.sqlite")
    with closing(open_records(tmp_path / "directory.sqlite")) as opened:
        yield opened


class Case:
    """One organisation's hook ``connect``, and whoever delivers to it."""

    def __init__(self, records: Records) -> None:
        self.records = records
        self.clock = ManualClock(NOW)
        self.connect = Here()
        fields = frozenset({"email"})
        self.hooks = FixedHooks()
        self.hooks.by_organization["aegean-foods"] = [Hook("connect", "after", self.connect, fields)]
        self.deliverer = Deliverer(records.outbox, self.hooks, self.clock, SeededEntropy())

    def state(self, event_id: str = "evt_one") -> tuple[str, int, str | None]:
        found = self.records.outbox.event(event_id)
        assert found is not None
        return found.state, found.attempts, found.last_error

    def fails(self, failure: HookFailed) -> None:
        def behave(_: Event) -> Answer:
            raise failure

        self.connect.behave = behave


@pytest.fixture
def case(records: Records) -> Case:
    return Case(records)


def test_a_hook_is_told_what_it_may_know_and_then_it_is_forgotten(case: Case) -> None:
    fields = {"email": "eleni@aegeanfoods.example", "department": "no longer wanted"}
    make(case.records, event(fields=fields))
    assert case.deliverer.turn() == 1
    [told] = case.connect.told
    assert (told.id, told.kind, told.fields) == ("evt_one", "account.created", {"email": "eleni@aegeanfoods.example"})
    assert case.state() == ("delivered", 1, None)
    assert case.deliverer.turn() == 0
    case.clock.advance(timedelta(days=31))
    assert case.deliverer.forget() == 1


def test_pr_02_a_failure_is_tried_again_later_and_later_and_then_it_is_parked(case: Case) -> None:
    make(case.records, event())
    case.fails(HookFailed("status_422"))
    pauses = []
    for attempt in range(1, MOST_ATTEMPTS + 1):
        assert case.deliverer.turn() == 1
        state, attempts, error = case.state()
        assert (attempts, error) == (attempt, "status_422")
        if state == "dead":
            break
        there = case.records.outbox.event("evt_one")
        assert there is not None
        pauses.append(there.next_attempt_at - case.clock.now())
        assert case.deliverer.turn() == 0
        case.clock.set(there.next_attempt_at)
    assert case.state() == ("dead", MOST_ATTEMPTS, "status_422")
    assert timedelta(seconds=3) < pauses[0] < timedelta(seconds=7)
    assert timedelta(seconds=15) <= pauses[1] <= timedelta(seconds=25)
    assert all(timedelta(hours=4) < pause < timedelta(hours=8) for pause in pauses[8:])
    assert len(set(pauses)) == len(pauses), "drawn, so that not everything comes back at once"
    assert timedelta(days=2) < case.clock.now() - NOW < timedelta(days=7)
    assert {each.id for each in case.connect.told} == {"evt_one"}


def test_what_is_old_is_parked_after_some_attempts_and_has_as_many_when_it_is_tried_by_hand(case: Case) -> None:
    make(case.records, event())
    case.fails(HookFailed("status_500", is_down=True))
    case.clock.advance(timedelta(days=8))
    for _ in range(2):
        for _ in range(3):
            assert case.deliverer.turn() == 1
            case.clock.advance(timedelta(hours=1))
        assert case.state() == ("dead", 3, "status_500")
        assert case.records.outbox.retry("evt_one", case.clock.now())


def test_one_that_is_gone_for_good_is_not_asked_again(case: Case) -> None:
    make(case.records, event())
    case.fails(HookFailed("status_410", is_final=True))
    case.deliverer.turn()
    assert case.state() == ("dead", 1, "status_410")


def test_it_is_left_alone_as_long_as_it_wants(case: Case) -> None:
    make(case.records, event())
    case.fails(HookFailed("status_503", is_down=True, retry_after=timedelta(hours=2)))
    case.deliverer.turn()
    case.clock.advance(timedelta(hours=2) - timedelta(seconds=1))
    assert case.deliverer.turn() == 0
    case.clock.advance(timedelta(seconds=1))
    assert case.deliverer.turn() == 1


def test_pr_03_one_that_is_down_costs_one_attempt_and_nobody_else_waits_for_it(case: Case) -> None:
    crm = Here()
    case.hooks.by_organization["aegean-foods"].append(Hook("crm", "after", crm))
    make(case.records, *(event(f"evt_{n:02}") for n in range(BATCH + 5)), event("evt_zz", hook="crm"))
    case.fails(HookFailed("timeout", is_down=True))
    while case.deliverer.turn():
        pass
    assert len(case.connect.told) == 1
    assert [each.id for each in crm.told] == ["evt_zz"]
    case.connect.behave = lambda _: Answer()
    case.clock.advance(DOWN * 2)
    while case.deliverer.turn():
        pass
    assert case.records.outbox.backlog() == []
    assert [case.state(f"evt_{n:02}")[:2] for n in range(2)] == [("delivered", 2), ("delivered", 1)]


def test_one_that_no_file_names_any_more_is_waited_for(case: Case) -> None:
    make(case.records, event())
    before, case.hooks.by_organization["aegean-foods"] = case.hooks.by_organization["aegean-foods"], []
    case.deliverer.turn()
    assert case.state() == ("waiting", 1, "not_configured")
    case.hooks.by_organization["aegean-foods"] = before
    case.clock.advance(timedelta(minutes=1))
    case.deliverer.turn()
    assert case.state()[0] == "delivered"


def test_code_that_breaks_is_a_failure_of_its_event_alone(case: Case) -> None:
    make(case.records, event("evt_a"), event("evt_b"))
    case.connect.behave = lambda told: 1 // (told.id != "evt_a")
    case.deliverer.turn()
    assert (case.state("evt_a")[2], case.state("evt_b")[0]) == ("error", "delivered")


def test_what_was_not_begun_when_the_worker_stops_is_given_back(case: Case) -> None:
    make(case.records, *(event(f"evt_{n}") for n in range(3)))
    assert case.deliverer.turn(lambda: not case.connect.told) == 3
    assert len(case.connect.told) == 1
    assert case.deliverer.turn() == 2
    assert [each.attempts for each in case.records.outbox.events()] == [1, 1, 1]


def test_what_takes_longer_than_the_lease_is_left_to_others(case: Case) -> None:
    make(case.records, event("evt_a"), event("evt_b"))
    case.connect.behave = lambda _: case.clock.advance(LEASE)
    case.deliverer.turn()
    assert [each.id for each in case.connect.told] == ["evt_a"]
    assert [each.id for each in case.records.outbox.take(case.clock.now(), case.clock.now(), 10)] == ["evt_b"]


def test_a_thread_delivers_when_it_is_woken_and_ends_when_it_is_told_to(case: Case) -> None:
    arrived, woken = threading.Event(), threading.Event()
    case.connect.behave = lambda _: arrived.set()
    thread = DeliveryThread(case.deliverer, woken, timedelta(hours=1))
    make(case.records, event())
    thread.start()
    woken.set()
    assert arrived.wait(60)
    thread.stop()
    assert case.state()[0] == "delivered"
