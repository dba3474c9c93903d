"""Values that many tests need: one organisation, one person, and small changes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from broker.admission import Gate
from broker.claims.rules import AttributeRule
from broker.clock import ManualClock
from broker.identity import Account, Authentication, Subject
from broker.messages import LoginRequest
from broker.organizations import Connection, Organization, Organizations

NOW = datetime(2026, 11, 21, 22, 26, 40, tzinfo=UTC)
TENANT_A = "5b5e363c-6ca9-4f41-8070-9565fe497145"
TENANT_B = "705bad33-ba4a-40ee-8ef9-2eb1e60b7b83"
ELENI = Subject.entra(TENANT_A, "ddf3fc9b-9383-4d9f-bb1c-122bf6d836c8")



def rows(**sources: tuple[str, ...]) -> Mapping[str, AttributeRule]:
    """A table that fills fields once, from these sources."""
    return {field: AttributeRule(field, each) for field, each in sources.items()}


AEGEAN = Organization(
    name="aegean-foods",
    display_name="Aegean Foods",
    plan="enterprise",
    domains=("aegeanfoods.example",),
    connection=Connection("entra:aegean-foods", "entra-oidc", "entra", "aegean-foods", TENANT_A),
    attributes=rows(
        first_name=("graph.givenName", "id_token.given_name"),
        last_name=("graph.surname", "id_token.family_name"),
        display_name=("graph.displayName", "id_token.name"),
        email=("graph.mail", "graph.userPrincipalName", "id_token.email", "id_token.preferred_username"),
        job_title=("graph.jobTitle",),
        work_phone=("graph.businessPhones",),
        language=("graph.preferredLanguage",),
    ),
)
HELIOS = Organization(
    name="helios-shipping",
    display_name="Helios Shipping",
    plan="enterprise",
    domains=("helios-shipping.example",),
    connection=Connection("entra:helios-shipping", "entra-oidc", "entra", "helios-shipping", TENANT_B),
    attributes=AEGEAN.attributes,
)
LOCAL = Organization(
    name="corner-shop", display_name="Corner Shop", plan="standard", domains=("cornershop.example",), connection=None
)


class FixedOrganizations:
    """The ``Organizations`` port over a few given values."""

    def __init__(self, organizations: Sequence[Organization] = (AEGEAN, HELIOS, LOCAL)) -> None:
        self._organizations = tuple(organizations)

    def current(self) -> FixedOrganizations:
        return self

    def get(self, name: str) -> Organization | None:
        return next((o for o in self._organizations if o.name == name), None)

    def owning_domain(self, domain: str) -> Organization | None:
        return next(
            (o for o in self._organizations for d in o.domains if domain == d or domain.endswith("." + d)), None
        )

    def bound_to_tenant(self, tenant_id: str) -> Organization | None:
        return next((o for o in self._organizations if o.connection and o.connection.tenant_id == tenant_id), None)

    def connection(self, name: str) -> Connection | None:
        every = [*self.shared_connections(), *(o.connection for o in self._organizations if o.connection)]
        return next((c for c in every if c.name == name), None)

    def shared_connections(self) -> Sequence[Connection]:
        return (Connection("entra", "entra-oidc", "entra"),)

    def all(self) -> Sequence[Organization]:
        return self._organizations


def fixed_gate(organizations: Organizations | None = None) -> Gate:
    """The gate over given values, at ``NOW``."""
    return Gate(organizations or FixedOrganizations(), ManualClock(NOW))


def authentication(**changes: Any) -> Authentication:
    """Eleni, a moment ago, through her organisation's connection."""
    base = Authentication(
        subject=ELENI,
        connection="entra:aegean-foods",
        organization="aegean-foods",
        issuer=f"https://login.microsoftonline.com/{TENANT_A}/v2.0",
        issued_at=NOW,
        authenticated_at=NOW - timedelta(seconds=5),
        acr="urn:pobuca:acr:directory",
        amr=(),
        claims={},
        is_guest=False,
        email="eleni.markou@aegeanfoods.example",
        login_names=("eleni.markou@aegeanfoods.example",),
        email_owner_verified=True,
    )
    return replace(base, **changes)


def account(**changes: Any) -> Account:
    """Eleni's account."""
    base = Account(
        id="0a6f4d57-3f5e-4a3e-9a0e-6d1b8f6f0001",
        organization="aegean-foods",
        subject=ELENI,
        email="eleni.markou@aegeanfoods.example",
        email_domain="aegeanfoods.example",
        email_verified=True,
        first_name="Eleni",
        last_name="Markou",
        display_name="Eleni Markou",
        role="editor",
        created_at=NOW,
        attributes={"job_title": "Buyer"},
        attribute_sources={"job_title": "graph.jobTitle"},
    )
    return replace(base, **changes)


def login_request(**changes: Any) -> LoginRequest:
    """An application that asks for anybody."""
    return replace(LoginRequest(responder="oidc", party="sample", party_name="Sample", reply="{}"), **changes)
