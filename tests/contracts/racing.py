"""Many callers at one moment: from several threads, and from several processes of several threads each."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, nullcontext
from datetime import timedelta
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any, Protocol, TypeVar, get_type_hints

from broker.clock import ManualClock
from broker.store.directory_sql import SqlDirectory
from broker.store.opening import prepare_directory
from broker.store.state import AlreadyTaken, StateStore, Taken
from tests.support.directory import draft, stored_key
from tests.support.opening import PATIENTLY, state_store
from tests.support.people import NOW

_T = TypeVar("_T")
Location = Path | str
TTL = timedelta(minutes=10)
_PROCESSES = 4
_PATIENCE_SECONDS = 120


class Race(Protocol):
    """Runs ``attempt`` for every number below ``count`` at one moment, and gives what came out, in no order.

    ``attempt`` is a function of this module, since its name crosses to other processes. It is called with what the type
    of its first argument says, opened at ``location`` once in a process, and with the number.
    """

    def __call__(self, attempt: Callable[[Any, int], _T], count: int, location: Location) -> list[_T]: ...


def race_in_threads(attempt: Callable[[Any, int], _T], count: int, location: Location) -> list[_T]:
    """``Race`` of the threads of this process."""
    return _run_share(attempt, range(count), location, threading.Barrier(count))


class Racers:
    """Processes that wait for a race; starting them is slow, so they run many."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._start_line = context.Barrier(_PROCESSES)
        self._processes = ProcessPoolExecutor(_PROCESSES, context, _Lane.enter, (self._start_line,))

    def race(self, attempt: Callable[[Any, int], _T], count: int, location: Location) -> list[_T]:
        """``Race`` of several threads in each process."""
        self._start_line.reset()
        # Each process gets one share, because none is done with its own before all have come to the start line.
        shares = [range(first, count, _PROCESSES) for first in range(_PROCESSES)]
        running = [self._processes.submit(_Lane.run, attempt, share, location) for share in shares]
        return [result for share in running for result in share.result(_PATIENCE_SECONDS)]

    def close(self) -> None:
        self._processes.shutdown()


class _Lane:
    """What one of these processes knows."""

    start_line: Barrier

    @classmethod
    def enter(cls, start_line: Barrier) -> None:
        cls.start_line = start_line

    @classmethod
    def run(cls, attempt: Callable[[Any, int], _T], share: range, location: Location) -> list[_T]:
        try:
            return _run_share(attempt, share, location, threading.Barrier(len(share), cls._wait_for_the_others))
        except BaseException:
            cls.start_line.abort()
            raise

    @classmethod
    def _wait_for_the_others(cls) -> None:
        cls.start_line.wait(_PATIENCE_SECONDS)


def _run_share(
    attempt: Callable[[Any, int], _T], share: range, location: Location, start_line: threading.Barrier
) -> list[_T]:
    def at_the_same_moment(number: int) -> _T:
        start_line.wait(_PATIENCE_SECONDS)
        return attempt(opened, number)

    with _opened(attempt, location) as opened, ThreadPoolExecutor(len(share)) as threads:
        return list(threads.map(at_the_same_moment, share))


def _opened(attempt: Callable[[Any, int], Any], location: Location) -> AbstractContextManager[Any]:
    first_argument = next(iter(get_type_hints(attempt).values()))
    if first_argument is StateStore:
        return closing(state_store(location, ManualClock(NOW)))
    if first_argument is SqlDirectory:
        return closing(SqlDirectory(location, answer_within=PATIENTLY))
    return nullcontext(location)


def take(store: StateStore, _number: int) -> Taken | AlreadyTaken | None:
    return store.take("code", "one")


def take_with_mark(store: StateStore, number: int) -> Taken | AlreadyTaken | None:
    return store.take("code", "one", mark=b"caller %d" % number, mark_ttl=TTL)


def add_if_absent(store: StateStore, number: int) -> int | None:
    return number if store.add_if_absent("jti", "one", b"caller %d" % number, TTL) else None


def increment_ten_times(store: StateStore, _number: int) -> list[int]:
    return [store.increment("attempts", "one", TTL) for _ in range(10)]


def append_by_comparing(store: StateStore, number: int) -> int:
    """Adds one byte to a record by compare and set; the number of attempts it took."""
    for attempts in range(1, 100_000):
        before = store.get("list", "one") or b""
        if store.compare_and_set("list", "one", before, before + bytes([number]), TTL):
            return attempts
    raise RuntimeError("never won")


def put_and_delete_index(store: StateStore, number: int) -> int:
    """Every fifth caller deletes an index again and again, the others enter records in it; the number deleted."""
    if number % 5 == 0:
        return sum(store.delete_index("session", "account:1") for _ in range(20))
    for record in range(20):
        store.put("session", f"{number}-{record}", b"s", TTL, indexes=["account:1", f"connection:{number}"])
    return 0


def open_new_state(location: Location, number: int) -> bytes | None:
    with closing(state_store(location, ManualClock(NOW))) as store:
        store.put("opened", str(number), b"here", TTL)
        return store.get("opened", str(number))


def create_account(directory: SqlDirectory, number: int) -> tuple[str, bool]:
    account, created = directory.create_account(draft(id=f"account-{number}", photo=("image/png", b"%d" % number)))
    return account.id, created


def add_first_signing_keys(directory: SqlDirectory, number: int) -> bool:
    return directory.add_first_signing_keys([stored_key(f"{number}-RS256"), stored_key(f"{number}-ES256")])


def migrate(location: Location, _number: int) -> None:
    prepare_directory(location)
