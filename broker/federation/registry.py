"""One reading of the organisations and their connections, as flows look them up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from broker.organizations import BREAK_GLASS, PASSWORD, Connection, Organization

ENTRA: Final = "entra"  # the one app registration at Entra; also the name of its shared connection
ENTRA_OIDC: Final = "entra-oidc"

# Those whose organisation is not known beforehand, in the order in which the sign-in page offers them.
SHARED: Final = (Connection(ENTRA, ENTRA_OIDC, ENTRA), Connection(PASSWORD, PASSWORD, PASSWORD))

# Of every organisation as well, but offered to nobody.
NEVER_OFFERED: Final = Connection(BREAK_GLASS, BREAK_GLASS, BREAK_GLASS)


def connection_name(organization: str) -> str:
    """The name of an organisation's own connection, also while it is still being set up."""
    return f"{ENTRA}:{organization}"


def own_connection(organization: str, tenant_id: str, kind: str = ENTRA_OIDC) -> Connection:
    """The trust of an organisation with its tenant."""
    return Connection(connection_name(organization), kind, ENTRA, organization, tenant_id)


class Registry:
    """The ``Organizations`` port over values. Every lookup is by dictionary, however many organisations there are."""

    def __init__(self, organizations: Sequence[Organization]) -> None:
        self._all = tuple(organizations)
        self._by_name = {organization.name: organization for organization in organizations}
        self._by_domain = {domain: organization for organization in organizations for domain in organization.domains}
        own = [(o, o.connection) for o in organizations if o.connection is not None]
        self._by_tenant = {connection.tenant_id: organization for organization, connection in own}
        self._connections = {connection.name: connection for connection in (*SHARED, NEVER_OFFERED)}
        self._connections |= {connection.name: connection for _, connection in own}

    def current(self) -> Registry:
        return self

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
        return SHARED

    def all(self) -> Sequence[Organization]:
        return self._all
