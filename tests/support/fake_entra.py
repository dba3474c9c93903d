"""As much of Entra and Graph as the connector's own tests need, over a real socket, with keys of its own.

Everything it says can be changed between two calls. It checks nothing of what it is sent: tests look at what was
received.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from jwcrypto.jwk import JWK

from broker.clock import ManualClock, epoch_seconds
from broker.identity import CONSUMER_TENANT
from tests.support.https import Answer, LocalHttps, Received
from tests.support.jose import public, rsa_key, signed
from tests.support.people import ELENI, TENANT_A

CLIENT_ID = "5a27bf0b-cdae-4cd1-a308-f8f920c3bf4f"


def as_json(value: object, status: int = 200, **headers: str) -> Answer:
    return Answer(status, json.dumps(value).encode(), {"Content-Type": "application/json", **headers})


@dataclass
class FakeEntra:
    """``overrides``: path ends with this, so answer that."""

    server: LocalHttps
    clock: ManualClock
    nonce: str = "the-nonce"
    tenant: str = TENANT_A
    claims: dict[str, Any] = field(default_factory=dict)
    without: set[str] = field(default_factory=set)
    header: dict[str, Any] = field(default_factory=dict)
    key: JWK = field(default_factory=lambda: rsa_key("entra-1"))
    alg: str = "RS256"
    metadata: dict[str, Any] = field(default_factory=dict)
    keys: list[dict[str, Any]] = field(default_factory=list)
    tokens: dict[str, Any] = field(default_factory=dict)
    me: dict[str, Any] = field(default_factory=dict)
    overrides: dict[str, Callable[[Received], Answer]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        template = f"{self.server.origin}/{{tenantid}}/v2.0"
        self.keys = [
            public(rsa_key("entra-1"), issuer=template, cloud_instance_name="microsoftonline.com"),
            public(rsa_key("entra-2"), issuer=template, cloud_instance_name="microsoftonline.com"),
            public(rsa_key("msa-1"), issuer=self.issuer(CONSUMER_TENANT), cloud_instance_name="microsoftonline.com"),
            public(rsa_key("other-cloud-1"), issuer=template, cloud_instance_name="microsoftonline.us"),
        ]
        self.me = {
            "id": ELENI.identifier,
            "displayName": "Eleni Markou",
            "givenName": "Eleni",
            "surname": "Markou",
            "mail": "eleni.markou@aegeanfoods.example",
            "userPrincipalName": "eleni.markou@aegeanfoods.example",
            "jobTitle": "Buyer",
            "mobilePhone": None,
            "businessPhones": ["+30 210 0000000"],
            "accountEnabled": True,
            "userType": "Member",
        }
        self.server.respond_with(self.respond)

    def issuer(self, tenant: str) -> str:
        return f"{self.server.origin}/{tenant}/v2.0"

    def received(self, ending: str) -> list[Received]:
        return [received for received in self.server.received if received.path.endswith(ending)]

    def answer(self, ending: str, answer: Answer) -> None:
        self.overrides[ending] = lambda _: answer

    def respond(self, received: Received) -> Answer:
        for ending, override in self.overrides.items():
            if received.path.endswith(ending):
                return override(received)
        path = received.path.strip("/").split("/")
        if path[0] == "v1.0":
            return self._graph(received.path)
        if received.path.endswith("/openid-configuration"):
            return as_json(self.discovery(path[0]))
        if received.path.endswith("/keys"):
            return as_json({"keys": self.keys})
        if received.path.endswith("/token"):
            return as_json({**self.granted(), **self.tokens})
        return Answer(404)

    def discovery(self, authority: str) -> dict[str, Any]:
        base = f"{self.server.origin}/{authority}"
        issuer = self.issuer("{tenantid}") if authority == "organizations" else self.issuer(authority)
        return {
            "issuer": issuer,
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "cloud_instance_name": "microsoftonline.com",
            "tenant_region_scope": None,
            **self.metadata,
        }

    def granted(self) -> dict[str, Any]:
        return {
            "token_type": "Bearer",
            "scope": "openid profile email offline_access User.Read",
            "expires_in": 3599,
            "access_token": "opaque-access-token",
            "id_token": self.id_token(),
        }

    def id_token(self) -> str:
        header = {"typ": "JWT", "alg": self.alg, "kid": self.key["kid"], **self.header}
        return signed(self.key, json.dumps(header).encode(), json.dumps(self.said()).encode(), self.alg)

    def said(self) -> Mapping[str, Any]:
        now = epoch_seconds(self.clock.now())
        plain = {
            "aud": CLIENT_ID,
            "iss": self.issuer(self.tenant),
            "iat": now - 300,
            "nbf": now - 300,
            "exp": now + 3600,
            "auth_time": now - 20,
            "acct": 0,
            "aio": "opaque",
            "email": "eleni.markou@aegeanfoods.example",
            "login_hint": "O.opaque-hint",
            "name": "Eleni Markou",
            "nonce": self.nonce,
            "oid": ELENI.identifier,
            "preferred_username": "Eleni.Markou@aegeanfoods.example",
            "sid": "00a1b2c3-7f54-4c2e-9a1d-5d0e6f708192",
            "sub": "m-K-cydw0xteGY0JiFnZi_TmOMdsphyWxwldQz0GjEw",
            "tid": self.tenant,
            "uti": "Cr7LygZqdq7t1R7TkQmMIw",
            "ver": "2.0",
            "xms_edov": True,
        }
        return {name: value for name, value in {**plain, **self.claims}.items() if name not in self.without}

    def _graph(self, path: str) -> Answer:
        if path == "/v1.0/me":
            return as_json(self.me)
        if path == "/v1.0/me/getMemberObjects":
            return as_json({"value": [f"group-{number}" for number in range(217)]})
        return as_json({"error": {"code": "ImageNotFound", "message": "none"}}, 404)
