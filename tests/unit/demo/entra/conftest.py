"""One simulator per worker, since making its keys takes time; every test finds it as at the start."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from broker.demo.entra.seed import CLIENT_ID
from tests.unit.demo.entra.running import CALLBACK, START, RunningSimulator, running_simulator


@pytest.fixture(scope="session")
def started() -> Iterator[RunningSimulator]:
    with running_simulator() as simulator:
        yield simulator


@pytest.fixture
def entra(started: RunningSimulator) -> RunningSimulator:
    started.clock.set(START)
    started.control("POST", "reset")
    started.control(
        "PATCH", f"registrations/{CLIENT_ID}", redirectUris=[CALLBACK], certificates=[], frontChannelLogoutUrl=None
    )
    started.control("PATCH", "settings", caFile=None)
    return started
