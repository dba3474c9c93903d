"""The token endpoint: the client proves itself, then the grant type that it asks for answers (RFC 6749 section 3.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from structlog.contextvars import bind_contextvars

from broker.downstream.oidc import client_authentication
from broker.downstream.oidc.errors import TokenRefused
from broker.downstream.oidc.parameters import Parameters
from broker.downstream.oidc.parties import RelyingParties, RelyingParty


class GrantType(Protocol):
    """One way to tokens."""

    def answer(self, party: RelyingParty, parameters: Parameters) -> dict[str, Any]:
        """The members of the positive answer to a client that has proved itself; raises ``TokenRefused``."""
        ...


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """Answers token requests. ``grant_types``: all that there are, by their names (threats DO-10)."""

    parties: RelyingParties
    grant_types: Mapping[str, GrantType]

    def answer(self, parameters: Parameters, authorization: str | None) -> dict[str, Any]:
        """The members of the positive answer; raises ``TokenRefused``."""
        party = authenticated(self.parties, parameters, authorization)
        name = parameters.get("grant_type")
        if name is None:
            raise TokenRefused("invalid_request", "params", "grant_type is required.")
        grant_type = self.grant_types.get(name)
        if grant_type is None:
            known = ", ".join(self.grant_types)
            raise TokenRefused("unsupported_grant_type", "grant", f"grant_type is one of {known}.")
        if name not in party.grant_types:
            raise TokenRefused("unauthorized_client", "grant", "The client is not registered for this grant_type.")
        return grant_type.answer(party, parameters)


def authenticated(parties: RelyingParties, parameters: Parameters, authorization: str | None) -> RelyingParty:
    """The client of a request whose parameters are fit to be read; raises ``TokenRefused``."""
    if parameters.too_long or parameters.repeated or parameters.in_query:
        raise TokenRefused("invalid_request", "params", "A parameter is repeated, too long, or in the query.")
    party = client_authentication.authenticate(parties, parameters, authorization)
    bind_contextvars(client=party.client_id)
    return party
