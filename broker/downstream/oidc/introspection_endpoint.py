"""Token introspection (RFC 7662): whether a token is good now, for those who may know (threats DO-22, DO-23).

A token's own client may ask, and a resource server about access tokens of people whom it may serve. Whoever else asks
hears what everybody hears of a token that never was: it is not active. The gate is asked each time, so that a token
is inactive from the moment on at which the rules say no.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog

from broker import tracing
from broker.clock import epoch_seconds
from broker.downstream.oidc.api_tokens import ApiToken, ApiTokens
from broker.downstream.oidc.errors import ClientRefused, TokenRefused
from broker.downstream.oidc.grants import AccessGrant, Grants
from broker.downstream.oidc.parameters import Parameters
from broker.downstream.oidc.parties import RelyingParties, RelyingParty
from broker.downstream.oidc.refresh_families import RefreshFamilies, RefreshGrant
from broker.downstream.oidc.released import NotReleased, Releases
from broker.downstream.oidc.standing import NoLongerAdmitted, Standing, StandingPeople
from broker.downstream.oidc.subjects import Subjects
from broker.downstream.oidc.token_endpoint import authenticated

_INACTIVE: Final[Mapping[str, Any]] = {"active": False}
# Where our own API is, below the issuer: the audience of its tokens.
API_PATH: Final = "/api/v1"

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class IntrospectionEndpoint:
    """Answers with what a token stands for."""

    issuer: str
    parties: RelyingParties
    grants: Grants
    families: RefreshFamilies
    api_tokens: ApiTokens
    people: StandingPeople
    releases: Releases
    subjects: Subjects

    def answer(self, parameters: Parameters, authorization: str | None) -> Mapping[str, Any]:
        """The members of the answer; raises ``TokenRefused`` for a caller or a request that is no good.

        ``token_type_hint`` is passed over, as section 2.1 allows: no token of one kind is of another.
        """
        caller = authenticated(self.parties, parameters, authorization)
        if caller.authentication_method == "none":
            raise ClientRefused("a public client proves nothing")
        token = parameters.get("token")
        if token is None:
            raise TokenRefused("invalid_request", "params", "token is required.")
        access = self.grants.access(token)
        if access is not None:
            return self._of_person(caller, access, resource_servers_too=True)
        refresh = self.families.find(token)
        if refresh is not None and self.families.is_current(token, refresh):
            return self._of_person(caller, refresh, resource_servers_too=False)
        api = self.api_tokens.find(token)
        return self._of_client(caller, api) if api is not None else _INACTIVE

    def _of_person(
        self, caller: RelyingParty, given: AccessGrant | RefreshGrant, *, resource_servers_too: bool
    ) -> Mapping[str, Any]:
        party = self.parties.get(given.client_id)
        own = caller.client_id == given.client_id
        if not own and not (resource_servers_too and caller.introspects and _serves(caller, given.organization)):
            return _refused("of another client")
        if party is None:
            return _INACTIVE
        tracing.belongs_to(given.sign_in)
        tracing.hop(given.client_id, "introspected", by=caller.client_id)
        try:
            standing = self.people.admit(party, given)
            released = self._released(party, given, standing)
        except NoLongerAdmitted as no:
            _log.warning(no.event, reason=no.reason, detail=no.detail)
            return _INACTIVE
        except NotReleased as no:
            _log.warning("oauth_rejected", reason=no.reason, detail=no.detail)
            return _INACTIVE
        said: dict[str, Any] = {
            "active": True,
            "scope": " ".join(scope for scope in given.scopes if scope in party.scopes),
            "client_id": given.client_id,
            # In the words of whoever asks: a pairwise subject is nobody else's to know (section 2.2, "sub").
            "sub": self.subjects.subject(caller, given.account_id),
            "iss": self.issuer,
            "iat": epoch_seconds(given.issued_at),
            "exp": epoch_seconds(given.expires_at),
        }
        # What the protocol says of the token wins over whatever a rule says of the person.
        return {**released, **said, **({"token_type": "Bearer"} if isinstance(given, AccessGrant) else {})}

    def _released(
        self, party: RelyingParty, given: AccessGrant | RefreshGrant, standing: Standing
    ) -> Mapping[str, Any]:
        if not isinstance(given, AccessGrant):
            return {}
        return self.releases.for_access_token(party, standing.person, given.connection, given.scopes)

    def _of_client(self, caller: RelyingParty, token: ApiToken) -> Mapping[str, Any]:
        if caller.client_id != token.client_id:
            return _refused("of another client")
        scopes = [scope for scope in token.scopes if scope in caller.api_scopes]
        if not scopes:
            return _INACTIVE
        return {
            "active": True,
            "scope": " ".join(scopes),
            "client_id": token.client_id,
            "token_type": "Bearer",
            "aud": self.issuer + API_PATH,
            "iss": self.issuer,
            "iat": epoch_seconds(token.issued_at),
            "exp": epoch_seconds(token.expires_at),
        }


def _serves(caller: RelyingParty, organization: str) -> bool:
    return caller.organizations is None or organization in caller.organizations


def _refused(detail: str) -> Mapping[str, Any]:
    _log.warning("oauth_rejected", reason="introspect", detail=detail)
    return _INACTIVE
