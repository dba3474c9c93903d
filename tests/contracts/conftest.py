"""All records over each database, and many callers at one moment, from threads and from processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import cast

import pytest

from broker.store.database import Database
from broker.store.opening import records_in
from broker.store.records import Records
from tests.contracts.racing import Race, Racers, race_in_threads
from tests.support.opening import PATIENTLY


@pytest.fixture
def records(directory_location: Path | str) -> Iterator[Records]:
    """Empty records, over every implementation."""
    with closing(records_in(Database(directory_location, answer_within=PATIENTLY))) as opened:
        yield opened


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
