"""The one source of randomness, and the digests under which random values are stored."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from typing import Final, Protocol

# Crockford's alphabet: no letters that are misread over the telephone.
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Entropy(Protocol):
    """Gives unpredictable values."""

    def token(self, nbytes: int = 32) -> str:
        """``nbytes`` random bytes as base64url without padding; 32 bytes are 256 bits (threats DO-24)."""
        ...

    def uuid(self) -> str:
        """A random UUID (RFC 9562 version 4) in lower case."""
        ...


class SystemEntropy:
    """The operating system's generator."""

    def token(self, nbytes: int = 32) -> str:
        return secrets.token_urlsafe(nbytes)

    def uuid(self) -> str:
        return str(uuid.uuid4())


def digest(handle: str) -> str:
    """SHA-256 of a secret handle in hex: what is stored and looked up instead of the handle itself (threats G12,
    SS-09).
    """
    return hashlib.sha256(handle.encode("utf-8", "surrogatepass")).hexdigest()


def readable(token: str) -> str:
    """A short id that people read to each other, such as ``7K2M-Q4XD``: 40 bits of a random token. It opens nothing."""
    number = int(digest(token)[:10], 16)
    letters = [_ALPHABET[(number >> shift) & 31] for shift in range(0, 40, 5)]
    return "".join(letters[:4]) + "-" + "".join(letters[4:])
