"""Seals short secrets at rest, each bound to the one thing that it belongs to (threats SS-09).

A JWE as in ``sealing``, whose protected header names what the secret belongs to: it is authenticated with the content
(RFC 7516 section 5.1 step 14), so that a row copied to another account or organisation does not open there.
"""

from __future__ import annotations

from typing import Final

from jwcrypto.common import JWException, json_decode
from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK

from broker.identity import Secret
from broker.jose.algorithms import b64url
from broker.jose.sealing import KEY_BYTES

_ALGORITHM: Final = "dir"
_ENCRYPTION: Final = "A256GCM"
# A header parameter of our own, as RFC 7516 section 4.3 allows between parties that agree on it.
_BELONGS_TO: Final = "belongs_to"


class BoundSealer:
    """Seals and opens with one symmetric key, which serves nothing else."""

    def __init__(self, key: bytes) -> None:
        """``key``: 32 random bytes; raises ``ValueError`` for any other length."""
        if len(key) != KEY_BYTES:
            raise ValueError("a sealing key has 32 bytes")
        self._key = JWK(kty="oct", k=b64url(key))

    def seal(self, secret: Secret, belongs_to: str) -> str:
        """A compact JWE that opens for ``belongs_to`` only."""
        header = {"alg": _ALGORITHM, "enc": _ENCRYPTION, _BELONGS_TO: belongs_to}
        sealed = JWE(secret.reveal().encode(), protected=header)
        sealed.add_recipient(self._key)
        return str(sealed.serialize(compact=True))

    def open(self, sealed: str, belongs_to: str) -> Secret:
        """What was sealed; raises ``ValueError``: another key, changed bytes, or sealed for something else."""
        try:
            jwe = JWE(algs=[_ALGORITHM, _ENCRYPTION])
            jwe.deserialize(sealed)
            jwe.decrypt(self._key)
            header = json_decode(jwe.objects["protected"])
            text = bytes(jwe.payload).decode()
        except (JWException, ValueError, TypeError, KeyError) as error:
            raise ValueError(f"cannot be opened: {type(error).__name__}") from error
        if header.get(_BELONGS_TO) != belongs_to:
            raise ValueError("sealed for something else")
        return Secret(text)
