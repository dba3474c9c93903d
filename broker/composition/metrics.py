"""What Prometheus is told."""

from __future__ import annotations

from broker.composition.keys import entra_credential_ends_at
from broker.composition.surroundings import Surroundings, live_organizations
from broker.federation.load import Configuration
from broker.metrics import FederationCollector


def federation_metrics(configuration: Configuration, around: Surroundings) -> FederationCollector:
    """What Prometheus reads of the records."""
    return FederationCollector(
        live_organizations(configuration, around),
        around.records.federations,
        around.records.standings,
        around.records.outbox,
        around.clock,
        entra_credential_ends_at(configuration),
    )
