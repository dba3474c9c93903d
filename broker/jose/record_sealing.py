"""Seals records that are written at every request: AES-256-GCM without the wrapping of a JWE, which costs ten times as
much; compressed before, since they are many and repeat themselves.

What a record belongs to is authenticated with it (NIST SP 800-38D, the additional data). The nonce is random: under one
key that is good for 2^32 records (section 8.3), and the key is one for each purpose.
"""

from __future__ import annotations

import base64
import zlib
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from broker.entropy import Entropy
from broker.jose.sealing import KEY_BYTES

_VERSION: Final = b"\x01"
_NONCE_BYTES: Final = 12


class RecordSealer:
    """Seals and opens with one symmetric key, which serves nothing else."""

    def __init__(self, key: bytes, most: int, entropy: Entropy) -> None:
        """``key``: 32 random bytes; raises ``ValueError`` for any other length. ``most``: bytes of a plain record."""
        if len(key) != KEY_BYTES:
            raise ValueError("a sealing key has 32 bytes")
        self._cipher = AESGCM(key)
        self._most = most
        self._entropy = entropy

    def seal(self, plain: bytes, belongs_to: str) -> bytes:
        """What opens for ``belongs_to`` only."""
        nonce = base64.urlsafe_b64decode(self._entropy.token(_NONCE_BYTES))
        return _VERSION + nonce + self._cipher.encrypt(nonce, zlib.compress(plain, 1), belongs_to.encode())

    def open(self, sealed: bytes, belongs_to: str) -> bytes:
        """What was sealed; raises ``ValueError``: another key, changed bytes, or sealed for something else."""
        if sealed[:1] != _VERSION:
            raise ValueError("sealed in another way")
        body = sealed[1:]
        try:
            packed = self._cipher.decrypt(body[:_NONCE_BYTES], body[_NONCE_BYTES:], belongs_to.encode())
            unpacking = zlib.decompressobj()
            plain = unpacking.decompress(packed, self._most)
        except (InvalidTag, ValueError, zlib.error) as error:
            raise ValueError(f"cannot be opened: {type(error).__name__}") from error
        if unpacking.unconsumed_tail:
            raise ValueError("larger than any record")
        return plain
