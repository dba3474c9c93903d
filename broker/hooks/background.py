"""Runs the delivery in the background of a worker."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Final

import structlog

from broker.hooks.delivering import Deliverer
from broker.store.directory import DirectoryUnavailable

# How often a worker looks for what is due; an account that it made itself wakes it at once.
EVERY: Final = timedelta(seconds=5)
_TURNS_BETWEEN_FORGETTING: Final = 720

_log = structlog.get_logger(__name__)


class DeliveryThread:
    """One daemon thread; every worker has one. ``wake`` may be called before it is started."""

    def __init__(self, deliverer: Deliverer, woken: threading.Event, every: timedelta = EVERY) -> None:
        """``woken``: set by whoever has written something."""
        self._deliverer = deliverer
        self._woken = woken
        self._every = every
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns when nothing is being sent any more; what was held and not begun is given back."""
        self._stopped = True
        self._woken.set()
        self._thread.join()

    def _run(self) -> None:
        turns = 0
        while True:
            self._woken.wait(self._every.total_seconds())
            self._woken.clear()
            if self._stopped:
                return
            try:
                while not self._stopped and self._deliverer.turn(lambda: not self._stopped):
                    pass
                if turns % _TURNS_BETWEEN_FORGETTING == 0:
                    self._deliverer.forget()
            except DirectoryUnavailable as error:  # The next turn comes.
                _log.warning("store_fault", reason="outbox", detail=str(error))
            except Exception:  # Nobody would notice that this worker delivers nothing any more.
                _log.error("delivery_failed", reason="error", exc_info=True)
            turns += 1
