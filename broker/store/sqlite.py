"""SQLite files: private to the broker's user, in write-ahead mode, shared by several processes."""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Literal

# How long a writer waits for another one before it gives up. Writes here take well under a millisecond, so whoever
# still waits after two seconds is not in a queue: something holds the file.
BUSY_TIMEOUT = timedelta(seconds=2)

# NORMAL: a commit has left the process when it is acknowledged, and survives the kill of every process; a power
# failure may undo the last ones. FULL: a commit is on the disk when it is acknowledged
# (https://sqlite.org/pragma.html#pragma_synchronous).
Synchronous = Literal["NORMAL", "FULL"]


def create_private(path: Path) -> None:
    """Creates the file if it is missing, readable and writable by its owner only; SQLite gives its companions the
    same mode.

    A file that somebody may have open is never opened here: closing it would drop the locks that SQLite holds on it for
    another thread of this process (https://sqlite.org/howtocorrupt.html, section 2.2). So a new one comes to its name
    when it is closed already.

    Raises ``PermissionError`` if the file is there and others may read or write it (threats SS-06).
    """
    try:
        mode = path.stat().st_mode & 0o777
    except FileNotFoundError:
        _create(path)
        mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        raise PermissionError(f"{path} may be used by others (mode {mode:04o}); run: chmod 600 {path}*")


def _create(path: Path) -> None:
    try:
        descriptor, new = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # Mode 0600.
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    try:
        os.close(descriptor)
        with suppress(FileExistsError):  # Somebody was faster, and theirs is in use.
            os.link(new, path)
    finally:
        Path(new).unlink()


def connect(path: Path, synchronous: Synchronous, busy_timeout: timedelta = BUSY_TIMEOUT) -> sqlite3.Connection:
    """A connection in autocommit mode to a file that exists; usable from any thread, by one at a time."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        uri=True,
        timeout=busy_timeout.total_seconds(),
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        connection.execute(f"PRAGMA synchronous={synchronous}")
        connection.execute("PRAGMA foreign_keys=ON")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def use_write_ahead_log(connection: sqlite3.Connection, patience: timedelta = BUSY_TIMEOUT) -> None:
    """Puts the file into write-ahead mode, for good: readers and the one writer do not block each other.

    The change needs the file for itself, and SQLite does not queue for that as it does for a write: so this asks again.
    """
    give_up_at = time.monotonic() + patience.total_seconds()
    while True:
        try:
            (mode,) = connection.execute("PRAGMA journal_mode=WAL").fetchone()
        except sqlite3.OperationalError:
            if time.monotonic() >= give_up_at:
                raise
            time.sleep(0.01)
        else:
            if mode != "wal":
                raise sqlite3.OperationalError(f"the file does not take write-ahead mode, it stays in mode {mode}")
            return


def check_integrity(connection: sqlite3.Connection) -> None:
    """Reads the whole file; raises ``sqlite3.DatabaseError`` if it is damaged (threats SS-12)."""
    findings = [row[0] for row in connection.execute("PRAGMA quick_check(1)")]
    if findings != ["ok"]:
        raise sqlite3.DatabaseError(f"the file is damaged: {findings[0]}")
