"""A served broker for every attack that needs one: its start costs more than what is then asked of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.demo.stage import Stage, StageOptions
from tests.support.offline import KEEPING
from tests.support.world import Foundation, World, world_on


@pytest.fixture
def keeping(foundation: Foundation, tmp_path: Path) -> Iterator[World]:
    """A broker at which applications are registered that keep refresh tokens, call the API and ask about tokens."""
    with world_on(foundation, tmp_path / "world", parties=KEEPING) as made:
        yield made


@pytest.fixture(scope="session")
def served() -> Iterator[Stage]:
    """A broker with two workers, as processes of its own, and nothing beside it."""
    with Stage(StageOptions(with_simulator=False, with_application=False, workers=2)) as stage:
        yield stage
