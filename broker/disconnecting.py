"""Carries out scheduled disconnections when they are due, in the background of a worker."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Final, Protocol

import structlog

from broker.store.directory import DirectoryUnavailable
from broker.store.state import StateUnavailable

# A delay of hours need not end on the second; a look when nothing changed costs one small question.
EVERY: Final = timedelta(seconds=30)

_log = structlog.get_logger()


class CarriesOutDue(Protocol):
    """``Federating``, or what asks that of the application that serves now."""

    def carry_out_due(self) -> object: ...


class DisconnectionSweep:
    """One daemon thread; several workers may each have one, of which the first carries out what is due."""

    def __init__(self, federating: CarriesOutDue, every: timedelta = EVERY) -> None:
        self._federating = federating
        self._every = every
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="disconnections", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns when nothing is under way any more."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(self._every.total_seconds()):
            try:
                self._federating.carry_out_due()
            except (DirectoryUnavailable, StateUnavailable) as error:  # The next one comes.
                _log.warning("store_fault", reason="disconnections", detail=str(error))
