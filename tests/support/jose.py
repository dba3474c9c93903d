"""Keys and tokens of the other side: made here with jwcrypto directly, so that nothing of the broker checks itself."""

from __future__ import annotations

import base64
import functools
import json
from collections.abc import Mapping
from typing import Any

from jwcrypto.jwa import JWA
from jwcrypto.jwk import JWK


@functools.cache
def rsa_key(name: str, size: int = 2048) -> JWK:
    """One RSA key for each name; ``name`` is its kid."""
    return JWK.generate(kty="RSA", size=size, kid=name)


@functools.cache
def ec_key(name: str, crv: str = "P-256") -> JWK:
    return JWK.generate(kty="EC", crv=crv, kid=name)


@functools.cache
def okp_key(name: str, crv: str = "Ed25519") -> JWK:
    return JWK.generate(kty="OKP", crv=crv, kid=name)


def public(key: JWK, **members: Any) -> dict[str, Any]:
    """The public half as Entra publishes it, with other or further members."""
    entry = {**json.loads(key.export_public()), "use": "sig", **members}
    return {name: value for name, value in entry.items() if value is not None}


def token(key: JWK, claims: Any, alg: str = "RS256", **header: Any) -> str:
    """A signed compact token. ``header``: other or further members; None leaves one out."""
    members = {"typ": "JWT", "alg": alg, "kid": key.get("kid"), **header}
    protected = json.dumps({name: value for name, value in members.items() if value is not None})
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    return signed(key, protected.encode(), payload, alg)


def signed(key: JWK, protected: bytes, payload: bytes, alg: str) -> str:
    """A token over exactly these bytes of header and payload, whatever they are."""
    signing_input = f"{b64(protected)}.{b64(payload)}"
    return f"{signing_input}.{b64(JWA.signing_alg(alg).sign(key, signing_input.encode()))}"


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def claims_of(compact: str) -> dict[str, Any]:
    """What a token says, unverified."""
    claims: dict[str, Any] = json.loads(unb64(compact.split(".")[1]))
    return claims


def header_of(compact: str) -> Mapping[str, Any]:
    header: dict[str, Any] = json.loads(unb64(compact.split(".")[0]))
    return header
