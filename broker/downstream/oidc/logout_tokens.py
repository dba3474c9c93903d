"""Logout tokens: our signed word to an application that somebody is out (Back-Channel Logout 1.0 section 2.4).

Nobody is admitted by one, so none asks the gate: most of them say that the gate has said no.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from broker.clock import Clock, epoch_seconds
from broker.downstream.oidc.parties import RelyingParty
from broker.downstream.oidc.subjects import Subjects
from broker.jose.key_ring import KeyRing

# A type of its own: never taken for an ID token (RFC 8725 section 3.11).
LOGOUT_TOKEN_TYPE: Final = "logout+jwt"  # noqa: S105 - a media type
EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
# Section 4: two minutes at most.
LIFETIME: Final = timedelta(minutes=2)


class LogoutTokens:
    """Makes them."""

    def __init__(self, issuer: str, keys: KeyRing, clock: Clock, subjects: Subjects) -> None:
        self._issuer = issuer
        self._keys = keys
        self._clock = clock
        self._subjects = subjects

    def make(self, party: RelyingParty, account_id: str, sid: str | None, jti: str) -> str:
        """The token for one application, signed as its ID tokens are, in the words by which it knows the person.

        Without ``sid`` it means every session of the person there. Never a nonce (section 2.4).
        """
        now = self._clock.now()
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "sub": self._subjects.subject(party, account_id),
            "aud": party.client_id,
            "iat": epoch_seconds(now),
            "exp": epoch_seconds(now + LIFETIME),
            "jti": jti,
            "events": {EVENT: {}},
        }
        if sid is not None:
            claims["sid"] = self._subjects.session(party, sid)
        return self._keys.sign(party.id_token_alg, LOGOUT_TOKEN_TYPE, claims)
