"""Token revocation (RFC 7009): a client gives back what it was given.

The answer is the same whether or not there was something to revoke, so that nobody learns of others' tokens
(threats DO-23).
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from broker.downstream.oidc.api_tokens import ApiTokens
from broker.downstream.oidc.errors import TokenRefused
from broker.downstream.oidc.grants import Grants
from broker.downstream.oidc.parameters import Parameters
from broker.downstream.oidc.parties import RelyingParties, RelyingParty
from broker.downstream.oidc.refresh_families import RefreshFamilies
from broker.downstream.oidc.token_endpoint import authenticated

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RevocationEndpoint:
    """Ends tokens of the client that asks."""

    parties: RelyingParties
    grants: Grants
    families: RefreshFamilies
    api_tokens: ApiTokens

    def answer(self, parameters: Parameters, authorization: str | None) -> None:
        """Returns when the token, if it is this client's, is of no use any more; raises ``TokenRefused``.

        A refresh token takes its whole grant with it (section 2.1), a spent one too: it is given back because the
        person is done. An access token goes alone. ``token_type_hint`` is passed over.
        """
        party = authenticated(self.parties, parameters, authorization)
        token = parameters.get("token")
        if token is None:
            raise TokenRefused("invalid_request", "params", "token is required.")
        if (refresh := self.families.find(token)) is not None:
            if _is_own(party, refresh.client_id):
                self.grants.revoke(refresh.grant_id)
        elif (access := self.grants.access(token)) is not None:
            if _is_own(party, access.client_id):
                self.grants.drop_access_token(token)
        elif (api := self.api_tokens.find(token)) is not None and _is_own(party, api.client_id):
            self.api_tokens.drop(token)


def _is_own(party: RelyingParty, client_id: str) -> bool:
    if party.client_id != client_id:
        _log.warning("oauth_rejected", reason="introspect", detail="revocation of another client's token")
    return party.client_id == client_id
