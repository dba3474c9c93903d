"""One broker for all examples of a module: an example that leaves something behind fails the ones after it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.properties.held import Held
from tests.support.world import Foundation, world_on


@pytest.fixture(scope="module")
def held(foundation: Foundation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Held]:
    """A broker that has signed one person in, and what has to hold of each of its answers."""
    with world_on(foundation, tmp_path_factory.mktemp("properties") / "world") as world:
        yield Held(world)
