"""What has happened to the people of the simulated tenants, in its order: delta queries and notifications read it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from broker.demo.entra.model import User

# More than any delta token of a test goes back; older ones are told to start again.
_LIMIT: Final = 50_000


@dataclass(frozen=True, slots=True)
class UserChange:
    """One user object before and after; None: it is not there at all."""

    number: int
    before: User | None
    after: User | None

    @property
    def key(self) -> tuple[str, str]:
        """Tenant and object id."""
        known = self.after or self.before
        if known is None:
            raise ValueError("a change is a change of somebody")
        return known.key


class ChangeLog:
    """The last changes, oldest first. Whoever holds it holds the simulator's lock."""

    def __init__(self) -> None:
        self._changes: deque[UserChange] = deque(maxlen=_LIMIT)
        self._count = 0

    @property
    def position(self) -> int:
        """After everything that has happened."""
        return self._count

    def note(self, before: User | None, after: User | None) -> UserChange:
        self._count += 1
        change = UserChange(self._count, before, after)
        self._changes.append(change)
        return change

    def since(self, position: int) -> list[UserChange] | None:
        """What has happened after ``position``; None when that is not remembered any more."""
        if position < self._count - len(self._changes):
            return None
        return [change for change in self._changes if change.number > position]

    def clear(self) -> None:
        """Forgets them; positions go on, so that an old one is never taken for a new one."""
        self._changes.clear()
