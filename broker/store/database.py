"""One SQL database, a SQLite file or PostgreSQL where there are several machines: how it is asked and changed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, TypeVar

import sqlalchemy
from sqlalchemy import Connection, Engine, Pool, QueuePool, Row, Table, text
from sqlalchemy.dialects import postgresql as for_postgresql
from sqlalchemy.dialects import sqlite as for_sqlite
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError, SQLAlchemyError

from broker.identity import Secret
from broker.store import sqlite
from broker.store.directory import DirectoryUnavailable

ANSWER_WITHIN = timedelta(seconds=5)

_T = TypeVar("_T")
_PING = text("SELECT 1")
_Kind = Literal["write", "snapshot"]


class Database:
    """What the records in SQL are kept with; several of them share one.

    Opening connects to nothing and changes no table: ``broker.store.opening.prepare_directory`` does. What was
    acknowledged is on the disk, with SQLite too (``synchronous=FULL``). A database that went away and came back is
    found again by the next operation. A value that the database cannot hold (PostgreSQL takes no NUL in a text) is
    found nowhere; writing it, or a key that is taken, raises ``ValueError``. Everything else that goes wrong with the
    database raises ``DirectoryUnavailable``.
    """

    def __init__(
        self, location: Path | str, *, password: Secret | None = None, answer_within: timedelta = ANSWER_WITHIN
    ) -> None:
        self._engine = create_engine(location, password=password, answer_within=answer_within)
        self._is_file = isinstance(location, Path)
        self._begin: dict[_Kind, str] = {
            # SQLite has one writer at a time; who begins as a reader cannot always become it.
            "write": "BEGIN IMMEDIATE" if self._is_file else "BEGIN",
            "snapshot": "BEGIN" if self._is_file else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        }
        self._process = os.getpid()
        self._left_alone: list[Pool] = []

    def read(self, statement: sqlalchemy.Executable, parameters: Mapping[str, Any]) -> Sequence[Row[Any]]:
        """The rows of one statement."""
        try:
            return self._run(lambda connection: connection.execute(statement, parameters).all())
        except (DataError, UnicodeEncodeError):
            return []
        except SQLAlchemyError as error:
            raise DirectoryUnavailable(cause(error)) from error

    def snapshot(self, work: Callable[[Connection], _T]) -> _T | None:
        """What ``work`` reads with several statements, each of which sees the database as it was at one moment.

        None if it asked with a value that the database cannot hold.
        """
        try:
            return self._run(work, "snapshot")
        except (DataError, UnicodeEncodeError):
            return None
        except SQLAlchemyError as error:
            raise DirectoryUnavailable(cause(error)) from error

    def write(self, work: Callable[[Connection], _T]) -> _T:
        """What ``work`` gives; its changes are one transaction. An error that ``work`` raises undoes them all.

        ``work`` may be called twice, and must have no other effect.
        """
        try:
            return self._run(work, "write")
        except (DataError, IntegrityError, UnicodeEncodeError) as error:
            # Not "from error": its text holds the values (threats G9).
            raise ValueError(f"the directory does not take this record: {cause(error)}") from None
        except SQLAlchemyError as error:
            raise DirectoryUnavailable(cause(error)) from error

    def change(self, statement: sqlalchemy.Update | sqlalchemy.Delete, parameters: Mapping[str, Any]) -> bool:
        """Carries out one statement; True if it concerned a row."""
        return self.write(lambda connection: connection.execute(statement, parameters).rowcount > 0)

    def put(self, statement: sqlalchemy.Insert, row: Mapping[str, Any]) -> None:
        """Carries out one INSERT."""
        self.write(lambda connection: connection.execute(statement, row))

    def lock(self, connection: Connection, name: str, *, shared: bool = False) -> None:
        """Until the transaction ends nobody else is past this line with the same name; those who share it may be.

        A statement after it sees what the others have committed. With SQLite a transaction that writes is alone anyway.
        """
        if not self._is_file:
            number = int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:8], signed=True)
            function = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
            connection.exec_driver_sql(f"SELECT {function}({number})")

    def insert(self, table: Table) -> for_sqlite.Insert | for_postgresql.Insert:
        """An INSERT that can say what to do when the key is there (``ON CONFLICT``)."""
        return for_sqlite.insert(table) if self._is_file else for_postgresql.insert(table)

    def upsert(self, table: Table) -> sqlalchemy.Insert:
        """An INSERT that replaces the whole row where the key is there."""
        statement = self.insert(table)
        keys = set(table.primary_key.columns)
        replaced = {column.name: statement.excluded[column.name] for column in table.columns if column not in keys}
        return statement.on_conflict_do_update(index_elements=table.primary_key, set_=replaced)

    def ping(self) -> None:
        """Returns if the database answers; raises ``DirectoryUnavailable`` otherwise."""
        self.read(_PING, {})

    def close(self) -> None:
        self._engine.dispose()

    def _run(self, work: Callable[[Connection], _T], transaction: _Kind | None = None) -> _T:
        """What ``work`` gives; it runs a second time if its connection turned out to be one that the server had closed.

        Never after a COMMIT was sent, since it may have been carried out, nor after a silence, to keep the time limit.
        """
        repeatable = True
        while True:
            try:
                with self._connect() as connection:  # Its end takes back a transaction that is still open.
                    if transaction:
                        connection.exec_driver_sql(self._begin[transaction])
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
