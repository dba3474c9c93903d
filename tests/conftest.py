"""What every test may ask for: a clock, randomness, and the stores over each of their implementations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from broker.clock import ManualClock
from broker.store.directory import Directory
from broker.store.directory_sql import SqlDirectory
from broker.store.opening import prepare_directory
from broker.store.state import StateStore
from tests.servers import PostgresqlServer, RedisServer, postgres_server, redis_server
from tests.support import opening
from tests.support.entropy import SeededEntropy
from tests.support.world import Foundation, World, world_on


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 21, 22, 26, 40, tzinfo=UTC))


@pytest.fixture
def entropy() -> SeededEntropy:
    return SeededEntropy()


@pytest.fixture(scope="session")
def shared_redis() -> Iterator[RedisServer]:
    """One Redis for all tests of this process, none of which stops it."""
    with redis_server() as server:
        yield server


@pytest.fixture(scope="session")
def shared_postgres() -> Iterator[PostgresqlServer]:
    """One PostgreSQL for all tests of this process, none of which stops it."""
    with postgres_server() as server:
        yield server


@pytest.fixture
def redis_url(shared_redis: RedisServer) -> str:
    """An empty Redis."""
    shared_redis.command("FLUSHALL")
    return shared_redis.url


@pytest.fixture
def postgres_url(shared_postgres: PostgresqlServer) -> Iterator[str]:
    """A new database without any table."""
    name = shared_postgres.create_database()
    yield shared_postgres.url_of(name)
    shared_postgres.drop_database(name)


@pytest.fixture(params=["sqlite", "redis"])
def state_location(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Where an empty state store is: a file or an address, as ``open_state`` takes it."""
    if request.param == "sqlite":
        return tmp_path / "state.sqlite"
    return str(request.getfixturevalue("redis_url"))


@pytest.fixture
def state_store(state_location: Path | str, clock: ManualClock) -> Iterator[StateStore]:
    """An empty state store, over every implementation."""
    with closing(opening.state_store(state_location, clock)) as store:
        yield store


@pytest.fixture(params=["sqlite", "postgresql"])
def directory_location(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Where an empty directory with its tables is: a file or an address, as ``open_directory`` takes it."""
    if request.param == "sqlite":
        location: Path | str = tmp_path / "directory.sqlite"
    else:
        location = str(request.getfixturevalue("postgres_url"))
    prepare_directory(location)
    return location


@pytest.fixture
def directory(directory_location: Path | str) -> Iterator[Directory]:
    """An empty directory, over every implementation."""
    with closing(SqlDirectory(directory_location, answer_within=opening.PATIENTLY)) as opened:
        yield opened


@pytest.fixture(scope="session")
def foundation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Foundation]:
    """Listeners, simulator and first keys, made once a process."""
    laid = Foundation.lay(tmp_path_factory.mktemp("foundation"))
    yield laid
    laid.close()


@pytest.fixture
def world(foundation: Foundation, tmp_path: Path) -> Iterator[World]:
    """A broker with empty stores beside a simulator as it is at its start."""
    with world_on(foundation, tmp_path / "world") as made:
        yield made
