"""Looks again at the DNS proofs of domains, in the background of a worker."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Final, Protocol

import structlog

from broker.store.directory import DirectoryUnavailable
from broker.store.state import StateUnavailable

# How often a worker asks whether it is time; the state store says which of them does it.
_LOOK_EVERY: Final = timedelta(minutes=10)

_log = structlog.get_logger()


class ProvesAgain(Protocol):
    """``Domains``, or what asks those of the application that serves now, by its own measure."""

    def prove_again(self, every: timedelta) -> int: ...


class DomainSweeper:
    """One daemon thread; several workers may each have one. ``every``: the age at which a proof is looked at again."""

    def __init__(self, domains: ProvesAgain, every: timedelta, look_every: timedelta = _LOOK_EVERY) -> None:
        self._domains = domains
        self._every = every
        self._look_every = look_every
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="domains", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns when no look is under way any more."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(self._look_every.total_seconds()):
            try:
                self._domains.prove_again(self._every)
            except (StateUnavailable, DirectoryUnavailable) as error:  # The next one comes.
                _log.warning("store_fault", reason="domains", detail=str(error))
