"""Removes what has expired from a state store that does not do that by itself, in the background of a worker."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Final

import structlog

from broker.store.state import StateStore, StateUnavailable

# A sweep costs a few milliseconds and frees disk, nothing else: an expired record is gone for every reader at once.
EVERY: Final = timedelta(minutes=5)

_log = structlog.get_logger()


class Sweeper:
    """One daemon thread; several workers may each have one."""

    def __init__(self, store: StateStore, every: timedelta = EVERY) -> None:
        self._store = store
        self._every = every
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sweep", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns when no sweep is under way any more."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(self._every.total_seconds()):
            try:
                self._store.sweep()
            except StateUnavailable as error:  # The next one comes; requests tell their own story meanwhile.
                _log.warning("store_fault", reason="sweep", detail=str(error))
