"""The UserInfo endpoint (OpenID Connect Core 5.3): the claims of the token's person, as they are now."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from structlog.contextvars import bind_contextvars

from broker import tracing
from broker.downstream.oidc.errors import BearerRefused
from broker.downstream.oidc.grants import AccessGrant, Grants
from broker.downstream.oidc.parameters import Parameters
from broker.downstream.oidc.parties import RelyingParties, RelyingParty
from broker.downstream.oidc.released import NotReleased, Releases
from broker.downstream.oidc.standing import NoLongerAdmitted, Standing, StandingPeople
from broker.downstream.oidc.subjects import Subjects

# RFC 6750 section 2.1, ``b64token``.
_BEARER: Final = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*)", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class UserInfoEndpoint:
    """Answers with claims."""

    parties: RelyingParties
    grants: Grants
    people: StandingPeople
    releases: Releases
    subjects: Subjects

    def answer(self, query: Parameters, form: Parameters, authorization: str | None) -> dict[str, Any]:
        """The members of the answer; raises ``BearerRefused``."""
        access = self.grants.access(bearer_token(query, form, authorization))
        party = self.parties.get(access.client_id) if access is not None else None
        if access is None or party is None:
            raise BearerRefused("invalid_token", "access_token", "The access token is not valid.")
        bind_contextvars(client=party.client_id)
        tracing.belongs_to(access.sign_in)
        tracing.hop(party.client_id, "userinfo_asked", scopes=" ".join(access.scopes))
        if "openid" not in access.scopes:  # A refresh may have asked for less than was granted.
            raise BearerRefused("insufficient_scope", "scope", "The access token is not for the openid scope.")
        standing = self._admit(party, access)
        said = self._claims(party, access, standing)
        return {"sub": self.subjects.subject(party, access.account_id), **said}

    def _claims(self, party: RelyingParty, access: AccessGrant, standing: Standing) -> dict[str, Any]:
        try:
            return self.releases.for_userinfo(
                party, standing.person, access.connection, access.scopes, access.userinfo_claims
            )
        except NotReleased as no:
            # RFC 6750 section 3.1 has no word for it but that the token is invalid "for other reasons".
            said = "The claims of this person could not be made."
            raise BearerRefused("invalid_token", no.reason, said, detail=no.detail) from no

    def _admit(self, party: RelyingParty, access: AccessGrant) -> Standing:
        try:
            return self.people.admit(party, access)
        except NoLongerAdmitted as no:
            said = "The access token is not valid."
            raise BearerRefused("invalid_token", no.reason, said, detail=no.detail, event=no.event) from no


def bearer_token(query: Parameters, form: Parameters, authorization: str | None) -> str:
    """The one token of a request: in the header or in a form (RFC 6750 sections 2.1, 2.2), never in the address."""
    in_query = query.get("access_token") is not None or "access_token" in query.repeated
    in_form = form.get("access_token")
    if "access_token" in form.repeated or form.too_long or query.too_long:
        raise BearerRefused("invalid_request", "bearer", "The access token is repeated or the request too long.")
    if sum((in_query, in_form is not None, authorization is not None)) > 1:
        raise BearerRefused("invalid_request", "bearer", "The access token came in two ways at once.")
    if in_form is not None:
        return in_form
    if authorization is None:
        raise BearerRefused("", "bearer", "", detail="a token in the query" if in_query else "no token")
    match = _BEARER.fullmatch(authorization.strip())
    if match is None:
        raise BearerRefused("invalid_token", "bearer", "The Authorization header is not a bearer token.")
    return match[1]
