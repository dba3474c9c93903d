"""The registry of what is recorded of organisations: one number for its state, and how it is read and changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, select, update

from broker.store.database import Database
from broker.store.directory import DirectoryUnavailable
from broker.store.federation_rows import CHANGED, OF_CHANGED, OF_ONE
from broker.store.federations import Changes, Recorded
from broker.store.tables import recorded, registry

_T = TypeVar("_T")

_GENERATION = select(registry.c.generation)
_HOLD = _GENERATION.with_for_update()
_NEXT_GENERATION = update(registry).values(generation=registry.c.generation + 1).returning(registry.c.generation)


class SqlRegistry:
    """Who changes an organisation holds the one row of ``registry`` from the start, on whichever machine: changes come
    one after another, and a number is visible only when every lower one is.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._note = database.upsert(recorded)

    def generation(self) -> int:
        rows = self._database.read(_GENERATION, {})
        if not rows:
            raise DirectoryUnavailable("the registry has no number")
        return int(rows[0].generation)

    def changes(self, after: int) -> Changes:
        def read(connection: Connection) -> Changes:
            generation = connection.execute(_GENERATION).scalar_one()
            if generation <= after:
                return Changes(generation, ())
            names = connection.execute(CHANGED, {"after": after}).scalars().all()
            return Changes(generation, tuple(OF_CHANGED.read(connection, sorted(names), {"after": after})))

        changes = self._database.snapshot(read)
        if changes is None:
            raise DirectoryUnavailable("the database does not know such a number")
        return changes

    def recorded(self, organization: str) -> Recorded:
        def read(connection: Connection) -> Recorded:
            (found,) = OF_ONE.read(connection, [organization], {"organization": organization})
            return found

        return self._database.snapshot(read) or Recorded(organization, None, (), None, None)

    def _write(self, organization: str, work: Callable[[Connection], tuple[_T, bool]]) -> _T:
        """Changes what is recorded of one organisation: ``work`` gives the answer, and whether it changed anything."""

        def write(connection: Connection) -> _T:
            connection.execute(_HOLD).one()
            answer, changed = work(connection)
            if changed:
                row = {"organization": organization, "changed_in": connection.execute(_NEXT_GENERATION).scalar_one()}
                connection.execute(self._note, row)
            return answer

        return self._database.write(write)
