"""Seals private keys at rest: JWE, direct encryption with AES-256-GCM (RFC 7516, RFC 7518 sections 4.5 and 5.3)."""

from __future__ import annotations

from typing import Final

from jwcrypto.common import JWException
from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK

from broker.jose.algorithms import b64url

_ALGORITHM: Final = "dir"
_ENCRYPTION: Final = "A256GCM"
KEY_BYTES: Final = 32


class SealBroken(Exception):
    """What was sealed cannot be opened: another sealing key, or changed bytes."""


class Sealer:
    """Seals and opens with one symmetric key."""

    def __init__(self, key: bytes) -> None:
        """``key``: 32 random bytes; raises ``ValueError`` for any other length."""
        if len(key) != KEY_BYTES:
            raise ValueError("a sealing key has 32 bytes")
        self._key = JWK(kty="oct", k=b64url(key))

    def seal(self, plain: bytes) -> str:
        """A compact JWE."""
        sealed = JWE(plain, protected={"alg": _ALGORITHM, "enc": _ENCRYPTION})
        sealed.add_recipient(self._key)
        return str(sealed.serialize(compact=True))

    def open(self, sealed: str) -> bytes:
        """What was sealed; raises ``SealBroken``."""
        try:
            jwe = JWE(algs=[_ALGORITHM, _ENCRYPTION])
            jwe.deserialize(sealed)
            jwe.decrypt(self._key)
            return bytes(jwe.payload)
        except (JWException, ValueError, TypeError, KeyError) as error:
            raise SealBroken(type(error).__name__) from error
