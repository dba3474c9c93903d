"""A SQLite file is made and looked at without a lock on it being lost."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from broker.store import sqlite

_WRITE = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
"""


def another_process_writes(path: Path) -> bool:
    """Whether a process of its own gets the lock of a writer."""
    done = subprocess.run([sys.executable, "-c", _WRITE, str(path)], capture_output=True, text=True, check=False)
    if done.returncode != 0 and "locked" not in done.stderr:
        raise AssertionError(done.stderr)
    return done.returncode == 0


def test_looking_at_a_file_again_leaves_the_locks_of_this_process_on_it(tmp_path: Path) -> None:
    """POSIX drops every lock that a process has on a file when it closes any descriptor of that file."""
    path = tmp_path / "state.sqlite"
    sqlite.create_private(path)
    with closing(sqlite.connect(path, "NORMAL")) as connection:
        connection.execute("CREATE TABLE things (name TEXT)")
        connection.execute("BEGIN EXCLUSIVE")
        assert not another_process_writes(path)
        sqlite.create_private(path)
        assert not another_process_writes(path)
        connection.execute("ROLLBACK")
        assert another_process_writes(path)


def test_a_new_file_is_its_owners_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    sqlite.create_private(path)
    assert [(each.name, each.stat().st_mode & 0o777) for each in tmp_path.iterdir()] == [("state.sqlite", 0o600)]


def test_a_file_that_others_may_read_is_refused_and_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    path.touch(0o640)
    path.chmod(0o640)
    with pytest.raises(PermissionError, match="chmod 600"):
        sqlite.create_private(path)
    with pytest.raises(OSError, match=r"nowhere/state\.sqlite"):
        sqlite.create_private(tmp_path / "nowhere/state.sqlite")


def test_a_file_that_is_no_database_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    path.write_bytes(b"not a database, and long enough to be read as one " * 100)
    with pytest.raises(sqlite3.DatabaseError):
        sqlite.connect(path, "NORMAL")
