"""The break-glass in SQL: the part of ``Federations`` that is about its people and its window."""

from __future__ import annotations

import json

from sqlalchemy import Connection, bindparam, delete, select

from broker.store.accounts_sql import raise_epoch
from broker.store.columns import ticks
from broker.store.federations import BreakGlassWindow
from broker.store.registry_sql import SqlRegistry
from broker.store.tables import accounts, glass_people, glass_windows

_MEMBER = select(accounts.c.id).where(
    accounts.c.id == bindparam("account_id"), accounts.c.organization == bindparam("organization")
)
_UNNAME = delete(glass_people).where(
    glass_people.c.organization == bindparam("organization"), glass_people.c.account_id == bindparam("account_id")
)
_CLOSE_WINDOW = delete(glass_windows).where(glass_windows.c.organization == bindparam("organization"))


class SqlGlass(SqlRegistry):
    """Who may come in through it, and when."""

    def name_glass_person(self, organization: str, account_id: str) -> bool:
        key = {"organization": organization, "account_id": account_id}

        def name(connection: Connection) -> tuple[bool, bool]:
            if connection.execute(_MEMBER, key).first() is None:
                raise ValueError("no such account in the organisation")
            add = self._database.insert(glass_people).on_conflict_do_nothing().returning(glass_people.c.account_id)
            added = connection.execute(add, key).first() is not None
            return added, added

        return self._write(organization, name)

    def unname_glass_person(self, organization: str, account_id: str) -> bool:
        def unname(connection: Connection) -> tuple[bool, bool]:
            key = {"organization": organization, "account_id": account_id}
            named = connection.execute(_UNNAME, key).rowcount > 0
            if named:
                raise_epoch(connection, account_id)
            return named, named

        return self._write(organization, unname)

    def open_window(self, window: BreakGlassWindow) -> None:
        row = {
            "organization": window.organization,
            "opened_at": ticks(window.opened_at),
            "closes_at": ticks(window.closes_at),
            "opened_by": window.opened_by,
            "why": window.why,
            "people": json.dumps(window.people),
        }

        def keep(connection: Connection) -> tuple[None, bool]:
            connection.execute(self._database.upsert(glass_windows), row)
            return None, True

        self._write(window.organization, keep)

    def close_window(self, organization: str) -> bool:
        def close(connection: Connection) -> tuple[bool, bool]:
            closed = connection.execute(_CLOSE_WINDOW, {"organization": organization}).rowcount > 0
            return closed, closed

        return self._write(organization, close)
