"""The one source of randomness, and the digests under which random values are stored."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from typing import Protocol


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
