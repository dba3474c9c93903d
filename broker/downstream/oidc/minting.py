"""ID tokens: what they say, and the signature, for the one who was admitted (OpenID Connect Core section 2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from broker.admission import Admission
from broker.clock import Clock, epoch_seconds
from broker.downstream.oidc.claims import PROTOCOL_CLAIMS
from broker.downstream.oidc.errors import TokenRefused
from broker.downstream.oidc.grants import Grant
from broker.downstream.oidc.parties import RelyingParty
from broker.errors import NotAllowed
from broker.jose.algorithms import left_hash
from broker.jose.key_ring import KeyRing

MAX_ID_TOKEN: Final = 8 * 1024
"""Characters: applications keep it in a cookie, or send it on in a header (threats CR-09)."""

# RFC 7519 section 5.1. Our other kinds of token say another one (RFC 8725 section 3.11), so that none is taken for an
# ID token.
ID_TOKEN_TYPE: Final = "JWT"  # noqa: S105 - a media type


@dataclass(frozen=True, slots=True)
class Statement:
    """What is to be said to whom. ``subject`` and ``sid`` are what the party knows person and session by."""

    party: RelyingParty
    grant: Grant
    subject: str
    sid: str
    access_token: str
    user_claims: Mapping[str, Any]


class IdTokens:
    """Mints them."""

    def __init__(self, issuer: str, keys: KeyRing, clock: Clock, lifetime: timedelta) -> None:
        self._issuer = issuer
        self._keys = keys
        self._clock = clock
        self._lifetime = lifetime

    def mint(self, admission: Admission, statement: Statement) -> str:
        """The signed token of the admitted account. Claims of the protocol win over those of the person.

        Raises ``TokenRefused`` if it becomes too long.
        """
        grant = statement.grant
        if admission.account_id != grant.account_id:
            raise NotAllowed("membership", "admission of somebody else")
        now = self._clock.now()
        alg = statement.party.id_token_alg
        claims = {name: value for name, value in statement.user_claims.items() if name not in PROTOCOL_CLAIMS}
        claims |= {
            "iss": self._issuer,
            "sub": statement.subject,
            "aud": grant.client_id,
            "exp": epoch_seconds(now + self._lifetime),
            "iat": epoch_seconds(now),
            "acr": grant.acr,
            "sid": statement.sid,
            "at_hash": left_hash(alg, statement.access_token),
        }
        if grant.authenticated_at is not None:
            claims["auth_time"] = epoch_seconds(grant.authenticated_at)
        if grant.nonce is not None:
            claims["nonce"] = grant.nonce
        if grant.amr:
            claims["amr"] = list(grant.amr)
        token = self._keys.sign(alg, ID_TOKEN_TYPE, claims)
        if len(token) > MAX_ID_TOKEN:
            said = "The ID token would be too long."
            raise TokenRefused("invalid_grant", "output", said, detail=f"{len(token)} characters")
        return token
