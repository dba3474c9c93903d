"""Proof Key for Code Exchange: S256, for every client (RFC 7636, RFC 9700 section 2.1.1, threats DO-05)."""

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


def require_challenge(challenge: str | None, method: str | None) -> str:
    """The challenge of a request; raises ``AuthorizationRefused``. No method means ``plain``, which is refused."""
    if challenge is None:
        raise AuthorizationRefused("invalid_request", "pkce", "code_challenge is required.")
    if method != "S256":
        raise AuthorizationRefused("invalid_request", "pkce", "code_challenge_method must be S256.")
    if not _CHALLENGE.fullmatch(challenge):
        raise AuthorizationRefused("invalid_request", "pkce", "code_challenge is not a SHA-256 in base64url.")
    return challenge


def require_verifier(verifier: str | None, challenge: str) -> None:
    """Raises ``TokenRefused`` unless ``verifier`` is the secret behind ``challenge`` (RFC 7636 section 4.6)."""
    if verifier is None or not _VERIFIER.fullmatch(verifier):
        raise TokenRefused("invalid_grant", "pkce", "code_verifier is missing or malformed.")
    computed = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode("ascii")).digest()).rstrip(b"=")
    if not hmac.compare_digest(computed, challenge.encode("ascii")):
        raise TokenRefused("invalid_grant", "pkce", "code_verifier does not fit.")
