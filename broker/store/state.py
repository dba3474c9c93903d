"""The port for everything with an expiry: transactions, codes, sessions, tokens, replay marks, counters.

Keys are digests (``entropy.digest``) or other short ASCII words, never a secret in the clear. Values are bytes. Every
record expires: from the instant ``clock.now() >= written + ttl`` it is gone for every reader, whether or not it has
been swept. Every operation is atomic over all threads and processes that share the store. Any failure to reach the
store raises ``StateUnavailable``: absence is only ever reported when the store has said so (threats SS-07).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol


class StateUnavailable(Exception):
    """The store did not answer, or not in time; nothing may be concluded."""


@dataclass(frozen=True, slots=True)
class Taken:
    """This caller, and nobody else, has the record now."""

    value: bytes


@dataclass(frozen=True, slots=True)
class AlreadyTaken:
    """Somebody took it before; ``mark`` is what that somebody left behind."""

    mark: bytes


class StateStore(Protocol):
    """Small, and honest about time and atomicity."""

    def put(
        self, kind: str, key: str, value: bytes, ttl: timedelta, *, indexes: Sequence[str] = ()
    ) -> None:
        """Writes or overwrites a record, and enters its key in each named index of the same kind."""
        ...

    def get(self, kind: str, key: str) -> bytes | None: ...

    def take(
        self, kind: str, key: str, *, mark: bytes | None = None, mark_ttl: timedelta | None = None
    ) -> Taken | AlreadyTaken | None:
        """Gets and deletes in one step: of any number of callers exactly one gets ``Taken``.

        With ``mark`` (and its ``mark_ttl``), later callers get ``AlreadyTaken(mark)`` until the mark expires;
        without, None.
        """
        ...

    def delete(self, kind: str, key: str) -> bool:
        """Deletes a record; True if there was one."""
        ...

    def add_if_absent(self, kind: str, key: str, value: bytes, ttl: timedelta) -> bool:
        """Writes only if there is no such record; True for the one caller whose write it was."""
        ...

    def compare_and_set(
        self, kind: str, key: str, expected: bytes, value: bytes, ttl: timedelta
    ) -> bool:
        """Replaces a record only if it still holds ``expected``; indexes stay as they are."""
        ...

    def members(self, kind: str, index: str) -> frozenset[str]:
        """The keys entered in an index; may still name records that have expired or been deleted since."""
        ...

    def delete_index(self, kind: str, index: str) -> int:
        """Deletes every record that an index names, and the index; the number of records that were there."""
        ...

    def increment(self, kind: str, key: str, ttl: timedelta) -> int:
        """Adds one to a counter that starts at 0 and expires ``ttl`` after its first increment; the new count."""
        ...

    def ping(self) -> None:
        """Returns if the store answers; raises ``StateUnavailable`` otherwise."""
        ...

    def sweep(self) -> int:
        """Removes what has expired, where the store does not do that by itself; the number of records removed."""
        ...

    def close(self) -> None: ...
