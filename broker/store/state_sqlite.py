"""The state store in one SQLite file: the default, for one machine with any number of worker processes."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from broker.clock import Clock
from broker.store import sqlite
from broker.store.state import AlreadyTaken, StateUnavailable, Taken

_VERSION = 1
# A place in `record` holds either a record or, where one was taken, the mark that its taker left (taken = 1). An entry
# of an index lives as long as its record: the foreign key removes it. Times are microseconds since 1970. Records have a
# rowid: without one, every value over about 1000 bytes would take a page of its own.
_SCHEMA = """
CREATE TABLE record (
    kind TEXT NOT NULL, key TEXT NOT NULL, expires INTEGER NOT NULL, taken INTEGER NOT NULL, value BLOB NOT NULL,
    PRIMARY KEY (kind, key)
) STRICT;
CREATE INDEX record_expires ON record (expires);
CREATE TABLE entry (
    kind TEXT NOT NULL, name TEXT NOT NULL, key TEXT NOT NULL,
    PRIMARY KEY (kind, name, key), FOREIGN KEY (kind, key) REFERENCES record ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX entry_key ON entry (kind, key);
CREATE TABLE counter (
    kind TEXT NOT NULL, key TEXT NOT NULL, expires INTEGER NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX counter_expires ON counter (expires);
"""
_PUT = """
INSERT INTO record (kind, key, expires, taken, value) VALUES (:kind, :key, :expires, :taken, :value)
ON CONFLICT DO UPDATE SET expires = excluded.expires, taken = excluded.taken, value = excluded.value
"""
_ADD_IF_ABSENT = _PUT + "WHERE record.expires <= :now OR record.taken = 1"
_ENTER = "INSERT OR IGNORE INTO entry (kind, name, key) VALUES (?, ?, ?)"
_GET = "SELECT value FROM record WHERE kind = :kind AND key = :key AND expires > :now AND taken = 0"
_MARK = "SELECT value FROM record WHERE kind = :kind AND key = :key AND expires > :now AND taken = 1"
_DELETE = "DELETE FROM record WHERE kind = :kind AND key = :key AND expires > :now AND taken = 0"
_TAKE = _DELETE + " RETURNING value"
_COMPARE_AND_SET = """
UPDATE record SET value = :value, expires = :expires
WHERE kind = :kind AND key = :key AND expires > :now AND taken = 0 AND value = :expected
"""
_MEMBERS = "SELECT key FROM entry WHERE kind = ? AND name = ?"
_DELETE_MEMBERS = """
DELETE FROM record WHERE kind = :kind AND expires > :now AND taken = 0
AND key IN (SELECT key FROM entry WHERE kind = :kind AND name = :name)
"""
_DELETE_ENTRIES = "DELETE FROM entry WHERE kind = :kind AND name = :name"
_INCREMENT = """
INSERT INTO counter (kind, key, expires, count) VALUES (:kind, :key, :expires, 1) ON CONFLICT DO UPDATE SET
    count = CASE WHEN expires > :now THEN count + 1 ELSE 1 END,
    expires = CASE WHEN expires > :now THEN expires ELSE excluded.expires END
RETURNING count
"""
_SWEEPS = (
    "DELETE FROM record WHERE rowid IN (SELECT rowid FROM record WHERE expires <= :now LIMIT :batch)",
    "DELETE FROM counter WHERE (kind, key) IN (SELECT kind, key FROM counter WHERE expires <= :now LIMIT :batch)",
)
_SWEEP_BATCH = 500  # A sweep lets other writers in after every batch: a few milliseconds.

# How long a thread queues for its turn to write. SQLite lets waiters in by chance, and who holds its lock may have to
# wait for the interpreter with every other thread of the process: so the threads of one process queue here instead.
_QUEUE_SECONDS = 5.0

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


class SqliteState:
    """``StateStore`` in a file. What was acknowledged survives the kill of any process, not always a power failure.

    Commits go to the operating system and not at once to the disk (``synchronous=NORMAL``): everything here expires,
    and whoever loses a session to a power failure signs in again. Opening raises ``StateUnavailable`` for a file that
    is locked or is no such store, and ``OSError`` for one that cannot be made or that others may read.
    """

    def __init__(self, path: Path, clock: Clock, *, busy_timeout: timedelta = sqlite.BUSY_TIMEOUT) -> None:
        self._path = path
        self._clock = clock
        self._busy_timeout = busy_timeout
        # As many connections as there ever were operations at one time. A connection is never used on the other side of
        # a fork (https://sqlite.org/howtocorrupt.html, section 2.6), not even closed: hence those that are left alone.
        self._idle: deque[sqlite3.Connection] = deque()
        self._left_alone: list[sqlite3.Connection] = []
        self._process = os.getpid()
        self._turn = threading.Lock()
        self._closed = threading.Event()
        sqlite.create_private(path)
        with self._connection() as connection:
            sqlite.use_write_ahead_log(connection, busy_timeout)
            _create_schema(connection)

    def put(self, kind: str, key: str, value: bytes, ttl: timedelta, *, indexes: Sequence[str] = ()) -> None:
        record = {"kind": kind, "key": key, "taken": 0, "value": value, **self._span(ttl)}
        if not indexes:
            with self._writing() as connection:
                connection.execute(_PUT, record)
            return
        with self._transaction() as connection:
            connection.execute(_PUT, record)
            connection.executemany(_ENTER, [(kind, index, key) for index in indexes])

    def get(self, kind: str, key: str) -> bytes | None:
        with self._connection() as connection:
            return _value(connection, _GET, self._at(kind, key))

    def take(
        self, kind: str, key: str, *, mark: bytes | None = None, mark_ttl: timedelta | None = None
    ) -> Taken | AlreadyTaken | None:
        if (mark is None) != (mark_ttl is None):
            raise ValueError("a mark and its time to live come together")
        at = self._at(kind, key)
        with self._transaction() as connection:
            value = _value(connection, _TAKE, at)
            if value is None:
                left = _value(connection, _MARK, at)
                return None if left is None else AlreadyTaken(left)
            if mark is not None and mark_ttl is not None:
                place = {"kind": kind, "key": key, "taken": 1, "value": mark, **self._span(mark_ttl)}
                connection.execute(_PUT, place)
        return Taken(value)

    def delete(self, kind: str, key: str) -> bool:
        with self._writing() as connection:
            return connection.execute(_DELETE, self._at(kind, key)).rowcount > 0

    def add_if_absent(self, kind: str, key: str, value: bytes, ttl: timedelta) -> bool:
        record = {"kind": kind, "key": key, "taken": 0, "value": value, **self._span(ttl)}
        with self._writing() as connection:
            return connection.execute(_ADD_IF_ABSENT, record).rowcount > 0

    def compare_and_set(self, kind: str, key: str, expected: bytes, value: bytes, ttl: timedelta) -> bool:
        change = {"kind": kind, "key": key, "expected": expected, "value": value, **self._span(ttl)}
        with self._writing() as connection:
            return connection.execute(_COMPARE_AND_SET, change).rowcount > 0

    def members(self, kind: str, index: str) -> frozenset[str]:
        with self._connection() as connection:
            found = connection.execute(_MEMBERS, (kind, index)).fetchall()
        return frozenset(key for (key,) in found)

    def delete_index(self, kind: str, index: str) -> int:
        named = {"kind": kind, "name": index, "now": self._now()}
        with self._transaction() as connection:
            deleted = connection.execute(_DELETE_MEMBERS, named).rowcount
            connection.execute(_DELETE_ENTRIES, named)
        return deleted

    def increment(self, kind: str, key: str, ttl: timedelta) -> int:
        with self._writing() as connection:
            ((count,),) = connection.execute(_INCREMENT, {"kind": kind, "key": key, **self._span(ttl)}).fetchall()
        return int(count)

    def ping(self) -> None:
        with self._connection() as connection:
            connection.execute("SELECT count(*) FROM (SELECT 1 FROM record LIMIT 1)").fetchall()

    def check_integrity(self) -> None:
        """Reads the whole file; raises ``StateUnavailable`` if it is damaged (threats SS-12)."""
        with self._connection() as connection:
            sqlite.check_integrity(connection)

    def sweep(self) -> int:
        removed = 0
        for statement in _SWEEPS:
            batch = _SWEEP_BATCH
            while batch == _SWEEP_BATCH:
                with self._writing() as connection:
                    parameters = {"now": self._now(), "batch": _SWEEP_BATCH}
                    batch = connection.execute(statement, parameters).rowcount
                removed += batch
        return removed

    def close(self) -> None:
        self._closed.set()
        while self._idle:
            self._idle.pop().close()

    def _now(self) -> int:
        return (self._clock.now() - _EPOCH) // _TICK

    def _at(self, kind: str, key: str) -> dict[str, str | int]:
        return {"kind": kind, "key": key, "now": self._now()}

    def _span(self, ttl: timedelta) -> dict[str, int]:
        now = self._now()
        return {"now": now, "expires": now + ttl // _TICK}

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """Lends a connection; one that failed is closed, which undoes whatever it had begun."""
        if self._closed.is_set():
            raise StateUnavailable("the store is closed")
        try:
            connection = self._borrow()
            try:
                yield connection
            except BaseException:
                connection.close()
                raise
        except sqlite3.Error as error:
            raise StateUnavailable(str(error)) from error
        self._idle.append(connection)
        if self._closed.is_set():
            self.close()

    def _borrow(self) -> sqlite3.Connection:
        self._notice_fork()
        try:
            return self._idle.pop()
        except IndexError:
            return sqlite.connect(self._path, "NORMAL", self._busy_timeout)

    def _notice_fork(self) -> None:
        if self._process != os.getpid():
            self._left_alone.extend(self._idle)
            # Whoever had the turn at the fork does not exist on this side.
            self._idle, self._turn, self._process = deque(), threading.Lock(), os.getpid()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Lends a connection to one thread of the process at a time."""
        self._notice_fork()
        turn = self._turn
        if not turn.acquire(timeout=_QUEUE_SECONDS):
            raise StateUnavailable("database is locked")
        try:
            with self._connection() as connection:
                yield connection
        finally:
            turn.release()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._writing() as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")


def _value(connection: sqlite3.Connection, statement: str, parameters: dict[str, str | int]) -> bytes | None:
    # All rows, although there is one at most: a statement that is not read to its end stays open, and its write too.
    rows = connection.execute(statement, parameters).fetchall()
    return bytes(rows[0][0]) if rows else None


def _create_schema(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == 0:
        for statement in _SCHEMA.split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version={_VERSION}")
    elif version != _VERSION:
        raise sqlite3.DatabaseError(f"the file was written by another version of the broker (schema {version})")
    connection.execute("COMMIT")
