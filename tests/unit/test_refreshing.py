"""A document of somebody else's is fetched seldom, renewed in time, and kept a while when that fails."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from broker.clock import ManualClock
from broker.refreshing import Refreshing, Unavailable, in_thread
from tests.support.people import NOW

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


class Source:
    """Gives numbered documents; ``failing`` makes it fail."""

    def __init__(self) -> None:
        self.fetches = 0
        self.failing: Exception | None = None

    def __call__(self) -> int:
        self.fetches += 1
        if self.failing is not None:
            raise self.failing
        return self.fetches


class Later:
    """Holds the work that was put aside until it is told to do it."""

    def __init__(self) -> None:
        self.work: list[Callable[[], None]] = []

    def __call__(self, work: Callable[[], None]) -> None:
        self.work.append(work)

    def do(self) -> None:
        while self.work:
            self.work.pop()()


class Case:
    def __init__(self) -> None:
        self.clock = ManualClock(NOW)
        self.source = Source()
        self.later = Later()
        self.document = Refreshing("document", self.source, self.clock, background=self.later)


@pytest.fixture
def case() -> Case:
    return Case()


def test_it_is_fetched_once_for_many_readers(case: Case) -> None:
    assert [case.document.get() for _ in range(100)] == [1] * 100
    assert case.source.fetches == 1


def test_after_an_hour_it_is_renewed_by_the_side_while_readers_get_the_old_one(case: Case) -> None:
    case.document.get()
    case.clock.advance(HOUR)
    assert [case.document.get() for _ in range(3)] == [1, 1, 1]
    assert (case.source.fetches, len(case.later.work)) == (1, 1)
    case.later.do()
    assert (case.document.get(), case.source.fetches) == (2, 2)


def test_before_an_hour_it_is_not_renewed(case: Case) -> None:
    case.document.get()
    case.clock.advance(HOUR - MINUTE)
    assert (case.document.get(), case.later.work) == (1, [])


def test_what_nobody_read_for_long_is_renewed_before_the_next_reader_gets_it(case: Case) -> None:
    case.document.get()
    case.clock.advance(2 * HOUR)
    assert case.document.get() == 2


def test_the_last_good_one_is_kept_for_a_day_and_no_longer(case: Case) -> None:
    case.document.get()
    case.source.failing = Unavailable("jwks", "broken")
    for _ in range(23):
        case.clock.advance(HOUR)
        assert case.document.get() == 1
        case.later.do()
    case.clock.advance(HOUR)
    with pytest.raises(Unavailable):
        case.document.get()
    case.source.failing = None
    case.clock.advance(timedelta(seconds=5))
    assert case.document.get() == case.source.fetches


def test_failing_renewals_are_five_minutes_apart(case: Case) -> None:
    case.document.get()
    case.source.failing = Unavailable("jwks")
    case.clock.advance(3 * HOUR)
    for _ in range(50):
        assert case.document.get() == 1
    assert case.source.fetches == 2
    case.clock.advance(5 * MINUTE)
    case.document.get()
    assert case.source.fetches == 3


def test_whatever_a_broken_document_does_to_its_reader_the_last_good_one_stays(case: Case) -> None:
    case.document.get()
    case.clock.advance(2 * HOUR)
    case.source.failing = RecursionError("deep")
    with capture_logs() as logs:
        assert case.document.get() == 1
    assert [(log["event"], log["reason"], log["last_good"]) for log in logs] == [("refresh_failed", "broken", True)]


def test_a_reader_that_misses_something_gets_it_fetched_at_most_once_in_five_minutes(case: Case) -> None:
    case.document.get()
    assert [case.document.demand() for _ in range(500)] == [2] * 500
    case.clock.advance(5 * MINUTE)
    assert [case.document.demand() for _ in range(500)] == [3] * 500
    assert case.source.fetches == 3


def test_a_failed_demand_leaves_the_readers_what_they_had(case: Case) -> None:
    case.document.get()
    case.source.failing = Unavailable("jwks")
    assert (case.document.demand(), case.document.get()) == (1, 1)


def test_without_anything_the_reason_is_told_and_the_next_reader_tries_again(case: Case) -> None:
    case.source.failing = Unavailable("metadata", "status 500")
    with pytest.raises(Unavailable) as caught:
        case.document.get()
    assert (caught.value.reason, caught.value.detail) == ("metadata", "status 500")
    case.source.failing = None
    assert case.document.get() == 2


def test_after_three_failures_in_a_row_readers_are_answered_from_memory_for_a_moment(case: Case) -> None:
    case.source.failing = Unavailable("metadata")
    for _ in range(20):
        with pytest.raises(Unavailable):
            case.document.get()
    assert case.source.fetches == 3
    case.source.failing = None
    case.clock.advance(timedelta(seconds=5))
    assert case.document.get() == 4


def test_a_clock_that_jumps_back_makes_nothing_live_longer(case: Case) -> None:
    case.document.get()
    case.clock.advance(-10 * HOUR)
    assert case.document.get() == 2
    case.source.failing = Unavailable("jwks")
    case.clock.advance(24 * HOUR)
    with pytest.raises(Unavailable):
        case.document.get()


def test_readers_that_come_together_share_one_fetch_and_its_outcome() -> None:
    clock, started, go = ManualClock(NOW), threading.Event(), threading.Event()
    fetches: list[int] = []

    def slow() -> str:
        fetches.append(1)
        started.set()
        go.wait(20)
        raise Unavailable("metadata", "slow and broken")

    document: Refreshing[str] = Refreshing("document", slow, clock)
    waiting = threading.Semaphore(0)
    outcomes: list[str] = []

    def read() -> None:
        waiting.release()
        try:
            outcomes.append(document.get())
        except Unavailable as error:
            outcomes.append(error.reason)

    threads = [threading.Thread(target=read) for _ in range(8)]
    threads[0].start()
    assert started.wait(20)
    for thread in threads[1:]:
        thread.start()
    for _ in threads:
        waiting.acquire()
    go.set()
    for thread in threads:
        thread.join()
    assert outcomes == ["metadata"] * 8
    # Those that had begun to wait share the first fetch; one that was a moment late may have made a second.
    assert len(fetches) <= 3


def test_renewal_in_a_thread_of_its_own_arrives() -> None:
    clock, source, done = ManualClock(NOW), Source(), threading.Event()

    def beside(work: Callable[[], None]) -> None:
        def run() -> None:
            work()
            done.set()

        in_thread(run)

    document = Refreshing("document", source, clock, background=beside)
    document.get()
    clock.advance(HOUR)
    assert document.get() == 1
    assert done.wait(20)
    assert document.get() == 2
