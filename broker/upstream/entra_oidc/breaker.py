"""Stops asking an upstream that does not answer, for a moment (threats UO-24)."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from broker.clock import Clock
from broker.errors import Busy

# Five in a row is no accident any more; ten seconds is as long as a person waits before trying again.
_FAILURES: Final = 5
_PAUSE: Final = timedelta(seconds=10)


@dataclass(slots=True)
class _State:
    failures: int = 0
    open_until: datetime | None = None


class CircuitBreaker:
    """Counts consecutive failures of each connection. Only what the upstream does counts, never what a person sends."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._states: dict[str, _State] = {}

    def check(self, connection: str) -> None:
        """Raises ``Busy`` while the connection rests."""
        with self._lock:
            state = self._states.get(connection)
            if state is not None and state.open_until is not None:
                self._refuse_while_open(connection, state.open_until)

    def enter(self, connection: str) -> None:
        """The same before a call; after the rest, one caller goes first and the others wait for what it finds."""
        with self._lock:
            state = self._states.get(connection)
            if state is not None and state.open_until is not None:
                self._refuse_while_open(connection, state.open_until)
                state.open_until = self._clock.now() + _PAUSE

    def succeeded(self, connection: str) -> None:
        """The upstream answered as it should, whether or not it said yes."""
        with self._lock:
            self._states.pop(connection, None)

    def failed(self, connection: str) -> None:
        """The upstream did not answer as it should."""
        with self._lock:
            state = self._states.setdefault(connection, _State())
            state.failures += 1
            if state.failures >= _FAILURES:
                state.open_until = self._clock.now() + _PAUSE

    def _refuse_while_open(self, connection: str, open_until: datetime) -> None:
        left = open_until - self._clock.now()
        # More than a whole rest left is a clock that jumped back; nobody is kept out for that.
        if timedelta(0) < left <= _PAUSE:
            raise Busy(
                "upstream_down",
                f"{connection} rests after {_FAILURES} failures",
                explanation="upstream_down",
                retry_after_seconds=max(1, int(left.total_seconds())),
            )
