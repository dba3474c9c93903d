"""Keeps a document of somebody else's: fetched once for many readers, renewed in time, and kept a while when that
fails.

The numbers are those of Microsoft's key-rollover guidance (entra-id reference, section 1.4): renew every hour, keep
for a day, and let what a stranger sends cause at most one fetch in five minutes (threats UO-08, UO-09, SS-13).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

import structlog

from broker.clock import Clock

T = TypeVar("T")

_log = structlog.get_logger(__name__)

# Consecutive failures without anything to fall back on, after which callers are answered from memory for a moment.
_PATIENCE: Final = 3
_PAUSE: Final = timedelta(seconds=5)


class Unavailable(Exception):
    """The document cannot be had, or was refused; ``reason`` is the word for the log."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a held document is renewed.

    After ``refresh_after`` by the side, while readers get the held one; after ``wait_after`` the reader waits for it,
    so that what was withdrawn at the source stops working even if nobody came by for a while. After ``expires_after``
    it is gone. Renewals are at least ``retry_after`` apart, and so are fetches that a reader demanded.
    """

    refresh_after: timedelta = timedelta(hours=1)
    wait_after: timedelta = timedelta(hours=2)
    expires_after: timedelta = timedelta(hours=24)
    retry_after: timedelta = timedelta(minutes=5)


Background = Callable[[Callable[[], None]], None]


def in_thread(work: Callable[[], None]) -> None:
    """Runs ``work`` in a thread of its own that does not keep the process alive."""
    threading.Thread(target=work, name="refresh", daemon=True).start()


@dataclass(frozen=True, slots=True)
class _Held(Generic[T]):
    value: T
    fetched_at: datetime


class Refreshing(Generic[T]):
    """One document. ``fetch`` gives it or raises ``Unavailable``; it is never run twice at once."""

    def __init__(
        self,
        name: str,
        fetch: Callable[[], T],
        clock: Clock,
        schedule: Schedule | None = None,
        background: Background = in_thread,
    ) -> None:
        self._name = name
        self._fetch = fetch
        self._clock = clock
        self._schedule = schedule or Schedule()
        self._background = background
        self._flight = threading.Lock()
        self._held: _Held[T] | None = None
        self._attempts = 0
        self._attempted_at: datetime | None = None
        self._demanded_at: datetime | None = None
        self._failures = 0
        self._failure = Unavailable("never_fetched")

    def get(self) -> T:
        """The document; raises ``Unavailable`` when there is none that may still be used."""
        now = self._clock.now()
        held = self._usable(now)
        if held is None:
            return self._first(now)
        age = now - held.fetched_at
        # A negative age is a clock that jumped back: nothing may live longer for it (threats SS-11).
        due, overdue = age >= self._schedule.refresh_after, age >= self._schedule.wait_after or age < timedelta(0)
        if (due or overdue) and self._apart(self._attempted_at, now):
            if overdue:
                with self._flight:
                    if self._apart(self._attempted_at, now):
                        self._attempt()
                return self._now_or_failure()
            if self._flight.acquire(blocking=False):
                try:
                    self._background(self._attempt_and_land)
                except RuntimeError:  # No thread could be started; the next reader tries again.
                    self._flight.release()
        return held.value

    @property
    def attempts(self) -> int:
        """Fetches so far, failed ones too."""
        return self._attempts

    def demand(self) -> T:
        """The document, fetched anew because a reader missed something in it; at most once in ``retry_after``.

        Its own limit, beside that of the renewals: a key that appears right after a renewal must not fail for five
        minutes. Readers that arrive during the fetch share its outcome.
        """
        seen = self._attempts
        with self._flight:
            now = self._clock.now()
            if self._attempts == seen and self._apart(self._demanded_at, now):
                self._demanded_at = now
                self._attempt()
        return self._now_or_failure()

    def _first(self, now: datetime) -> T:
        seen = self._attempts
        with self._flight:
            paused = (
                self._failures >= _PATIENCE
                and self._attempted_at is not None
                and timedelta(0) <= now - self._attempted_at < _PAUSE
            )
            if self._attempts == seen and not paused:
                self._attempt()
        return self._now_or_failure()

    def _now_or_failure(self) -> T:
        held = self._usable(self._clock.now())
        if held is None:  # A new exception for each reader: one that many raise would collect all their tracebacks.
            raise Unavailable(self._failure.reason, self._failure.detail)
        return held.value

    def _usable(self, now: datetime) -> _Held[T] | None:
        held = self._held
        return held if held is not None and now - held.fetched_at < self._schedule.expires_after else None

    def _apart(self, earlier: datetime | None, now: datetime) -> bool:
        return earlier is None or not timedelta(0) <= now - earlier < self._schedule.retry_after

    def _attempt_and_land(self) -> None:
        try:
            self._attempt()
        finally:
            self._flight.release()

    def _attempt(self) -> None:
        """Fetches once. The caller has the flight."""
        self._attempted_at = self._clock.now()
        try:
            value = self._fetch()
        except Unavailable as failure:
            self._failed(failure)
        except Exception as error:  # Whatever a broken document does to its reader, the last good one stays in use.
            self._failed(Unavailable("broken", repr(error)[:200]))
        else:
            self._held = _Held(value, self._attempted_at)
            self._failures = 0
        self._attempts += 1

    def _failed(self, failure: Unavailable) -> None:
        self._failure = failure
        self._failures += 1
        _log.error(
            "refresh_failed",
            document=self._name,
            reason=failure.reason,
            detail=failure.detail,
            failures=self._failures,
            last_good=self._held is not None,
        )
