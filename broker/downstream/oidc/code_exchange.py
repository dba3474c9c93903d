"""A code for an ID token and an access token, once (OpenID Connect Core 3.1.3).

The code is taken, which nobody can do twice; it is compared with what it was issued for; the person is admitted anew;
only then is anything minted. A code that came with the wrong client, redirect URI or verifier is burnt.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from broker import tracing
from broker.doors import door
from broker.downstream.oidc import claims, pkce
from broker.downstream.oidc.errors import TokenRefused
from broker.downstream.oidc.grants import CodeGrant, Grants, RedeemedCode
from broker.downstream.oidc.minting import IdTokens, Statement
from broker.downstream.oidc.parameters import Parameters
from broker.downstream.oidc.participants import Participants
from broker.downstream.oidc.parties import RelyingParty
from broker.downstream.oidc.provider import BrokerProvider, CodeTokenRequest, IssuedTokens
from broker.downstream.oidc.refresh_families import RefreshFamilies
from broker.downstream.oidc.released import NotReleased, Releases
from broker.downstream.oidc.standing import NoLongerAdmitted, Standing, StandingPeople
from broker.downstream.oidc.subjects import Subjects

SessionIsLive = Callable[[str], bool]


@door("authorization_code")
@dataclass(frozen=True, slots=True)
class CodeExchange:
    """``grant_type=authorization_code``. ``session_is_live`` tells whether the session of a ``sid`` has not ended."""

    provider: BrokerProvider
    grants: Grants
    families: RefreshFamilies
    participants: Participants
    people: StandingPeople
    session_is_live: SessionIsLive
    subjects: Subjects
    releases: Releases
    id_tokens: IdTokens

    def answer(self, party: RelyingParty, parameters: Parameters) -> dict[str, Any]:
        """The members of the positive answer; raises ``TokenRefused``."""
        request = self.provider.read_code_request(parameters.values)
        redeemed = self.grants.redeem(request.code)
        tracing.belongs_to(redeemed.grant.sign_in)
        _require_binding(party, request, redeemed.grant)
        tracing.hop(party.client_id, "code_exchanged", scopes=" ".join(redeemed.grant.scopes))
        standing = self._admit(party, redeemed.grant)
        user_claims = self._claims(party, redeemed.grant, standing)
        return self.provider.token_response(self._fulfil(party, request, redeemed, standing, user_claims))

    def _admit(self, party: RelyingParty, grant: CodeGrant) -> Standing:
        if not self.session_is_live(grant.sid):
            raise TokenRefused("invalid_grant", "session", "The code is not valid.", detail="the session has ended")
        try:
            return self.people.admit(party, grant)
        except NoLongerAdmitted as no:
            said = "The code is not valid."
            raise TokenRefused("invalid_grant", no.reason, said, detail=no.detail, event=no.event) from no

    def _claims(self, party: RelyingParty, grant: CodeGrant, standing: Standing) -> dict[str, Any]:
        """Before anything is handed out: a claim that cannot be decided refuses (threats CR-04)."""
        try:
            return self.releases.for_id_token(
                party, standing.person, grant.connection, grant.scopes, grant.id_token_claims
            )
        except NotReleased as no:
            said = "The claims of this person could not be made."
            raise TokenRefused("invalid_grant", no.reason, said, detail=no.detail) from no

    def _fulfil(
        self,
        party: RelyingParty,
        request: CodeTokenRequest,
        redeemed: RedeemedCode,
        standing: Standing,
        user_claims: dict[str, Any],
    ) -> IssuedTokens:
        grant, grant_id = redeemed.grant, redeemed.grant_id
        # Noted before anything is handed out: who has a token is told when the session ends.
        self.participants.note(party, grant)
        refresh_token = None
        if claims.OFFLINE in grant.scopes and claims.OFFLINE in party.scopes:
            refresh_token = self.families.issue_refresh_token(standing.admission, grant, grant_id)
        access_token = self.grants.issue_access_token(
            standing.admission, grant, grant_id, grant.scopes, with_session=True
        )
        subject = self.subjects.subject(party, grant.account_id)
        statement = Statement(
            party=party,
            grant=grant,
            subject=subject,
            sid=self.subjects.session(party, grant.sid),
            access_token=access_token,
            user_claims=user_claims,
        )
        return IssuedTokens(
            request=request,
            grant=grant,
            subject=subject,
            access_token=access_token,
            expires_in_seconds=int(self.grants.lifetimes.access_token.total_seconds()),
            id_token=self.id_tokens.mint(standing.admission, statement),
            refresh_token=refresh_token,
        )


def _require_binding(party: RelyingParty, request: CodeTokenRequest, grant: CodeGrant) -> None:
    """RFC 6749 section 4.1.3: the client it was issued to, the redirect URI it was sent to, the verifier behind it."""
    if party.client_id != grant.client_id:
        raise TokenRefused("invalid_grant", "code_binding", "The code is not valid.", detail="another client")
    if request.redirect_uri != grant.redirect_uri:
        raise TokenRefused("invalid_grant", "code_binding", "redirect_uri is not the one of the request.")
    pkce.require_verifier(request.code_verifier, grant.code_challenge)
