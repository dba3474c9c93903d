"""One provider for each test; its signing keys are made once for all, since making them is slow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from broker.clock import ManualClock
from broker.jose.key_ring import KeyRing
from broker.store.directory import StoredKey
from tests.support.people import NOW
from tests.unit.downstream.oidc.stand import SEALING_KEY, MemoryDirectory, Stand


@pytest.fixture(scope="session")
def signing_keys() -> Sequence[StoredKey]:
    directory = MemoryDirectory()
    KeyRing.open(directory, SEALING_KEY, ManualClock(NOW))
    return tuple(directory.keys)


@pytest.fixture
def stand(tmp_path: Path, signing_keys: Sequence[StoredKey]) -> Stand:
    return Stand(tmp_path, signing_keys)


@pytest.fixture
def logged() -> Iterator[list[EventDict]]:
    """The events that the test causes."""
    with capture_logs() as events:
        yield events
