"""What an application calls a person and a session.

Ours, since the library's pairwise subjects can collide (threats L18).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Final

from broker.downstream.oidc.parties import RelyingParty

_MIN_KEY_BYTES: Final = 32


class Subjects:
    """Derives ``sub`` and ``sid``. Whoever changes ``key`` gives every pairwise application strangers."""

    def __init__(self, key: bytes) -> None:
        if len(key) < _MIN_KEY_BYTES:
            raise ValueError("the key of pairwise subjects needs 256 bits")
        self._key = key

    def subject(self, party: RelyingParty, account_id: str) -> str:
        """``sub``: the account id, or what only the party's sector knows it by (OpenID Connect Core 8.1)."""
        return self._pairwise("subject", party, account_id) if party.pairwise else account_id

    def session(self, party: RelyingParty, sid: str) -> str:
        """``sid``: a pairwise party gets one of its sector's own, or it would tell what ``sub`` is there to hide."""
        return self._pairwise("session", party, sid) if party.pairwise else sid

    def _pairwise(self, purpose: str, party: RelyingParty, value: str) -> str:
        # Each part is preceded by its length: no two different triples make the same message.
        parts = [text.encode("utf-8") for text in (purpose, party.sector, value)]
        message = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return base64.urlsafe_b64encode(hmac.digest(self._key, message, hashlib.sha256)).rstrip(b"=").decode("ascii")
