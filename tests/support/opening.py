"""Opens stores for tests, with more patience than a person at a sign-in has: a slow machine is no fault of a store."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from broker.clock import Clock
from broker.store.state import StateStore
from broker.store.state_redis import RedisState
from broker.store.state_sqlite import SqliteState

PATIENTLY = timedelta(seconds=60)


def state_store(location: Path | str, clock: Clock, patience: timedelta = PATIENTLY) -> StateStore:
    """The state store in a file or at an address."""
    if isinstance(location, Path):
        return SqliteState(location, clock, busy_timeout=patience)
    return RedisState(location, clock, answer_within=patience)
