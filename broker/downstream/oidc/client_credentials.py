"""A client's own credentials for an access token to our API (RFC 6749 section 4.4). No person is in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from broker.doors import harmless
from broker.downstream.oidc.api_tokens import ApiTokens
from broker.downstream.oidc.errors import TokenRefused
from broker.downstream.oidc.parameters import Parameters
from broker.downstream.oidc.parties import RelyingParty


@harmless("lets an application act in its own name, and nobody else")
@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """``grant_type=client_credentials``, for clients whose file names ``api_scopes``; a public client has none."""

    api_tokens: ApiTokens

    def answer(self, party: RelyingParty, parameters: Parameters) -> dict[str, Any]:
        """The members of the positive answer; raises ``TokenRefused``. Never a refresh token (section 4.4.3)."""
        asked = parameters.get("scope")
        wanted = party.api_scopes if asked is None else frozenset(asked.split(" ")) - {""}
        if not wanted or not wanted <= party.api_scopes:
            raise TokenRefused("invalid_scope", "scope", "scope is more than the client is registered for.")
        scopes = tuple(sorted(wanted))
        return {
            "access_token": self.api_tokens.make(party, scopes),
            "token_type": "Bearer",
            "expires_in": int(self.api_tokens.lifetime.total_seconds()),
            "scope": " ".join(scopes),
        }
