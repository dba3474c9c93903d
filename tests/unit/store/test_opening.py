"""Opening and preparing stores from plain arguments."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from broker.clock import ManualClock
from broker.store.directory import DirectoryUnavailable
from broker.store.opening import (
    StoreUnsuitable,
    directory_is_current,
    open_directory,
    open_state,
    prepare_directory,
    prepare_state,
)
from broker.store.state import StateUnavailable
from tests.servers import RedisServer, free_port

TTL = timedelta(minutes=10)


def test_a_prepared_state_store_opens_and_keeps_what_it_has(state_location: Path | str, clock: ManualClock) -> None:
    assert prepare_state(state_location, clock) is None
    with closing(open_state(state_location, clock)) as store:
        store.put("session", "k", b"v", TTL)
    assert prepare_state(state_location, clock) is None
    with closing(open_state(state_location, clock)) as store:
        assert store.get("session", "k") == b"v"


def test_ss_08_a_redis_that_may_evict_is_unsuitable(
    shared_redis: RedisServer, redis_url: str, clock: ManualClock
) -> None:
    shared_redis.command("CONFIG", "SET", "maxmemory", "100mb")
    shared_redis.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    try:
        with pytest.raises(StoreUnsuitable, match="noeviction"):
            prepare_state(redis_url, clock)
    finally:
        shared_redis.command("CONFIG", "SET", "maxmemory-policy", "noeviction")
        shared_redis.command("CONFIG", "SET", "maxmemory", "0")


@pytest.mark.parametrize("open_or_prepare", [open_state, prepare_state])
def test_a_state_file_that_cannot_be_made_or_that_others_may_read_is_unsuitable(
    tmp_path: Path, clock: ManualClock, open_or_prepare: Callable[[Path, ManualClock], object]
) -> None:
    with pytest.raises(StoreUnsuitable, match="no such folder"):
        open_or_prepare(tmp_path / "no such folder" / "state.sqlite", clock)
    readable = tmp_path / "readable.sqlite"
    readable.touch()
    readable.chmod(0o644)
    with pytest.raises(StoreUnsuitable, match="chmod 600"):
        open_or_prepare(readable, clock)


def test_a_directory_file_that_cannot_be_made_is_unsuitable(tmp_path: Path) -> None:
    with pytest.raises(StoreUnsuitable, match=r"no such folder/directory\.sqlite: No such file or directory"):
        prepare_directory(tmp_path / "no such folder" / "directory.sqlite")


def test_a_file_of_something_else_is_neither_a_state_store_nor_a_directory(tmp_path: Path, clock: ManualClock) -> None:
    path = tmp_path / "diary.sqlite"
    path.write_bytes(b"Dear diary, " * 1000)
    path.chmod(0o600)
    with pytest.raises(StateUnavailable):
        prepare_state(path, clock)
    with pytest.raises(DirectoryUnavailable, match="not a database"):
        prepare_directory(path)
    assert path.read_bytes() == b"Dear diary, " * 1000


def test_a_server_that_is_not_there_is_unavailable(clock: ManualClock) -> None:
    with pytest.raises(StateUnavailable):
        prepare_state(f"redis://127.0.0.1:{free_port()}/0", clock)
    nowhere = f"postgresql://broker@127.0.0.1:{free_port()}/broker"
    with pytest.raises(DirectoryUnavailable, match="refused"):
        prepare_directory(nowhere)
    with pytest.raises(DirectoryUnavailable):
        directory_is_current(nowhere)
    with closing(open_directory(nowhere)) as directory, pytest.raises(DirectoryUnavailable):
        directory.ping()
