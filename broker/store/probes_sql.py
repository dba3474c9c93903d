"""Probes as rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, delete, insert, select

from broker.identity import Account
from broker.store.columns import ticks
from broker.store.credentials import PasswordRecord
from broker.store.credentials_sql import create_password_account
from broker.store.database import Database
from broker.store.directory import NewAccount
from broker.store.tables import (
    accounts,
    app_passwords,
    glass_people,
    identities,
    invitations,
    passkeys,
    passwords,
    photos,
    probes,
    upstream_grants,
)

_PROBE: Final = bindparam("probe", type_=accounts.c.id.type)
_ITSELF: Final = select(probes.c.account_id).where(probes.c.account_id == _PROBE)
_WITH_GUESTS: Final = select(probes.c.account_id).where((probes.c.account_id == _PROBE) | (probes.c.made_by == _PROBE))
_OLD: Final = select(probes.c.account_id).where(probes.c.made_at < bindparam("before"))

# Everything that may hang on an account, in an order in which nothing is left hanging.
_BELONGINGS: Final = (photos, app_passwords, passkeys, glass_people, upstream_grants, passwords, identities)


class SqlProbes:
    """``Probes`` in the directory's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def make(self, draft: NewAccount, record: PasswordRecord) -> Account:
        def make(connection: Connection) -> Account:
            account = create_password_account(self._database, connection, draft, record)
            connection.execute(insert(probes), {"account_id": draft.id, "made_at": ticks(draft.created_at)})
            return account

        return self._database.write(make)

    def left_behind(self, before: datetime) -> Sequence[str]:
        return [row.account_id for row in self._database.read(_OLD, {"before": ticks(before)})]

    def remove(self, account_id: str) -> bool:
        def remove(connection: Connection) -> bool:
            parameters = {"probe": account_id}
            if connection.execute(_ITSELF, parameters).first() is None:
                return False
            every = [row.account_id for row in connection.execute(_WITH_GUESTS, parameters)]
            connection.execute(delete(invitations).where(invitations.c.invited_by.in_(every)))
            for table in _BELONGINGS:
                connection.execute(delete(table).where(table.c.account_id.in_(every)))
            connection.execute(delete(probes).where(probes.c.account_id.in_(every)))
            connection.execute(delete(accounts).where(accounts.c.id.in_(every)))
            return True

        return self._database.write(remove)
