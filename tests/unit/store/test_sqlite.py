"""A SQLite file is opened although another process changes its companions meanwhile."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from broker.store import sqlite


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "state.sqlite"
    sqlite.create_private(path)
    with closing(sqlite.connect(path, "NORMAL")) as connection:
        sqlite.use_write_ahead_log(connection)
        connection.execute("CREATE TABLE things (name TEXT)")
    return path


def test_a_companion_that_is_in_the_way_for_a_moment_does_not_keep_the_file_shut(path: Path) -> None:
    in_the_way = path.with_name(path.name + "-journal")
    in_the_way.mkdir()
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        in_the_way.rmdir()

    with closing(sqlite.connect(path, "NORMAL", pause=pause)) as connection:
        assert connection.execute("SELECT count(*) FROM things").fetchone() == (0,)
    assert len(pauses) == 1


def test_a_fault_that_stays_is_reported(path: Path) -> None:
    path.with_name(path.name + "-journal").mkdir()
    pauses: list[float] = []
    with pytest.raises(sqlite3.OperationalError):
        sqlite.connect(path, "NORMAL", pause=pauses.append)
    assert len(pauses) == 4


def test_a_file_that_is_no_database_is_reported_at_once(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    path.write_bytes(b"not a database, and long enough to be read as one " * 100)
    pauses: list[float] = []
    with pytest.raises(sqlite3.DatabaseError):
        sqlite.connect(path, "NORMAL", pause=pauses.append)
    assert pauses == []
