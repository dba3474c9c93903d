"""Proof Key for Code Exchange with S256 (RFC 7636, RFC 9700 section 2.1.1, threats DO-05).

Required of every client, but for a confidential one whose file says that it cannot. What was begun with a challenge is
never finished without its verifier, nor the other way round.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import Final

from broker.downstream.oidc.errors import AuthorizationRefused, TokenRefused

# RFC 7636 section 4.2: a SHA-256 in base64url without padding. The last of 43 characters carries four bits, so only
# these end one.
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]", re.ASCII)
# RFC 7636 section 4.1.
_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}", re.ASCII)


def read_challenge(challenge: str | None, method: str | None, *, required: bool) -> str | None:
    """The challenge of a request; raises ``AuthorizationRefused``. No method means ``plain``, which is refused.

    None only if it is not ``required`` and the request has neither.
    """
    if challenge is None and method is None and not required:
        return None
    if challenge is None:
        raise AuthorizationRefused("invalid_request", "pkce", "code_challenge is required.")
    if method != "S256":
        raise AuthorizationRefused("invalid_request", "pkce", "code_challenge_method must be S256.")
    if not _CHALLENGE.fullmatch(challenge):
        raise AuthorizationRefused("invalid_request", "pkce", "code_challenge is not a SHA-256 in base64url.")
    return challenge


def require_verifier(verifier: str | None, challenge: str | None) -> None:
    """Raises ``TokenRefused`` unless ``verifier`` is the secret behind ``challenge`` (RFC 7636 section 4.6).

    A verifier without a challenge is refused: somebody took the challenge out of the request (RFC 9700 section 4.8).
    """
    if challenge is None:
        if verifier is not None:
            raise TokenRefused("invalid_grant", "pkce", "code_verifier without a code_challenge.")
        return
    if verifier is None or not _VERIFIER.fullmatch(verifier):
        raise TokenRefused("invalid_grant", "pkce", "code_verifier is missing or malformed.")
    computed = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode("ascii")).digest()).rstrip(b"=")
    if not hmac.compare_digest(computed, challenge.encode("ascii")):
        raise TokenRefused("invalid_grant", "pkce", "code_verifier does not fit.")
