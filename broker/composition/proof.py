"""The proof of enforcement: what tries every door, and the twin beside which it tries them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from broker.composition.surroundings import Surroundings
from broker.federation.load import Configuration
from broker.federation.registry import Registry
from broker.mail import Mailer
from broker.organizations import Organizations
from broker.proof import NotRecorded, ProofOfEnforcement, ProofPorts
from broker.proving.probe import Client as ProbeClient
from broker.provisioning.hooks import Hooks, NoHooks
from broker.web.wire import Application


class CreateApp(Protocol):
    """``broker.app.create_app``, which stands above this package and is handed in."""

    def __call__(
        self,
        configuration: Configuration,
        surroundings: Surroundings,
        *,
        organizations: Organizations,
        mailer: Mailer,
        hooks: Hooks,
    ) -> Application: ...


def proof_of_enforcement(
    configuration: Configuration, organizations: Organizations, around: Surroundings, create_app: CreateApp
) -> ProofOfEnforcement:
    """What tries every door of this broker for one organisation; ``create_app`` makes the twin."""
    settings = configuration.broker

    def create_twin(others: Organizations, mailer: Mailer) -> Application:
        unrecorded = replace(around, records=replace(around.records, audit=NotRecorded()))
        return create_app(configuration, unrecorded, organizations=others, mailer=mailer, hooks=NoHooks())

    return ProofOfEnforcement(
        ProofPorts(
            organizations=organizations,
            make_reading=Registry,
            probes=around.records.probes,
            audit=around.records.audit,
            hashing=around.hashing,
            clock=around.clock,
            entropy=around.entropy,
            create_twin=create_twin,
            clients=_confidential_clients(configuration),
            public_url=settings.public_url,
            authority_host=settings.entra.authority_host,
        )
    )


def _confidential_clients(configuration: Configuration) -> Sequence[ProbeClient]:
    """The applications in whose name a proof can ask for tokens, since the configuration names their secrets."""
    return [
        ProbeClient(
            client_id=party.client_id,
            secret=configuration.secret(party.client_secret).reveal(),
            method=party.token_endpoint_auth_method,
            redirect_uri=party.redirect_uris[0] if party.redirect_uris else None,
            scopes=party.scopes,
            api_scopes=party.api_scopes,
            organizations=party.organizations,
        )
        for party in configuration.relying_parties
        if party.client_secret is not None
    ]
