"""Reads a JSON Web Key Set of somebody else's (RFC 7517 section 5), all or nothing (threats UO-09)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from jwcrypto.common import JWException
from jwcrypto.jwk import JWK

from broker.jose.algorithms import SIGNING_ALGORITHMS, fits, key_parameters

# Entra's guidance asks for room for 10 to 1000 keys (entra-id reference, section 1.4).
_MAX_KEYS: Final = 1000
# Bits of an RSA modulus: NIST SP 800-131A asks for 2048; above 8192 verifying becomes a burden that a stranger could
# choose.
_RSA_BITS: Final = (2048, 8192)
# Entra sends 65537 only; an exponent of 1 or an even one is no RSA key at all.
_RSA_MAX_EXPONENT: Final = 2**32
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"})
_B64URL: Final = re.compile(r"[A-Za-z0-9_-]+\Z")


class KeySetRefused(ValueError):
    """The document is not a key set that may be used."""


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """A public key, parsed once.

    ``issuer`` and ``cloud_instance_name`` are the members by which Entra says whose tokens the key may sign
    (entra-id reference, section 1.2).
    """

    kid: str
    kty: str
    crv: str | None
    alg: str | None
    issuer: str | None
    cloud_instance_name: str | None
    jwk: JWK = field(repr=False, compare=False)

    def fits(self, algorithm: str) -> bool:
        """Whether tokens of this algorithm may be verified with the key."""
        return fits(algorithm, self.kty, self.crv) and self.alg in (None, algorithm)


def parse_key_set(document: Any) -> Mapping[str, VerifyingKey]:
    """The signing keys of a key set by ``kid``; raises ``KeySetRefused``.

    A key of a type or curve unknown here is passed over, as is one without a ``kid``, which no token could name (RFC
    7517 section 5). A key that is weak, symmetric, private, for encryption or named twice condemns the whole document:
    its source is not to be trusted.
    """
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list) or len(entries) > _MAX_KEYS:
        raise KeySetRefused("not a key set, or too many keys")
    keys: dict[str, VerifyingKey] = {}
    for entry in entries:
        key = _parse_key(entry)
        if key is None:
            continue
        if key.kid in keys:
            raise KeySetRefused("a kid is repeated")
        keys[key.kid] = key
    if not keys:
        raise KeySetRefused("no usable key")
    return MappingProxyType(keys)


def _parse_key(entry: Any) -> VerifyingKey | None:
    if not isinstance(entry, dict):
        raise KeySetRefused("a key is not an object")
    if entry.get("kty") == "oct" or _PRIVATE & entry.keys():
        raise KeySetRefused("a key is symmetric or private")
    operations = entry.get("key_ops", ["verify"])
    if entry.get("use", "sig") != "sig" or not isinstance(operations, list) or "verify" not in operations:
        raise KeySetRefused("a key is not for signatures")
    kty, crv, kid = entry.get("kty"), entry.get("crv"), entry.get("kid")
    if not any((kty, crv) == (known.kty, known.crv) for known in SIGNING_ALGORITHMS.values()):
        return None
    if not isinstance(kid, str) or not kid:
        return None
    try:
        parameters = key_parameters(entry)
        numbers = [value for name, value in parameters.items() if name not in ("kty", "crv")]
        if not all(isinstance(value, str) and _B64URL.match(value) for value in numbers):
            raise KeySetRefused("a key has malformed parameters")
        key = JWK(**parameters)
        public = key.get_op_key("verify")  # Parses it, once: the object keeps it.
    except (JWException, ValueError, KeyError, TypeError) as error:
        raise KeySetRefused(f"a key cannot be read: {type(error).__name__}") from error
    if kty == "RSA":
        smallest, largest = _RSA_BITS
        exponent = public.public_numbers().e
        if not smallest <= public.key_size <= largest or not 2 < exponent < _RSA_MAX_EXPONENT or exponent % 2 == 0:
            raise KeySetRefused("an RSA key is too weak or too large")
    return VerifyingKey(
        kid=kid,
        kty=str(kty),
        crv=crv,
        alg=_optional(entry, "alg"),
        issuer=_optional(entry, "issuer"),
        cloud_instance_name=_optional(entry, "cloud_instance_name"),
        jwk=key,
    )


def _optional(entry: Mapping[str, Any], name: str) -> str | None:
    value = entry.get(name)
    if value is not None and not isinstance(value, str):
        raise KeySetRefused(f"{name} of a key is not a string")
    return value
