"""Runs the watcher in the background of a worker."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Final

import structlog

from broker.store.directory import DirectoryUnavailable
from broker.store.state import StateUnavailable
from broker.watching.looks import Looks
from broker.watching.watcher import Watcher

# How often a worker asks whether some directory's turn has come; a notification that arrives at another worker waits
# no longer than this.
TICK: Final = timedelta(seconds=2)

_log = structlog.get_logger(__name__)


class WatcherThread:
    """One daemon thread; every worker has one. An order of this worker wakes it at once."""

    def __init__(self, watcher: Watcher, looks: Looks, every: timedelta = TICK) -> None:
        self._watcher = watcher
        self._every = every
        self._woken = threading.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        looks.wake_with(self._woken.set)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns when no look is under way any more."""
        self._stopped = True
        self._woken.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            self._woken.wait(self._every.total_seconds())
            self._woken.clear()
            if self._stopped:
                return
            try:
                self._watcher.tick()
            except (DirectoryUnavailable, StateUnavailable) as error:  # The next one comes.
                _log.warning("store_fault", reason="watch", detail=str(error))
            except Exception:  # Nobody would notice that this worker does not watch any more.
                _log.error("watch_failed", reason="error", exc_info=True)
