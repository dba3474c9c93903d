"""Expired records do not stay in an SQLite file for ever."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

from broker.clock import ManualClock
from broker.store.state import StateUnavailable
from broker.store.state_sqlite import SqliteState
from broker.sweeping import Sweeper


class Watched(SqliteState):
    """Tells when it was swept; the first time it does not answer."""

    def __init__(self, path: Path, clock: ManualClock) -> None:
        super().__init__(path, clock)
        self.removed: list[int] = []
        self.swept = threading.Semaphore(0)
        self.failures = 1

    def sweep(self) -> int:
        if self.failures:
            self.failures -= 1
            raise StateUnavailable("busy")
        self.removed.append(super().sweep())
        self.swept.release()
        return self.removed[-1]


def test_what_has_expired_is_removed_and_a_fault_does_not_end_it(tmp_path: Path, clock: ManualClock) -> None:
    store = Watched(tmp_path / "state.sqlite", clock)
    store.put("session", "old", b"x", timedelta(minutes=1))
    store.put("session", "young", b"x", timedelta(hours=1))
    clock.advance(timedelta(minutes=2))
    sweeper = Sweeper(store, timedelta(milliseconds=1))
    sweeper.start()
    assert store.swept.acquire(timeout=30)
    sweeper.stop()
    assert store.removed[0] == 1
    assert store.get("session", "young") == b"x"
    store.close()
