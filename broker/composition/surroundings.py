"""What the broker stands on: time, randomness and the two stores, at the places that the configuration names."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from broker.clock import Clock, SystemClock
from broker.composition.lost_rules import require_rules_kept
from broker.entropy import Entropy, SystemEntropy
from broker.federation.declared import declared
from broker.federation.high_water import HighWater
from broker.federation.live import LiveOrganizations
from broker.federation.load import Configuration
from broker.federation.model import SqliteStore
from broker.federation.reconciling import Notice, reconcile, require_not_rolled_back
from broker.membership.hashing import PasswordHashing
from broker.reloading.served import keep_served
from broker.store import opening
from broker.store.directory import Directory
from broker.store.records import Records
from broker.store.state import StateStore


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the broker stands on: time, randomness, its two stores, and what work a password costs."""

    clock: Clock
    entropy: Entropy
    state: StateStore
    records: Records
    hashing: PasswordHashing = field(default_factory=PasswordHashing)

    @property
    def directory(self) -> Directory:
        return self.records.directory

    @property
    def high_water(self) -> HighWater:
        """What is remembered of the records outside of them (threats FE-18)."""
        return HighWater(self.state, self.records.federations.generation)

    def close(self) -> None:
        self.state.close()
        self.records.close()

    @classmethod
    def of(
        cls, configuration: Configuration, *, clock: Clock | None = None, entropy: Entropy | None = None
    ) -> Surroundings:
        """The machine's own clock and generator unless given, and the configured stores, opened and not migrated."""
        clock = clock or SystemClock()
        state = opening.open_state(clock=clock, **_state_place(configuration))
        return cls(clock, entropy or SystemEntropy(), state, open_records(configuration))


def prepare_stores(
    configuration: Configuration, clock: Clock, *, accept_rollback: bool = False
) -> Sequence[Notice]:
    """Brings both stores into a state that the workers can use, once, before they start; what an operator should know.

    Raises ``StoreUnsuitable``, ``StateUnavailable``, ``DirectoryUnavailable``, or ``NotReconciled``.
    """
    opening.prepare_directory(**_directory_place(configuration))
    evicting = opening.prepare_state(clock=clock, **_state_place(configuration))
    notices = [Notice("store_warning", "evicted", evicting)] if evicting is not None else []
    with closing(Surroundings.of(configuration, clock=clock)) as around:
        records, known = around.records, around.high_water
        notices += require_not_rolled_back(
            known, records.federations, records.audit, clock, accept=accept_rollback
        )
        notices += require_rules_kept(configuration, around.state, records, clock, accept=accept_rollback)
        notices += reconcile(declared(configuration), records.federations, records.audit, clock)
        known.see(records.federations.generation())
        keep_served(around.state, configuration)
    return notices


def open_records(configuration: Configuration) -> Records:
    """Everything in the configured directory."""
    return opening.open_records(**_directory_place(configuration))


def live_organizations(configuration: Configuration, around: Surroundings) -> LiveOrganizations:
    """Files and records read together, remembered outside of the records as far as they were seen."""
    return LiveOrganizations(declared(configuration), around.records.federations, around.high_water.see)


def ca_bundle(configuration: Configuration) -> Path | None:
    """The file of further certificate authorities to trust, beside the usual ones."""
    written = configuration.broker.outbound.ca_bundle
    return configuration.path(written) if written else None


def _state_place(configuration: Configuration) -> dict[str, Any]:
    store = configuration.broker.stores.state
    if isinstance(store, SqliteStore):
        return {"location": configuration.path(store.path)}
    return {
        "location": store.url,
        "username": store.username,
        "password": configuration.secret(store.password) if store.password else None,
        "ca_bundle": ca_bundle(configuration),
    }


def _directory_place(configuration: Configuration) -> dict[str, Any]:
    store = configuration.broker.stores.directory
    if isinstance(store, SqliteStore):
        return {"location": configuration.path(store.path)}
    return {
        "location": store.url,
        "password": configuration.secret(store.password) if store.password else None,
    }
