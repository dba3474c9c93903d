"""The strict verifier of compact JWS tokens (RFC 7515, RFC 8725): whatever it is fed, the claims or ``TokenRejected``.

jwcrypto checks the signature and nothing else here, because its own defaults are lenient (threats L17): form, header,
algorithm and key are decided before it sees the token.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Collection
from types import MappingProxyType
from typing import Any, Final

from jwcrypto.jws import JWS

from broker import strict_json
from broker.jose.claims import VerifiedClaims
from broker.jose.errors import TokenRejected
from broker.jose.key_set import VerifyingKey

# Threats G7.
MAX_TOKEN_BYTES: Final = 16 * 1024
_MAX_KID: Final = 128
# Anything else in a header either names a key or its location (jwk, jku, x5u, x5c), changes how the token is to be read
# (crit, b64, zip, enc), or means something that we would ignore: all refused (threats UO-06, UO-07). x5t stands in
# Entra's v1.0 tokens.
_HEADER_MEMBERS: Final = frozenset({"alg", "kid", "typ", "x5t", "x5t#S256"})
_PART: Final = re.compile(r"[A-Za-z0-9_-]+\Z")

KeyFinder = Callable[[str], VerifyingKey]


def verify_compact(
    token: object, find_key: KeyFinder, *, algorithms: Collection[str], types: Collection[str | None]
) -> VerifiedClaims:
    """The claims of a token whose signature holds; raises ``TokenRejected``.

    ``find_key`` gives the key of a ``kid`` or raises ``TokenRejected`` (and may raise what its source raises).
    ``algorithms`` is the closed list; ``types`` the acceptable ``typ`` values in lower case, with None for an absent
    one.
    """
    parts = _split(token)
    header = _header(parts[0])
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in algorithms:
        raise TokenRejected("alg", "algorithm is not allowed")
    typ = header.get("typ")
    if (typ.lower() if isinstance(typ, str) else typ) not in types:
        raise TokenRejected("jose", "typ is not the expected one")
    key = find_key(_kid(header))
    if not key.fits(algorithm):
        raise TokenRejected("alg", "the key is not for this algorithm")
    payload = _verified_payload(".".join(parts), key, algorithm)
    try:
        claims = strict_json.parse_object(payload)
    except strict_json.JsonRefused as error:
        raise TokenRejected("jose", f"claims: {error}") from error
    return VerifiedClaims(MappingProxyType(header), MappingProxyType(claims), key)


def _split(token: object) -> list[str]:
    if not isinstance(token, str):
        raise TokenRejected("jose", "not a string")
    if len(token) > MAX_TOKEN_BYTES:
        raise TokenRejected("jose", "longer than 16 KiB")
    parts = token.split(".", 5)
    if len(parts) == 5:
        raise TokenRejected("jose", "encrypted tokens are not accepted")
    if len(parts) == 3 and not parts[2] and _PART.match(parts[0]):
        raise TokenRejected("alg", "not signed")
    if len(parts) != 3 or not all(_PART.match(part) for part in parts):
        raise TokenRejected("jose", "not a compact JWS")
    for part in parts:
        _decode(part)
    return parts


def _decode(part: str) -> bytes:
    """The bytes of a part, which must be their one canonical spelling (RFC 7515 section 2)."""
    try:
        data = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (binascii.Error, ValueError) as error:
        raise TokenRejected("jose", "not base64url") from error
    if base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii") != part:
        raise TokenRejected("jose", "not canonical base64url")
    return data


def _header(part: str) -> dict[str, Any]:
    try:
        header = strict_json.parse_object(_decode(part))
    except strict_json.JsonRefused as error:
        raise TokenRejected("jose", f"header: {error}") from error
    unknown = header.keys() - _HEADER_MEMBERS
    if unknown & {"crit", "b64", "zip", "enc"}:
        raise TokenRejected("jose", "the header asks for another way of reading")
    if unknown:
        raise TokenRejected("header", "the header has a member that is not accepted")
    if any(not isinstance(header.get(name, ""), str) for name in ("typ", "x5t", "x5t#S256")):
        raise TokenRejected("header", "a header member is not a string")
    return header


def _kid(header: dict[str, Any]) -> str:
    """The key id: an opaque map key, never a path, an URL or part of a query (threats UO-06)."""
    kid = header.get("kid")
    if not isinstance(kid, str) or not 0 < len(kid) <= _MAX_KID or not kid.isascii() or not kid.isprintable():
        raise TokenRejected("header", "kid is missing or not acceptable")
    return kid


def _verified_payload(token: str, key: VerifyingKey, algorithm: str) -> bytes:
    try:
        jws = JWS()
        jws.allowed_algs = [algorithm]
        jws.deserialize(token)
        jws.verify(key.jwk, algorithm)
        payload = jws.payload
    except Exception as error:  # jwcrypto raises more than its own exceptions on bad input (threats L17).
        raise TokenRejected("signature", type(error).__name__) from error
    if not isinstance(payload, bytes):
        raise TokenRejected("signature", "no payload")
    return payload
