"""A broker at which the conformance suite's clients are registered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.standards.suite import SUITE_PARTIES, Suite
from tests.support.world import Foundation, World, world_on


@pytest.fixture
def world(foundation: Foundation, tmp_path: Path) -> Iterator[World]:
    with world_on(foundation, tmp_path / "world", parties=SUITE_PARTIES) as made:
        yield made


@pytest.fixture
def suite(world: World) -> Suite:
    """One module's run: a browser that nobody is signed in with."""
    return Suite(world)
