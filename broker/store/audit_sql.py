"""The audit trail in SQL: a chain of digests that one writer at a time makes longer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, bindparam, insert, select

from broker.store.audit import ChainedEntry, Entry
from broker.store.columns import moment, ticks
from broker.store.database import Database
from broker.store.tables import audit_entries

# What the first entry stands on.
_GROUND: Final = hashlib.sha256(b"").hexdigest()
# Entries read at a time when the whole chain is verified.
_STRETCH: Final = 1000

_LAST = select(audit_entries.c.number, audit_entries.c.digest).order_by(audit_entries.c.number.desc()).limit(1)
_ENTRIES = (
    select(audit_entries)
    .where(audit_entries.c.number > bindparam("after"))
    .order_by(audit_entries.c.number)
    .limit(bindparam("limit"))
)
_LATEST = (
    select(audit_entries)
    .where(audit_entries.c.organization == bindparam("organization"), audit_entries.c.event == bindparam("event"))
    .order_by(audit_entries.c.number.desc())
    .limit(1)
)


class SqlAuditTrail:
    """``AuditTrail`` in a database.

    ``digest`` is SHA-256, in hex, of a JSON object with everything that the entry holds, its number and the digest
    before it: keys sorted, no spaces, ASCII only. The first one stands on the digest of nothing.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, entry: Entry) -> ChainedEntry:
        def chain(connection: Connection) -> ChainedEntry:
            self._database.lock(connection, "audit_entries")
            last = connection.execute(_LAST).first()
            number, previous = (last.number + 1, last.digest) if last is not None else (1, _GROUND)
            content = _content(number, entry, previous)
            digest = _digest(content)
            row = content | {"detail": json.dumps(content["detail"]), "digest": digest}
            connection.execute(insert(audit_entries), row)
            return ChainedEntry(number, entry, previous, digest)

        return self._database.write(chain)

    def entries(
        self, organization: str | None = None, *, after: int = 0, limit: int = 100, account: str | None = None
    ) -> Sequence[ChainedEntry]:
        statement: Select[Any] = _ENTRIES
        parameters: dict[str, Any] = {"after": after, "limit": limit}
        if organization is not None:
            statement = statement.where(audit_entries.c.organization == bindparam("organization"))
            parameters["organization"] = organization
        if account is not None:
            statement = statement.where(audit_entries.c.account_id == bindparam("account_id"))
            parameters["account_id"] = account
        return [_chained(row) for row in self._database.read(statement, parameters)]

    def latest(self, organization: str, event: str) -> ChainedEntry | None:
        rows = self._database.read(_LATEST, {"organization": organization, "event": event})
        return _chained(rows[0]) if rows else None

    def first_broken(self) -> int | None:
        number, previous = 0, _GROUND
        while stretch := self._database.read(_ENTRIES, {"after": number, "limit": _STRETCH}):
            for row in stretch:
                number += 1
                if not _holds(row, number, previous):
                    return number
                previous = row.digest
        return None


def _content(number: int, entry: Entry, previous: str) -> dict[str, Any]:
    return {
        "number": number,
        "event": entry.event,
        "organization": entry.organization,
        "account_id": entry.account,
        "actor": entry.actor,
        "at": ticks(entry.at),
        "detail": dict(entry.detail or {}),
        "previous": previous,
    }


def _digest(content: Mapping[str, Any]) -> str:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def _holds(row: Row[Any], number: int, previous: str) -> bool:
    try:
        content = _content(number, _chained(row).entry, previous)
    except (ValueError, TypeError, OverflowError):
        return False  # What cannot be read is not what was written.
    return bool(row.number == number and row.previous == previous and row.digest == _digest(content))


def _chained(row: Row[Any]) -> ChainedEntry:
    entry = Entry(
        event=row.event,
        organization=row.organization,
        actor=row.actor,
        at=moment(row.at),
        account=row.account_id,
        detail=json.loads(row.detail) or None,
    )
    return ChainedEntry(row.number, entry, row.previous, row.digest)
