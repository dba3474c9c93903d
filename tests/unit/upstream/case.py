"""The connector before its fake upstream."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from broker.clock import ManualClock
from broker.http_client import HttpClient
from broker.identity import Authentication, Secret
from broker.messages import Transaction, UpstreamAnswer
from broker.upstream.entra_oidc.client_assertion import ClientSecret
from broker.upstream.entra_oidc.connector import EntraOidcConnector
from broker.upstream.entra_oidc.settings import EntraOidcSettings
from tests.support.fake_entra import CLIENT_ID, FakeEntra
from tests.support.https import LocalHttps
from tests.support.people import NOW, TENANT_A, FixedOrganizations, login_request

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"


def transaction(**changes: Any) -> Transaction:
    """Eleni's organisation, a moment ago."""
    base = Transaction(
        request=login_request(),
        browser_digest="digest",
        cookie_suffix="suffix",
        connection="entra:aegean-foods",
        organization="aegean-foods",
        tenant_id=TENANT_A,
        nonce="the-nonce",
        code_verifier=VERIFIER,
        redirect_uri="https://broker.example/upstream/entra/callback",
        started_at=NOW,
        expires_at=NOW + timedelta(minutes=10),
    )
    return replace(base, **changes)


def through_organizations(**changes: Any) -> Transaction:
    """The same through the authority of all work accounts, before the organisation is known."""
    return transaction(**{"connection": "entra", "organization": None, "tenant_id": None, **changes})


class Case:
    """A connector, its upstream, and the two steps between them."""

    def __init__(self, server: LocalHttps, http: HttpClient) -> None:
        self.clock = ManualClock(NOW)
        self.http = http
        self.entra = FakeEntra(server, self.clock)
        self.organizations = FixedOrganizations()
        self.connector = self.connect()

    def connect(self, **settings: Any) -> EntraOidcConnector:
        chosen = EntraOidcSettings(
            authority_host=self.entra.server.origin,
            graph_host=self.entra.server.origin,
            client_id=CLIENT_ID,
            authentication_contexts={"urn:example:strong": "c1", "urn:example:stronger": "c2"},
        )
        self.connector = EntraOidcConnector(
            replace(chosen, **settings),
            ClientSecret(Secret("the-secret")),
            self.organizations,
            self.http,
            self.clock,
            public_url="https://broker.example",
            background=lambda work: work(),
        )
        return self.connector

    def finish(self, of: Transaction | None = None, **answer: Any) -> Authentication:
        given = answer or {"code": "the-code"}
        return self.connector.finish(of or transaction(), UpstreamAnswer(state="state", **given))
