"""What operators watch, computed from the records at each scrape: so it is the same for every worker, and true after a
restart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Final, get_args

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from broker.clock import Clock
from broker.configuration_state import ConfigurationState
from broker.organizations import Organization, Organizations
from broker.store.directory import DirectoryUnavailable
from broker.store.federations import Federations, Stage
from broker.store.outbox import Backlog, Outbox
from broker.store.standings import Standings, Watch
from broker.watching.directory import Trouble

_STAGES: Final[tuple[str, ...]] = ("none", *get_args(Stage))
_TROUBLES: Final[tuple[str, ...]] = get_args(Trouble)
# More endings than this outstanding is an alarm whatever their number.
_MOST_ENDINGS: Final = 10_000


class FederationCollector(Collector):
    """Gauges of federations, watches and endings. Labels hold names of organisations and fixed words, no person."""

    def __init__(
        self,
        organizations: Organizations,
        federations: Federations,
        standings: Standings,
        outbox: Outbox,
        clock: Clock,
        credential_ends_at: datetime | None = None,
    ) -> None:
        self._organizations = organizations
        self._federations = federations
        self._standings = standings
        self._outbox = outbox
        self._clock = clock
        self._credential_ends_at = credential_ends_at

    def collect(self) -> Iterator[Metric]:
        """All of it; only whether the records can be read, when they cannot."""
        readable = GaugeMetricFamily("pobuca_records_readable", "Whether the directory store answers: 1, or 0.")
        try:
            found = [
                *self._federated(),
                *self._watched(self._standings.watches()),
                self._outstanding(),
                *self._untold(self._outbox.backlog()),
            ]
        except DirectoryUnavailable:
            readable.add_metric([], 0)
            yield readable
        else:
            readable.add_metric([], 1)
            yield readable
            yield from found
        if self._credential_ends_at is not None:
            left = GaugeMetricFamily(
                "pobuca_entra_credential_remaining_days", "Days until the credential at Entra ends; negative after it."
            )
            left.add_metric([], (self._credential_ends_at - self._clock.now()).total_seconds() / 86400)
            yield left

    def _federated(self) -> Iterator[Metric]:
        stages = GaugeMetricFamily(
            "pobuca_federation_stage",
            "How far an organisation's federation is: 1 for the stage that it is in.",
            labels=["organization", "stage"],
        )
        recorded = {each.name: each.federation for each in self._federations.changes(0).organizations}
        for organization in self._organizations.current().all():
            federation = recorded.get(organization.name)
            stage = _stage(organization, federation.stage if federation is not None else "none")
            for name in _STAGES:
                stages.add_metric([organization.name, name], float(name == stage))
        yield stages

    def _watched(self, watches: Sequence[Watch]) -> Iterator[Metric]:
        now = self._clock.now()
        trouble = GaugeMetricFamily(
            "pobuca_federation_trouble",
            "What is wrong with the trust with an organisation's directory: 1 for what is.",
            labels=["organization", "trouble"],
        )
        age = GaugeMetricFamily(
            "pobuca_directory_look_age_seconds",
            "Seconds since the directory of an organisation was last looked at with success.",
            labels=["organization"],
        )
        delay = GaugeMetricFamily(
            "pobuca_directory_delay_seconds",
            "How late the last look noticed, or could have noticed, that somebody was disabled.",
            labels=["organization"],
        )
        for watch in watches:
            for name in _TROUBLES:
                trouble.add_metric([watch.organization, name], float(name == watch.trouble))
            if watch.succeeded_at is not None:
                age.add_metric([watch.organization], (now - watch.succeeded_at).total_seconds())
            if watch.delay_seconds is not None:
                delay.add_metric([watch.organization], watch.delay_seconds)
        yield from (trouble, age, delay)

    def _untold(self, backlog: Sequence[Backlog]) -> Iterator[Metric]:
        labels = ["organization", "hook"]
        events = GaugeMetricFamily(
            "pobuca_outbox_events",
            "New accounts of which a provisioning hook has not heard: those that wait, and those given up.",
            labels=[*labels, "state"],
        )
        age = GaugeMetricFamily(
            "pobuca_outbox_oldest_seconds", "Seconds since the oldest of those that wait was written.", labels=labels
        )
        for each in backlog:
            events.add_metric([each.organization, each.hook, "waiting"], each.waiting)
            events.add_metric([each.organization, each.hook, "dead"], each.dead)
            if each.oldest is not None:
                age.add_metric([each.organization, each.hook], (self._clock.now() - each.oldest).total_seconds())
        yield from (events, age)

    def _outstanding(self) -> Metric:
        endings = GaugeMetricFamily(
            "pobuca_endings_outstanding", "Endings that were decided and of which applications have not been told yet."
        )
        endings.add_metric([], len(self._standings.endings(limit=_MOST_ENDINGS)))
        return endings


class ConfigurationCollector(Collector):
    """Whether the broker serves by the files of its configuration directory, and since when (threats CF-06)."""

    def __init__(self, state: Callable[[], ConfigurationState], clock: Clock) -> None:
        self._state = state
        self._clock = clock

    def collect(self) -> Iterator[Metric]:
        """As this process sees it; each worker looks for itself."""
        state, now = self._state(), self._clock.now()
        stale = state.stale_since
        for name, documentation, value in (
            ("current", "Whether the files are what serves: 1, or 0.", float(stale is None)),
            ("age_seconds", "Since what serves took effect.", (now - state.taken_at).total_seconds()),
            ("stale_seconds", "Since the files cannot be used.", (now - stale).total_seconds() if stale else 0.0),
            ("problems", "Errors in the files that cannot be used.", float(state.problems)),
        ):
            gauge = GaugeMetricFamily(f"pobuca_configuration_{name}", documentation)
            gauge.add_metric([], value)
            yield gauge


def _stage(organization: Organization, recorded: str) -> str:
    """A file's federation is enforced, whatever is recorded of it."""
    return "enforced" if organization.connection is not None else recorded
