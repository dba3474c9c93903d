"""Many callers at one moment, from threads and from processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import cast

import pytest

from tests.contracts.racing import Race, Racers, race_in_threads


@pytest.fixture(scope="session")
def racers() -> Iterator[Racers]:
    with closing(Racers()) as processes:
        yield processes


@pytest.fixture(params=["threads", "processes"])
def race(request: pytest.FixtureRequest) -> Race:
    """Runs a race of threads, and one of processes."""
    if request.param == "threads":
        return race_in_threads
    return cast(Racers, request.getfixturevalue("racers")).race
