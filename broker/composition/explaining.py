"""What is kept of sign-ins, so that they can be explained: who writes it, and who reads it."""

from __future__ import annotations

from datetime import timedelta

from broker.composition.keys import derived
from broker.composition.surroundings import Surroundings
from broker.entropy import SystemEntropy
from broker.explaining.pseudonyms import Pseudonyms
from broker.explaining.recorder import MOST_BYTES, Recorder
from broker.explaining.redaction import Redaction
from broker.explaining.sign_ins import RecordedSignIns
from broker.federation.load import Configuration
from broker.jose.record_sealing import RecordSealer
from broker.organizations import Organizations
from broker.web.explaining import ExplainingPorts
from broker.web.own_pages import OWN_PARTY, Visitors


def recorder(configuration: Configuration, around: Surroundings) -> Recorder:
    """Writes what is recorded of each request."""
    pseudonyms = Pseudonyms(derived(configuration, "pseudonyms"))
    redaction = Redaction(pseudonyms, configuration.broker.explain.keep_claims, str(configuration.directory))
    return Recorder(around.state, _sealing(configuration), redaction, around.clock, _keep(configuration))


def recorded_sign_ins(configuration: Configuration, around: Surroundings) -> RecordedSignIns:
    """Reads it."""
    return RecordedSignIns(around.state, _sealing(configuration), around.clock, _keep(configuration))


def explaining_ports(
    configuration: Configuration, around: Surroundings, organizations: Organizations, visitors: Visitors
) -> ExplainingPorts:
    """What administrators' pages of it stand on."""
    names = {party.client_id: party.display_name for party in configuration.relying_parties}
    return ExplainingPorts(
        sign_ins=recorded_sign_ins(configuration, around),
        visitors=visitors,
        organizations=organizations,
        audit=around.records.audit,
        clock=around.clock,
        applications={OWN_PARTY: "Pobuca", **names},
    )


def _sealing(configuration: Configuration) -> RecordSealer:
    # The system's own randomness even where another is given: records are written while other requests draw from that.
    return RecordSealer(derived(configuration, "explained"), MOST_BYTES, SystemEntropy())


def _keep(configuration: Configuration) -> timedelta:
    return timedelta(days=configuration.broker.explain.keep_days)
