"""SCIM in, for the organisations whose files ask for it."""

from __future__ import annotations

from datetime import timedelta
from importlib.util import find_spec

from flask import Blueprint

from broker.composition.directory_side import DirectorySide
from broker.composition.surroundings import Surroundings
from broker.downstream.scim.endpoints import CLIENT_DOOR, ORGANIZATION_DOOR, create_blueprint
from broker.downstream.scim.tokens import ScimTokens
from broker.federation.load import Configuration
from broker.organizations import Organizations
from broker.provisioning.consulting import Consulting
from broker.provisioning.scim import ScimProvisioning
from broker.rate_limits import Limits, RateLimits

# Microsoft asks for 25 requests a second at most of an application that it provisions to.
_A_MINUTE = 6000


class ScimNotInstalled(Exception):
    """A file asks for SCIM and the extra is missing; the sentence says what to install."""


def scim_blueprint(
    configuration: Configuration,
    organizations: Organizations,
    side: DirectorySide,
    hooks: Consulting,
    around: Surroundings,
) -> Blueprint | None:
    """The endpoints; None where no organisation asks for them, and then nothing of the extra is loaded.

    Raises ``ScimNotInstalled``, and ``ValueError`` for a token that is too short.
    """
    wanted = {each.organization: each.scim for each in configuration.organizations if each.scim is not None}
    if not wanted:
        return None
    if find_spec("scim2_server") is None:
        raise ScimNotInstalled("scim needs the extra of that name: pip install 'pobuca-broker[scim]'")
    secrets = {
        name: [configuration.secret(token) for token in (scim.token, scim.previous_token) if token is not None]
        for name, scim in wanted.items()
    }
    minute = timedelta(minutes=1)
    limits = {
        CLIENT_DOOR: Limits(minute, _A_MINUTE, _A_MINUTE, _A_MINUTE, 10 * _A_MINUTE),
        ORGANIZATION_DOOR: Limits(minute, _A_MINUTE, _A_MINUTE, _A_MINUTE, 10 * _A_MINUTE),
    }
    records = around.records
    provisioning = ScimProvisioning(
        records.scim,
        records.directory,
        organizations,
        side.endings,
        hooks,
        records.audit,
        around.clock,
        around.entropy,
    )
    return create_blueprint(
        provisioning,
        ScimTokens(secrets),
        RateLimits(around.state, around.clock, limits),
        configuration.broker.public_url,
    )
