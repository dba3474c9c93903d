"""The closed list of signature algorithms, and what each demands of its key."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Algorithm:
    """A signature algorithm of RFC 7518 section 3 or RFC 8037: the key type and curve that fit it, and the hash of
    ``at_hash``.
    """

    name: str
    kty: str
    crv: str | None
    left_hash: str


SIGNING_ALGORITHMS: Final[Mapping[str, Algorithm]] = {
    algorithm.name: algorithm
    for algorithm in (
        Algorithm("RS256", "RSA", None, "sha256"),
        Algorithm("ES256", "EC", "P-256", "sha256"),
        Algorithm("PS256", "RSA", None, "sha256"),
        Algorithm("EdDSA", "OKP", "Ed25519", "sha512"),
    )
}


def fits(algorithm: str, kty: str, crv: str | None) -> bool:
    """Whether a key of this type and curve is one for the algorithm (RFC 8725 section 3.1: never
    let the token choose).
    """
    wanted = SIGNING_ALGORITHMS.get(algorithm)
    return wanted is not None and wanted.kty == kty and wanted.crv == crv


def left_hash(algorithm: str, value: str) -> str:
    """The left half of the hash of an ASCII value in base64url: ``at_hash`` and ``c_hash`` (OpenID Connect Core
    3.1.3.6).

    The hash is that of the ID token's algorithm; for Ed25519 it is SHA-512, which Ed25519 itself uses. Raises
    ``KeyError`` for an algorithm that is not ours.
    """
    digest = hashlib.new(SIGNING_ALGORITHMS[algorithm].left_hash, value.encode("ascii")).digest()
    return b64url(digest[: len(digest) // 2])


def b64url(data: bytes) -> str:
    """base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def key_parameters(document: Mapping[str, Any]) -> dict[str, str]:
    """The members that make up a public key of the types we know, and no other (RFC 7518 section 6, RFC 8037 section
    2).
    """
    names = {"RSA": ("kty", "n", "e"), "EC": ("kty", "crv", "x", "y"), "OKP": ("kty", "crv", "x")}[document["kty"]]
    return {name: document[name] for name in names}
