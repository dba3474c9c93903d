"""The simulated world as it is when the simulator starts (entra-id reference 8.2)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from broker.demo.entra.contents import Contents
from broker.demo.entra.directory import SimulatedDirectory
from broker.demo.entra.model import (
    CONSUMER_TENANT_ID,
    USUAL_SCOPES,
    AppRegistration,
    ClientSecret,
    Domain,
    ServicePrincipal,
    Tenant,
)
from broker.demo.entra.seed_groups import GROUPS
from broker.demo.entra.seed_users import ATTACKER, CYCLADES, TENANT_A, TENANT_B, USERS

CLIENT_ID: Final = "5a27bf0b-cdae-4cd1-a308-f8f920c3bf4f"
CLIENT_SECRET: Final = "simulated-secret"

TENANTS: Final = (
    Tenant(
        TENANT_A,
        "Aegean Foods",
        (
            Domain("aegeanfoods.example", is_default=True),
            Domain("aegeanfoods.onmicrosoft.com", is_initial=True),
        ),
        purpose="An administrator has consented for everybody; users must be assigned to the application.",
    ),
    Tenant(
        TENANT_B,
        "Helios Shipping",
        (
            Domain("helios-shipping.example", is_default=True),
            Domain("heliosshipping.onmicrosoft.com", is_initial=True),
        ),
        purpose="Another organization. Everybody consents for themselves at the first sign-in.",
    ),
    Tenant(
        ATTACKER,
        "Evil Olives",
        (
            Domain("evil-olives.example", is_default=True),
            Domain("evilolives.onmicrosoft.com", is_initial=True),
        ),
        purpose="A stranger's tenant. Its people carry addresses of Aegean Foods that nobody verified.",
    ),
    Tenant(
        CYCLADES,
        "Cyclades Ferries",
        (
            Domain("cyclades-ferries.example", is_default=True),
            Domain("cycladesferries.onmicrosoft.com", is_initial=True),
        ),
        user_consent_allowed=False,
        purpose="Nobody has consented yet, and only an administrator may.",
    ),
    Tenant(
        CONSUMER_TENANT_ID,
        "Personal Microsoft accounts",
        (Domain("outlook.example", is_default=True, is_initial=True),),
        region="WW",
        purpose="Where every personal account lives.",
    ),
)


def seeded_directory(
    *,
    client_secret: str = CLIENT_SECRET,
    redirect_uris: Iterable[str] = (),
    client_id: str = CLIENT_ID,
    front_channel_logout_url: str | None = None,
    application_permissions: Iterable[str] = (),
) -> SimulatedDirectory:
    """A directory with the tenants, people and groups of the documentation, and one registered application."""
    contents = Contents()
    contents.tenants = {tenant.tenant_id: tenant for tenant in TENANTS}
    contents.users = {user.key: user for user in USERS}
    contents.groups = {group.group_id: group for group in GROUPS}
    contents.registrations[client_id] = AppRegistration(
        client_id,
        "Pobuca",
        redirect_uris=tuple(redirect_uris),
        front_channel_logout_url=front_channel_logout_url,
        application_permissions=frozenset(application_permissions),
        secrets=(ClientSecret(client_secret),),
        home_tenant_id=TENANT_A,
    )
    for principal in (
        ServicePrincipal(client_id, TENANT_A, assignment_required=True, tenant_wide_scopes=USUAL_SCOPES),
        ServicePrincipal(client_id, TENANT_B),
        ServicePrincipal(client_id, ATTACKER),
    ):
        seeded = replace(principal, object_id=str(uuid.uuid5(uuid.UUID(principal.tenant_id), client_id)))
        contents.service_principals[principal.client_id, principal.tenant_id] = seeded
    return SimulatedDirectory(contents)
