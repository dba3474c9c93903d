"""Whether the files are what serves is a number that can be watched."""

from __future__ import annotations

from datetime import timedelta

from broker.clock import ManualClock
from broker.configuration_state import ConfigurationState
from broker.metrics import ConfigurationCollector


def test_a_configuration_that_cannot_be_used_shows_since_when(clock: ManualClock) -> None:
    states = [ConfigurationState("abc", clock.now())]
    collector = ConfigurationCollector(lambda: states[-1], clock)

    def values() -> dict[str, float]:
        return {metric.name: metric.samples[0].value for metric in collector.collect()}

    clock.advance(timedelta(minutes=1))
    assert values() == {
        "pobuca_configuration_current": 1.0,
        "pobuca_configuration_age_seconds": 60.0,
        "pobuca_configuration_stale_seconds": 0.0,
        "pobuca_configuration_problems": 0.0,
    }
    states.append(ConfigurationState("abc", states[0].taken_at, clock.now(), 3))
    clock.advance(timedelta(minutes=1))
    assert values() == {
        "pobuca_configuration_current": 0.0,
        "pobuca_configuration_age_seconds": 120.0,
        "pobuca_configuration_stale_seconds": 60.0,
        "pobuca_configuration_problems": 3.0,
    }
