"""The bearer tokens with which directories prove who they are."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from typing import Final

from broker.identity import Secret

# What cannot be guessed: 32 characters of base64 are 192 bits.
LEAST_CHARACTERS: Final = 32
# RFC 6750 section 2.1, ``b64token``.
_BEARER: Final = re.compile(r"bearer +([A-Za-z0-9._~+/-]{1,512}=*)", re.ASCII | re.IGNORECASE)
_NOBODYS: Final = hashlib.sha256(b"the token of no organisation").digest()


class ScimTokens:
    """Of each organisation the token that is good, and the one before while it is changed."""

    def __init__(self, tokens: Mapping[str, Sequence[Secret]]) -> None:
        """Raises ``ValueError``, naming the organisation, for a token that is too short."""
        self._digests: dict[str, tuple[bytes, ...]] = {}
        for organization, secrets in tokens.items():
            if any(len(secret.reveal()) < LEAST_CHARACTERS for secret in secrets):
                raise ValueError(f"the SCIM token of {organization} has less than {LEAST_CHARACTERS} characters")
            self._digests[organization] = tuple(_digest(secret.reveal()) for secret in secrets)

    def are_good(self, organization: str, authorization: str) -> bool:
        """Whether this header has a token of this organisation.

        As much is compared for an organisation that has none, or that there is not, so that time tells nothing.
        """
        match = _BEARER.fullmatch(authorization.strip())
        given = _digest(match[1] if match else "")
        expected = self._digests.get(organization, ())
        padded = (*expected, *(_NOBODYS for _ in range(2 - len(expected))))
        # Every one of them is compared: ``any`` over a list, not over a generator.
        same = [hmac.compare_digest(given, digest) for digest in padded]
        return match is not None and any(same[: len(expected)])


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
