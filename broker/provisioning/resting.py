"""Leaves alone, for a moment, what does not answer (threats PR-03)."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from broker.clock import Clock

# As for Entra itself: five in a row is no accident, and ten seconds is as long as a person waits before trying again.
FAILURES: Final = 5
REST: Final = timedelta(seconds=10)


@dataclass(slots=True)
class _Count:
    failures: int = 0
    until: datetime | None = None


class Resting:
    """Counts consecutive failures by name. Safe for threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: dict[str, _Count] = {}

    def may_ask(self, name: str) -> bool:
        """False while it rests. After the rest one caller goes first, and the others wait for what it finds."""
        with self._lock:
            count = self._counts.get(name)
            if count is None or count.until is None:
                return True
            left = count.until - self._clock.now()
            # More than a whole rest left is a clock that jumped back; nobody is kept out for that.
            if timedelta(0) < left <= REST:
                return False
            count.until = self._clock.now() + REST
            return True

    def answered(self, name: str) -> None:
        """It answered as it should, whether or not it said yes."""
        with self._lock:
            self._counts.pop(name, None)

    def failed(self, name: str) -> None:
        """It did not."""
        with self._lock:
            count = self._counts.setdefault(name, _Count())
            count.failures += 1
            if count.failures >= FAILURES:
                count.until = self._clock.now() + REST
