"""The one source of time. Everything that compares, records or expires asks a ``Clock`` that was handed to it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Gives the present moment as an aware UTC datetime."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class ManualClock:
    """A clock that stands still until it is told to move; for tests and for simulations."""

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError("a clock starts at an aware datetime")
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        return self._now

    def advance(self, by: timedelta) -> None:
        """Moves on by ``by``; a negative value is a clock that jumps back."""
        self._now += by

    def set(self, moment: datetime) -> None:
        """Moves to ``moment`` (aware)."""
        self._now = moment.astimezone(UTC)


def epoch_seconds(moment: datetime) -> int:
    """Whole seconds since 1970 UTC: a NumericDate of RFC 7519 section 2."""
    return int(moment.timestamp())


def from_epoch_seconds(seconds: int) -> datetime:
    """The aware UTC moment of a NumericDate; raises ``OverflowError`` or ``ValueError`` beyond the calendar."""
    return datetime.fromtimestamp(seconds, UTC)
