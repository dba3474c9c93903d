"""The state store when its file misbehaves (threats SS-06, SS-10, SS-12): it says so, and loses nothing."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from broker.clock import ManualClock, SystemClock
from broker.store.state import AlreadyTaken, StateUnavailable, Taken
from broker.store.state_sqlite import SqliteState

TTL = timedelta(minutes=10)

WRITES: dict[str, Callable[[SqliteState], object]] = {
    "put": lambda store: store.put("session", "k", b"v", TTL),
    "put with an index": lambda store: store.put("session", "k", b"v", TTL, indexes=["account:1"]),
    "take": lambda store: store.take("session", "k"),
    "take with a mark": lambda store: store.take("session", "k", mark=b"m", mark_ttl=TTL),
    "delete": lambda store: store.delete("session", "k"),
    "add_if_absent": lambda store: store.add_if_absent("session", "k", b"v", TTL),
    "compare_and_set": lambda store: store.compare_and_set("session", "k", b"v", b"w", TTL),
    "delete_index": lambda store: store.delete_index("session", "account:1"),
    "increment": lambda store: store.increment("attempts", "k", TTL),
    "sweep": lambda store: store.sweep(),
}
READS: dict[str, Callable[[SqliteState], object]] = {
    "get": lambda store: store.get("session", "k"),
    "members": lambda store: store.members("session", "account:1"),
    "ping": lambda store: store.ping(),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state of the broker.sqlite"


@pytest.fixture
def store(path: Path, clock: ManualClock) -> Iterator[SqliteState]:
    with closing(SqliteState(path, clock, busy_timeout=timedelta(milliseconds=50))) as opened:
        yield opened


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_file_that_somebody_holds_makes_a_write_say_so_and_leaves_everything_as_it_was(
    path: Path, store: SqliteState, write: Callable[[SqliteState], object]
) -> None:
    store.put("session", "k", b"v", TTL, indexes=["account:1"])
    with closing(sqlite3.connect(path, isolation_level=None)) as somebody:
        somebody.execute("BEGIN IMMEDIATE")
        with pytest.raises(StateUnavailable, match="locked"):
            write(store)
        for read in READS.values():
            read(store)
        somebody.execute("ROLLBACK")
    assert store.get("session", "k") == b"v"
    write(store)


def test_a_file_that_is_no_store_is_refused(path: Path, clock: ManualClock) -> None:
    path.write_bytes(b"Dear diary, " * 1000)
    path.chmod(0o600)
    with pytest.raises(StateUnavailable):
        SqliteState(path, clock)


def test_a_store_of_a_newer_broker_is_refused(path: Path, store: SqliteState, clock: ManualClock) -> None:
    store.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version=2")
    with pytest.raises(StateUnavailable, match="version"):
        SqliteState(path, clock)


def test_a_damaged_file_is_noticed_when_it_is_checked(path: Path, clock: ManualClock) -> None:
    with closing(SqliteState(path, clock)) as store:
        for number in range(500):
            store.put("session", str(number), b"v" * 500, TTL)
        store.check_integrity()
    content = bytearray(path.read_bytes())
    content[20_000:60_000] = b"\xff" * 40_000
    path.write_bytes(content)
    with closing(SqliteState(path, clock)) as store, pytest.raises(StateUnavailable):
        store.check_integrity()


def test_ss_06_the_file_and_its_companions_are_for_their_owner_only(path: Path, store: SqliteState) -> None:
    store.put("session", "k", b"v", TTL)
    modes = {file.name.removeprefix(path.name): file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    assert modes == {"": 0o600, "-wal": 0o600, "-shm": 0o600}


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o604, 0o610])
def test_ss_06_a_file_that_others_may_use_is_refused(path: Path, clock: ManualClock, mode: int) -> None:
    SqliteState(path, clock).close()
    path.chmod(mode)
    with pytest.raises(PermissionError, match="chmod 600"):
        SqliteState(path, clock)


def test_an_index_forgets_the_keys_of_records_that_went_away(store: SqliteState, clock: ManualClock) -> None:
    for key in ("taken", "marked", "deleted", "expired"):
        store.put("session", key, b"v", TTL, indexes=["account:1"])
    store.put("session", "there", b"v", 2 * TTL, indexes=["account:1"])
    store.take("session", "taken")
    store.take("session", "marked", mark=b"m", mark_ttl=TTL)
    store.delete("session", "deleted")
    clock.advance(TTL)
    store.sweep()
    assert store.members("session", "account:1") == {"there"}


def test_a_closed_store_concludes_nothing(store: SqliteState) -> None:
    store.put("session", "k", b"v", TTL)
    store.close()
    with pytest.raises(StateUnavailable):
        store.get("session", "k")


RUN_FOR_EVER = """
import sys
from datetime import timedelta
from pathlib import Path
from broker.clock import SystemClock
from broker.store.state_sqlite import SqliteState
store = SqliteState(Path(sys.argv[1]), SystemClock())
number = 0
while True:
    store.put("session", str(number), b"v", timedelta(hours=1), indexes=["account:1"])
    store.put("code", str(number), b"v", timedelta(hours=1))
    store.take("code", str(number), mark=b"m", mark_ttl=timedelta(hours=1))
    store.increment("attempts", "k", timedelta(hours=1))
    print(number, flush=True)
    number += 1
"""


@pytest.mark.parametrize("acknowledged", [1, 400])
def test_ss_10_what_was_acknowledged_survives_the_kill_of_its_process(path: Path, acknowledged: int) -> None:
    with subprocess.Popen([sys.executable, "-c", RUN_FOR_EVER, str(path)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        last = [int(writer.stdout.readline()) for _ in range(acknowledged)][-1]
        writer.send_signal(signal.SIGKILL)
        last = max([last, *(int(line) for line in writer.stdout if line.endswith("\n"))])
    with closing(SqliteState(path, SystemClock())) as store:
        store.check_integrity()
        for number in range(last + 1):
            assert store.get("session", str(number)) == b"v"
            assert store.take("code", str(number)) == AlreadyTaken(b"m")
        assert {str(number) for number in range(last + 1)} <= store.members("session", "account:1")
        assert store.increment("attempts", "k", TTL) in (last + 2, last + 3)


FILL = """
import resource, signal, sys
from datetime import timedelta
from pathlib import Path
from broker.clock import SystemClock
from broker.store.state import StateUnavailable
from broker.store.state_sqlite import SqliteState
store = SqliteState(Path(sys.argv[1]), SystemClock())
store.put("session", "before", b"v", timedelta(hours=1))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
before, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
written = 0
try:
    for written in range(10_000):
        store.put("session", str(written), b"v" * 1000, timedelta(hours=1))
except StateUnavailable:
    print(written)
if store.get("session", "before") != b"v":
    sys.exit("forgotten")
resource.setrlimit(resource.RLIMIT_FSIZE, (before, hard))
store.put("session", "after", b"v", timedelta(hours=1))
"""


def test_ss_12_a_full_disk_makes_a_write_say_so_and_when_there_is_room_again_it_goes_on(path: Path) -> None:
    filled = subprocess.run([sys.executable, "-c", FILL, str(path)], capture_output=True, text=True, timeout=60)
    assert filled.returncode == 0, filled.stderr
    with closing(SqliteState(path, SystemClock())) as store:
        store.check_integrity()
        for key in ("before", "after", *map(str, range(int(filled.stdout)))):
            assert store.get("session", key) is not None


FORKING = """
import os, sys
from datetime import timedelta
from pathlib import Path
from broker.clock import SystemClock
from broker.store.state_sqlite import SqliteState
store = SqliteState(Path(sys.argv[1]), SystemClock())
store.put("fork", "parent", b"p", timedelta(minutes=1))
child = os.fork()
for number in range(300):
    store.increment("fork", "both", timedelta(minutes=1))
if child == 0:
    store.close()
    os._exit(0)
_, status = os.waitpid(child, 0)
store.check_integrity()
sys.exit(status != 0 or store.increment("fork", "both", timedelta(minutes=1)) != 601)
"""


def test_a_process_that_is_forked_after_opening_has_connections_of_its_own(path: Path) -> None:
    assert subprocess.run([sys.executable, "-c", FORKING, str(path)], check=False, timeout=60).returncode == 0


def test_a_taker_that_fails_half_way_takes_nothing(store: SqliteState) -> None:
    store.put("code", "k", b"v", TTL)
    with pytest.raises(OverflowError):
        store.take("code", "k", mark=b"m", mark_ttl=timedelta.max)
    assert store.take("code", "k") == Taken(b"v")
