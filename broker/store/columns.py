"""How values stand in the columns of ``tables``: moments as microseconds, small values as JSON."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from pydantic import TypeAdapter

_T = TypeVar("_T")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


def ticks(moment: datetime) -> int:
    """Microseconds since 1970."""
    return (moment - _EPOCH) // _TICK


def moment(of_ticks: int) -> datetime:
    """The moment, in UTC."""
    return _EPOCH + of_ticks * _TICK


def ticks_or_none(moment: datetime | None) -> int | None:
    return None if moment is None else ticks(moment)


def moment_or_none(of_ticks: int | None) -> datetime | None:
    return None if of_ticks is None else moment(of_ticks)


class JsonColumn(Generic[_T]):
    """A frozen dataclass, or nothing, as JSON text."""

    def __init__(self, kind: type[_T]) -> None:
        self._adapter = TypeAdapter(kind)

    def text(self, value: _T | None) -> str | None:
        return None if value is None else self._adapter.dump_json(value).decode()

    def value(self, stored: str | None) -> _T | None:
        """Raises ``ValueError`` if it is not one of ours."""
        return None if stored is None else self._adapter.validate_json(stored)
