"""The organisations as the files in ``config/organizations`` declare them."""

from __future__ import annotations

from collections.abc import Sequence

from broker.federation.configuration import Configuration
from broker.federation.model import EntraConnection, OrganizationConfig
from broker.federation.registry import own_connection
from broker.organizations import Organization


def declared(configuration: Configuration) -> Sequence[Organization]:
    """One value for each file."""
    return [_organization(configuration, config) for config in configuration.organizations]


def _organization(configuration: Configuration, config: OrganizationConfig) -> Organization:
    federation = config.federation
    trust = federation.connection if federation is not None else None
    connection = (
        own_connection(config.organization, trust.tenant_id, trust.kind) if isinstance(trust, EntraConnection) else None
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
        attributes=configuration.attributes(config.organization),
        rules=configuration.rules(config.organization),
        is_declared=connection is not None,
    )
