"""The watcher's thread goes on after a fault, is woken by an order, and stops."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import cast

import pytest

from broker.clock import ManualClock
from broker.store.directory import DirectoryUnavailable
from broker.store.state import StateStore, StateUnavailable
from broker.watching.background import WatcherThread
from broker.watching.looks import Looks
from broker.watching.watcher import Watcher


class Ticking:
    def __init__(self, fault: Exception | None = None) -> None:
        self.fault = fault
        self.ticked = threading.Semaphore(0)

    def tick(self) -> int:
        self.ticked.release()
        if self.fault is not None:
            fault, self.fault = self.fault, None
            raise fault
        return 0


@pytest.mark.parametrize("fault", [StateUnavailable("busy"), DirectoryUnavailable("gone"), RuntimeError("a bug")])
def test_a_fault_does_not_end_it(state_store: StateStore, clock: ManualClock, fault: Exception) -> None:
    watcher = Ticking(fault)
    thread = WatcherThread(cast(Watcher, watcher), Looks(state_store, clock), timedelta(milliseconds=1))
    thread.start()
    for _ in range(3):
        assert watcher.ticked.acquire(timeout=30)
    thread.stop()


def test_an_order_does_not_wait_for_the_next_tick(state_store: StateStore, clock: ManualClock) -> None:
    watcher, looks = Ticking(), Looks(state_store, clock)
    thread = WatcherThread(cast(Watcher, watcher), looks, timedelta(hours=1))
    thread.start()
    looks.order("aegean-foods")
    assert watcher.ticked.acquire(timeout=30)
    thread.stop()
