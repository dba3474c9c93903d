"""A served broker for every attack that needs one: its start costs more than what is then asked of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from broker.demo.stage import Stage, StageOptions


@pytest.fixture(scope="session")
def served() -> Iterator[Stage]:
    """A broker with two workers, as processes of its own, and nothing beside it."""
    with Stage(StageOptions(with_simulator=False, with_application=False, workers=2)) as stage:
        yield stage
