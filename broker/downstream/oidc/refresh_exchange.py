"""A refresh token for its next, with an access token and an ID token (RFC 6749 section 6, OpenID Connect Core 12).

The token is found and seen to be this client's and not spent; the directory and the gate are asked as if the person
stood at the door; only then is it rotated and anything minted (threats DO-07, FE-07, promise 6).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from broker import tracing
from broker.doors import door
from broker.downstream.oidc import claims
from broker.downstream.oidc.errors import TokenRefused
from broker.downstream.oidc.grants import Grants
from broker.downstream.oidc.minting import IdTokens, Statement
from broker.downstream.oidc.parameters import Parameters
from broker.downstream.oidc.parties import RelyingParty
from broker.downstream.oidc.refresh_families import RefreshFamilies, RefreshGrant
from broker.downstream.oidc.released import NotReleased, Releases
from broker.downstream.oidc.standing import NoLongerAdmitted, Standing, StandingPeople
from broker.downstream.oidc.subjects import Subjects


@door("refresh_token")
@dataclass(frozen=True, slots=True)
class RefreshExchange:
    """``grant_type=refresh_token``."""

    grants: Grants
    families: RefreshFamilies
    people: StandingPeople
    subjects: Subjects
    releases: Releases
    id_tokens: IdTokens

    def answer(self, party: RelyingParty, parameters: Parameters) -> dict[str, Any]:
        """The members of the positive answer; raises ``TokenRefused``, and ``Busy`` when the directory cannot be
        asked and has not been for long: the token stays good then.
        """
        token = parameters.get("refresh_token")
        if token is None:
            raise TokenRefused("invalid_request", "params", "refresh_token is required.")
        presented = self.families.present(token, lambda grant: grant.client_id == party.client_id)
        grant = presented.grant
        tracing.belongs_to(grant.sign_in)
        scopes = _scopes(party, grant, parameters.get("scope"))
        tracing.hop(party.client_id, "refreshed", scopes=" ".join(scopes))
        standing = self._admit(party, grant)
        # Before the token is spent: it stays good if a claim cannot be decided just now.
        user_claims = self._claims(party, grant, scopes, standing)
        following = self.families.redeem_refresh_token(standing.admission, presented)
        access_token = self.grants.issue_access_token(
            standing.admission, grant, grant.grant_id, scopes, with_session=False
        )
        answer: dict[str, Any] = {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": int(self.grants.lifetimes.access_token.total_seconds()),
            "refresh_token": following,
            "scope": " ".join(scopes),
        }
        if "openid" in scopes:
            answer["id_token"] = self.id_tokens.mint(
                standing.admission, self._statement(party, grant, access_token, user_claims)
            )
        return answer

    def _admit(self, party: RelyingParty, grant: RefreshGrant) -> Standing:
        try:
            return self.people.admit_again(party, grant)
        except NoLongerAdmitted as no:
            said = "The refresh token is not valid."
            raise TokenRefused("invalid_grant", no.reason, said, detail=no.detail, event=no.event) from no

    def _claims(
        self, party: RelyingParty, grant: RefreshGrant, scopes: tuple[str, ...], standing: Standing
    ) -> dict[str, Any]:
        if "openid" not in scopes:
            return {}
        try:
            return self.releases.for_id_token(party, standing.person, grant.connection, scopes, grant.id_token_claims)
        except NotReleased as no:
            said = "The claims of this person could not be made."
            raise TokenRefused("invalid_grant", no.reason, said, detail=no.detail) from no

    def _statement(
        self, party: RelyingParty, grant: RefreshGrant, access_token: str, user_claims: dict[str, Any]
    ) -> Statement:
        """The same person, session and time of authentication as at first, and no nonce (OpenID Connect Core 12.2)."""
        return Statement(
            party=party,
            grant=grant,
            subject=self.subjects.subject(party, grant.account_id),
            sid=self.subjects.session(party, grant.sid),
            access_token=access_token,
            user_claims=user_claims,
        )


def _scopes(party: RelyingParty, grant: RefreshGrant, asked: str | None) -> tuple[str, ...]:
    """What the new access token is for: what was granted, as far as the client still may have it, or less
    (RFC 6749 section 6).
    """
    if claims.OFFLINE not in party.scopes:
        said = "The refresh token is not valid."
        raise TokenRefused("invalid_grant", "scope", said, detail=f"{claims.OFFLINE} was taken from the client")
    granted = tuple(scope for scope in grant.scopes if scope in party.scopes)
    if asked is None:
        return granted
    wanted = set(asked.split(" ")) - {""}
    if not wanted or not wanted <= set(grant.scopes):
        raise TokenRefused("invalid_scope", "refresh_binding", "scope is more than was granted.")
    return tuple(scope for scope in granted if scope in wanted)
