"""A store with a limit, so that a simulator left running, or under load, does not grow without end."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Bounded(Generic[Value]):
    """Remembers at most ``limit`` values; the oldest one goes first."""

    def __init__(self, limit: int, lock: threading.RLock) -> None:
        self._limit = limit
        self._lock = lock
        self._values: OrderedDict[str, Value] = OrderedDict()

    def put(self, key: str, value: Value) -> None:
        with self._lock:
            self._values[key] = value
            if len(self._values) > self._limit:
                self._values.popitem(last=False)

    def get(self, key: str) -> Value | None:
        with self._lock:
            return self._values.get(key)

    def take(self, key: str) -> Value | None:
        """The value, which is forgotten."""
        with self._lock:
            return self._values.pop(key, None)

    def items(self) -> Iterator[tuple[str, Value]]:
        with self._lock:
            return iter(list(self._values.items()))

    def clear(self) -> None:
        with self._lock:
            self._values.clear()
