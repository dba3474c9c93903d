"""What is kept of sign-ins, so that they can be explained: who writes it, and who reads it."""

from __future__ import annotations

from datetime import timedelta

from broker.composition.keys import derived
from broker.composition.surroundings import Surroundings
from broker.explaining.pseudonyms import Pseudonyms
from broker.explaining.recorder import Recorder
from broker.explaining.redaction import Redaction
from broker.explaining.sign_ins import RecordedSignIns
from broker.federation.load import Configuration
from broker.jose.bound_sealing import BoundSealer


def recorder(configuration: Configuration, around: Surroundings) -> Recorder:
    """Writes what is recorded of each request."""
    redaction = Redaction(
        Pseudonyms(derived(configuration, "pseudonyms")), configuration.broker.explain.keep_claims
    )
    return Recorder(around.state, _sealing(configuration), redaction, around.clock, _keep(configuration))


def recorded_sign_ins(configuration: Configuration, around: Surroundings) -> RecordedSignIns:
    """Reads it."""
    return RecordedSignIns(around.state, _sealing(configuration), around.clock, _keep(configuration))


def _sealing(configuration: Configuration) -> BoundSealer:
    return BoundSealer(derived(configuration, "explained"))


def _keep(configuration: Configuration) -> timedelta:
    return timedelta(days=configuration.broker.explain.keep_days)
