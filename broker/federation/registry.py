"""One reading of the configuration, as the organisations and connections that flows look up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from broker.federation.attributes import BUILT_IN, merged
from broker.federation.configuration import Configuration
from broker.federation.model import OrganizationConfig
from broker.organizations import Connection, Organization

ENTRA: Final = "entra"  # the one app registration at Entra; also the name of its shared connection
ENTRA_OIDC: Final = "entra-oidc"


class Registry:
    """The ``Organizations`` port. Every lookup is by dictionary, however many organisations there are."""

    def __init__(self, configuration: Configuration) -> None:
        organizations = [_organization(config) for config in configuration.organizations]
        self._shared = (Connection(ENTRA, ENTRA_OIDC, ENTRA),)
        self._all = tuple(organizations)
        self._by_name = {organization.name: organization for organization in organizations}
        self._by_domain = {domain: organization for organization in organizations for domain in organization.domains}
        own = [(o, o.connection) for o in organizations if o.connection is not None]
        self._by_tenant = {connection.tenant_id: organization for organization, connection in own}
        self._connections = {connection.name: connection for connection in self._shared}
        self._connections |= {connection.name: connection for _, connection in own}

    def get(self, name: str) -> Organization | None:
        return self._by_name.get(name)

    def owning_domain(self, domain: str) -> Organization | None:
        """The organisation of the domain or of the nearest domain above it (threats FE-13)."""
        while domain:
            owner = self._by_domain.get(domain)
            if owner is not None:
                return owner
            domain = domain.partition(".")[2]
        return None

    def bound_to_tenant(self, tenant_id: str) -> Organization | None:
        return self._by_tenant.get(tenant_id)

    def connection(self, name: str) -> Connection | None:
        return self._connections.get(name)

    def shared_connections(self) -> Sequence[Connection]:
        return self._shared

    def all(self) -> Sequence[Organization]:
        return self._all


def _organization(config: OrganizationConfig) -> Organization:
    federation = config.federation
    connection: Connection | None = None
    if federation is not None:
        trust = federation.connection
        connection = Connection(
            f"{ENTRA}:{config.organization}", trust.kind, ENTRA, config.organization, trust.tenant_id
        )
    return Organization(
        name=config.organization,
        display_name=config.display_name,
        plan=config.plan,
        domains=tuple(config.domains),
        connection=connection,
        guests_admitted=federation is not None and federation.guests == "admit",
        default_role=federation.default_role if federation is not None else "editor",
        default_language=config.language,
        attributes=merged(federation.attributes) if federation is not None else BUILT_IN,
    )
