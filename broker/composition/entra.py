"""Microsoft Entra ID upstream: how it is reached, and its connector."""

from __future__ import annotations

from datetime import timedelta

from broker.composition.surroundings import Surroundings, ca_bundle
from broker.federation.load import Configuration
from broker.http_client import HttpClient
from broker.organizations import Organizations
from broker.upstream.entra_oidc.client_assertion import ClientCredential
from broker.upstream.entra_oidc.connector import EntraOidcConnector
from broker.upstream.entra_oidc.memory import EntraMemory
from broker.upstream.entra_oidc.settings import EntraOidcSettings


def http_client(configuration: Configuration) -> HttpClient:
    """Requests to the world as ``outbound`` of broker.yaml permits them, to Entra and to applications alike."""
    outbound = configuration.broker.outbound
    return HttpClient(
        allowed_private_addresses=outbound.allowed_private_addresses,
        ca_bundle=str(bundle) if (bundle := ca_bundle(configuration)) else None,
        timeout=timedelta(seconds=outbound.timeout_seconds),
    )


def entra_connector(
    configuration: Configuration,
    organizations: Organizations,
    http: HttpClient,
    credential: ClientCredential,
    around: Surroundings,
    memory: EntraMemory | None = None,
) -> EntraOidcConnector:
    """The connector of every organisation whose people come in with Microsoft. ``memory``: what is remembered already
    of the same host, by the same client.
    """
    settings = configuration.broker
    return EntraOidcConnector(
        EntraOidcSettings.of(settings.entra),
        credential,
        organizations,
        http,
        around.clock,
        public_url=settings.public_url,
        memory=memory,
    )
