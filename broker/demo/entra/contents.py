"""Everything that a simulated directory knows."""

from __future__ import annotations

from dataclasses import dataclass, field

from broker.demo.entra.model import AppRegistration, Group, ServicePrincipal, Tenant, User


@dataclass(slots=True)
class Contents:
    """Everything a directory knows; values are frozen, so a shallow copy of the collections is a full one."""

    tenants: dict[str, Tenant] = field(default_factory=dict)
    users: dict[tuple[str, str], User] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    registrations: dict[str, AppRegistration] = field(default_factory=dict)
    service_principals: dict[tuple[str, str], ServicePrincipal] = field(default_factory=dict)
    # (client, tenant, user) -> what the person has granted for themselves.
    consents: dict[tuple[str, str, str], frozenset[str]] = field(default_factory=dict)

    def copy(self) -> Contents:
        return Contents(
            dict(self.tenants),
            dict(self.users),
            dict(self.groups),
            dict(self.registrations),
            dict(self.service_principals),
            dict(self.consents),
        )
