"""The directory in SQL: a SQLite file, or PostgreSQL where there are several machines."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy
from sqlalchemy import Connection, Engine, Pool, QueuePool, Row, bindparam, insert, select, text, tuple_, update
from sqlalchemy.dialects import postgresql as for_postgresql
from sqlalchemy.dialects import sqlite as for_sqlite
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError, SQLAlchemyError

from broker.identity import Account, Secret, Subject
from broker.store import sqlite
from broker.store.directory import DirectoryUnavailable, NewAccount, StoredKey
from broker.store.tables import accounts, identities, photos, signing_keys

ANSWER_WITHIN = timedelta(seconds=5)

_T = TypeVar("_T")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)

_ACCOUNTS = (
    select(
        accounts,
        identities.c.kind,
        identities.c.authority,
        identities.c.identifier,
        photos.c.account_id.is_not(None).label("has_photo"),
    )
    .join(identities, identities.c.account_id == accounts.c.id)
    .outerjoin(photos, photos.c.account_id == accounts.c.id)
)
_ACCOUNT = _ACCOUNTS.where(accounts.c.id == bindparam("id"))
_ACCOUNT_OF = _ACCOUNTS.where(
    identities.c.kind == bindparam("kind"),
    identities.c.authority == bindparam("authority"),
    identities.c.identifier == bindparam("identifier"),
)
_FIRST_PAGE = (
    _ACCOUNTS.where(accounts.c.organization == bindparam("organization"))
    .order_by(accounts.c.display_name, accounts.c.id)
    .limit(bindparam("limit"))
)
_NEXT_PAGE = _FIRST_PAGE.where(
    tuple_(accounts.c.display_name, accounts.c.id) > tuple_(bindparam("after_name"), bindparam("after_id"))
)
_SET_ACTIVE = update(accounts).where(accounts.c.id == bindparam("account_id")).values(active=bindparam("now_active"))
_PHOTO = select(photos.c.media_type, photos.c.image).where(photos.c.account_id == bindparam("account_id"))
_KEYS = select(signing_keys).order_by(signing_keys.c.created_at, signing_keys.c.kid)
_KEY = update(signing_keys).where(signing_keys.c.kid == bindparam("of"))
_RETIRE = _KEY.values(retires_at=bindparam("at"))


class SqlDirectory:
    """``Directory`` in a SQLite file (a ``Path``) or in PostgreSQL (a ``postgresql://`` URL without the password).

    Opening connects to nothing and changes no table: ``broker.store.opening.prepare_directory`` does. What was
    acknowledged is on the disk, with SQLite too (``synchronous=FULL``): an account is made once and not again. A
    database that went away and came back is found again by the next operation. A value that the database cannot hold
    (PostgreSQL takes no NUL in a text) is found nowhere; writing it, or an id that is taken, raises ``ValueError``.
    """

    def __init__(
        self, location: Path | str, *, password: Secret | None = None, answer_within: timedelta = ANSWER_WITHIN
    ) -> None:
        self._engine = create_engine(location, password=password, answer_within=answer_within)
        if isinstance(location, Path):
            self._begin, self._lock_keys = "BEGIN IMMEDIATE", None
            into_identities: Any = for_sqlite.insert(identities)
        else:
            # Two at once would both find no key. Of those that take this lock, one goes on; reading goes on as well.
            self._begin, self._lock_keys = "BEGIN", "LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE"
            into_identities = for_postgresql.insert(identities)
        self._claim = into_identities.on_conflict_do_nothing(index_elements=identities.primary_key).returning(
            identities.c.account_id
        )
        self._process = os.getpid()
        self._left_alone: list[Pool] = []

    def account(self, account_id: str) -> Account | None:
        return _only_account(self._read(_ACCOUNT, {"id": account_id}))

    def account_of(self, subject: Subject) -> Account | None:
        return _only_account(self._read(_ACCOUNT_OF, _identity(subject)))

    def create_account(self, draft: NewAccount) -> tuple[Account, bool]:
        def create(connection: Connection) -> tuple[Account, bool]:
            identity = _identity(draft.subject)
            if connection.execute(self._claim, {**identity, "account_id": draft.id}).first() is None:
                return _account(connection.execute(_ACCOUNT_OF, identity).one()), False
            connection.execute(insert(accounts), _account_row(draft))
            if draft.photo is not None:
                media_type, image = draft.photo
                connection.execute(insert(photos), {"account_id": draft.id, "media_type": media_type, "image": image})
            return _account(connection.execute(_ACCOUNT_OF, identity).one()), True

        return self._write(create)

    def accounts(
        self, organization: str, *, after: tuple[str, str] | None = None, limit: int = 50
    ) -> Sequence[Account]:
        page: dict[str, Any] = {"organization": organization, "limit": limit}
        if after is None:
            return [_account(row) for row in self._read(_FIRST_PAGE, page)]
        page |= {"after_name": after[0], "after_id": after[1]}
        return [_account(row) for row in self._read(_NEXT_PAGE, page)]

    def photo(self, account_id: str) -> tuple[str, bytes] | None:
        rows = self._read(_PHOTO, {"account_id": account_id})
        return (rows[0].media_type, bytes(rows[0].image)) if rows else None

    def set_active(self, account_id: str, active: bool) -> bool:
        return self._change(_SET_ACTIVE, {"account_id": account_id, "now_active": active})

    def signing_keys(self) -> Sequence[StoredKey]:
        return [_stored_key(row) for row in self._read(_KEYS, {})]

    def add_signing_key(self, key: StoredKey) -> None:
        self._write(lambda connection: connection.execute(insert(signing_keys), _key_row(key)))

    def add_first_signing_keys(self, keys: Sequence[StoredKey]) -> bool:
        def add(connection: Connection) -> bool:
            if self._lock_keys:
                connection.exec_driver_sql(self._lock_keys)
            if not keys or connection.execute(_KEYS.limit(1)).first() is not None:
                return False
            connection.execute(insert(signing_keys), [_key_row(key) for key in keys])
            return True

        return self._write(add)

    def retire_signing_key(self, kid: str, at: datetime) -> bool:
        return self._change(_RETIRE, {"of": kid, "at": _ticks(at)})

    def ping(self) -> None:
        self._read(text("SELECT 1"), {})

    def close(self) -> None:
        self._engine.dispose()

    def _change(self, statement: sqlalchemy.Update, parameters: Mapping[str, Any]) -> bool:
        return self._write(lambda connection: connection.execute(statement, parameters).rowcount > 0)

    def _read(self, statement: sqlalchemy.Executable, parameters: Mapping[str, Any]) -> Sequence[Row[Any]]:
        try:
            return self._run(lambda connection: connection.execute(statement, parameters).all())
        except (DataError, UnicodeEncodeError):
            return []
        except SQLAlchemyError as error:
            raise DirectoryUnavailable(cause(error)) from error

    def _write(self, work: Callable[[Connection], _T]) -> _T:
        try:
            return self._run(work, transaction=True)
        except (DataError, IntegrityError, UnicodeEncodeError) as error:
            # Not "from error": its text holds the values (threats G9).
            raise ValueError(f"the directory does not take this record: {cause(error)}") from None
        except SQLAlchemyError as error:
            raise DirectoryUnavailable(cause(error)) from error

    def _run(self, work: Callable[[Connection], _T], *, transaction: bool = False) -> _T:
        """What ``work`` gives; it runs a second time if its connection turned out to be one that the server had closed.

        Never after a COMMIT was sent, since it may have been carried out, nor after a silence, to keep the time limit.
        """
        repeatable = True
        while True:
            try:
                with self._connect() as connection:  # Its end takes back a transaction that is still open.
                    if transaction:
                        connection.exec_driver_sql(self._begin)
                    result = work(connection)
                    if transaction:
                        repeatable = False
                        connection.exec_driver_sql("COMMIT")
                    return result
            except DBAPIError as error:
                if not repeatable or not error.connection_invalidated or isinstance(error.orig, TimeoutError):
                    raise
                repeatable = False

    def _connect(self) -> Connection:
        if self._process != os.getpid():
            # Connections are not used on the other side of a fork, and those of SQLite not even closed
            # (https://sqlite.org/howtocorrupt.html, section 2.6).
            self._process = os.getpid()
            self._left_alone.append(self._engine.pool)
            self._engine.dispose(close=False)
        return self._engine.connect()


def create_engine(location: Path | str, *, password: Secret | None, answer_within: timedelta) -> Engine:
    """An engine whose connections commit every statement unless told otherwise, and wait for so long at most."""
    if isinstance(location, str):
        # psycopg is an extra, and only this needs it.
        from broker.store import postgresql

        return postgresql.create_engine(location, password=password, answer_within=answer_within)
    return sqlalchemy.create_engine(
        "sqlite://",
        creator=lambda: sqlite.connect(location, "FULL", answer_within),
        poolclass=QueuePool,
        isolation_level="AUTOCOMMIT",
        hide_parameters=True,
    )


def cause(error: Exception) -> str:
    """What kind of error it was and, where that quotes no record (threats G9), the first line of what was said.

    An operational error is about the server and the road to it: its address, a wrong password, a full disk.
    """
    original = error.orig if isinstance(error, DBAPIError) else error
    kind = type(original).__name__
    if not isinstance(error, OperationalError):
        return kind
    said = str(original).strip().splitlines()
    return f"{kind}: {said[0]}" if said else kind


def _ticks(moment: datetime) -> int:
    return (moment - _EPOCH) // _TICK


def _moment(ticks: int) -> datetime:
    return _EPOCH + ticks * _TICK


def _identity(subject: Subject) -> dict[str, str]:
    return {"kind": subject.kind, "authority": subject.authority, "identifier": subject.identifier}


def _only_account(rows: Sequence[Row[Any]]) -> Account | None:
    return _account(rows[0]) if rows else None


def _account(row: Row[Any]) -> Account:
    return Account(
        id=row.id,
        organization=row.organization,
        subject=Subject(row.kind, row.authority, row.identifier),
        email=row.email,
        email_domain=row.email_domain,
        email_verified=row.email_verified,
        first_name=row.first_name,
        last_name=row.last_name,
        display_name=row.display_name,
        role=row.role,
        created_at=_moment(row.created_at),
        attributes=json.loads(row.attributes),
        attribute_sources=json.loads(row.attribute_sources),
        active=row.active,
        has_photo=row.has_photo,
    )


def _account_row(draft: NewAccount) -> dict[str, Any]:
    return {
        "id": draft.id,
        "organization": draft.organization,
        "email": draft.email,
        "email_domain": draft.email_domain,
        "email_verified": draft.email_verified,
        "first_name": draft.first_name,
        "last_name": draft.last_name,
        "display_name": draft.display_name,
        "role": draft.role,
        "created_at": _ticks(draft.created_at),
        "attributes": json.dumps(dict(draft.attributes)),
        "attribute_sources": json.dumps(dict(draft.attribute_sources)),
        "active": True,
    }


def _stored_key(row: Row[Any]) -> StoredKey:
    return StoredKey(
        kid=row.kid,
        alg=row.alg,
        public_jwk=row.public_jwk,
        sealed=row.sealed,
        created_at=_moment(row.created_at),
        activates_at=_moment(row.activates_at),
        retires_at=None if row.retires_at is None else _moment(row.retires_at),
    )


def _key_row(key: StoredKey) -> dict[str, Any]:
    return {
        "kid": key.kid,
        "alg": key.alg,
        "public_jwk": key.public_jwk,
        "sealed": key.sealed,
        "created_at": _ticks(key.created_at),
        "activates_at": _ticks(key.activates_at),
        "retires_at": None if key.retires_at is None else _ticks(key.retires_at),
    }
