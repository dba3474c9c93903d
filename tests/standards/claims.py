"""What the conformance suite looks at in ID tokens and UserInfo answers: which claims, of what kind, asked by whom."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final

import requests
from jwcrypto.jwk import JWK, JWKSet
from jwcrypto.jws import JWS

from broker.clock import epoch_seconds
from tests.standards import checks

# OpenID Connect Core 5.4, with the scope that each claim of 5.1 belongs to.
SCOPE_CLAIMS: Final[Mapping[str, frozenset[str]]] = {
    "openid": frozenset({"sub"}),
    "profile": frozenset(
        {"name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture"}
        | {"website", "gender", "birthdate", "zoneinfo", "locale", "updated_at"}
    ),
    "email": frozenset({"email", "email_verified"}),
    "phone": frozenset({"phone_number", "phone_number_verified"}),
    "address": frozenset({"address"}),
}
STANDARD_CLAIMS: Final = frozenset().union(*SCOPE_CLAIMS.values())
_BOOLEANS: Final = frozenset({"email_verified", "phone_number_verified"})
_ADDRESS_MEMBERS: Final = frozenset({"formatted", "street_address", "locality", "region", "postal_code", "country"})
# OpenID Connect Core 2, 3.1.3.6, 3.3.2.11; RFC 7519 4.1; Front-Channel Logout 3: the rest of a person is at UserInfo.
_ID_TOKEN_CLAIMS: Final = frozenset(
    {"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "azp", "at_hash", "c_hash", "nbf", "jti"}
    | {"sid"}
)
# RFC 5646, in the letter case of its section 2.1.1.
LANGUAGE_TAG: Final = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?(-[a-z0-9]{5,8})*")


def id_token(
    token: str, keys: JWKSet, asked: Mapping[str, str], issuer: str, now: datetime, access_token: str
) -> dict[str, Any]:
    """The claims of a token that RS256 signs and that says nothing but what was asked (OpenID Connect Core 2,
    3.1.3.7).
    """
    jws = JWS()
    jws.allowed_algs = ["RS256"]  # What a client gets that registered nothing else.
    jws.deserialize(token)
    key = keys.get_key(jws.jose_header["kid"])
    assert isinstance(key, JWK)
    jws.verify(key)
    claims = json.loads(jws.payload, object_pairs_hook=checks.each_once)
    checks.require_content(claims)
    _require_protocol_claims(claims, asked, issuer, epoch_seconds(now))
    assert claims["at_hash"] == _left_half(access_token)
    wanted = json.loads(asked.get("claims", "{}")).get("id_token", {})
    assert claims.keys() <= _ID_TOKEN_CLAIMS | wanted.keys()
    _require_claim_types(claims)
    return dict(claims)


def user_info(answer: requests.Response, subject: str, asked: Mapping[str, str]) -> dict[str, Any]:
    """Claims of the right kind, and only of the scopes and names that were asked for (OpenID Connect Core 5.3, 5.4)."""
    assert answer.status_code == 200, answer.text
    checks.unkept(answer)
    claims = checks.json_object(answer)
    assert claims["sub"] == subject
    _require_claim_types(claims)
    wanted = set(json.loads(asked.get("claims", "{}")).get("userinfo", {}))
    for scope in asked["scope"].split(" "):
        wanted |= SCOPE_CLAIMS.get(scope, frozenset())
    assert claims.keys() <= wanted
    return claims


def missing(claims: Collection[str], *scopes: str) -> set[str]:
    """The standard claims of these scopes that are not there."""
    return set().union(*(SCOPE_CLAIMS[scope] for scope in scopes)) - set(claims)


def _require_protocol_claims(claims: Mapping[str, Any], asked: Mapping[str, str], issuer: str, now: int) -> None:
    assert claims["iss"] == issuer
    assert asked["client_id"] in ([claims["aud"]] if isinstance(claims["aud"], str) else claims["aud"])
    assert isinstance(claims["aud"], str) or len(claims["aud"]) == 1 or claims["azp"] == asked["client_id"]
    assert claims.get("azp", asked["client_id"]) == asked["client_id"]
    for name in ("exp", "iat"):
        assert type(claims[name]) is int, name
    assert now < claims["exp"] < now + 86_400
    assert abs(claims["iat"] - now) <= 300
    assert claims.get("nonce") == asked.get("nonce")
    assert isinstance(claims["sub"], str)
    assert claims["sub"].isascii()
    assert len(claims["sub"]) <= 255
    assert isinstance(claims["acr"], str)
    assert "auth_time" in claims or "max_age" not in asked
    if "auth_time" in claims:
        assert type(claims["auth_time"]) is int
        assert now - 365 * 86_400 < claims["auth_time"] <= now
    assert all(isinstance(method, str) for method in claims.get("amr", []))


def _require_claim_types(claims: Mapping[str, Any]) -> None:
    """OpenID Connect Core 5.1."""
    for name in STANDARD_CLAIMS & claims.keys():
        value = claims[name]
        if name in _BOOLEANS:
            assert type(value) is bool, name
        elif name == "updated_at":
            assert type(value) is int
            assert value < 10_000_000_000, "seconds, not milliseconds"
        elif name == "address":
            assert isinstance(value, dict)
            assert value.keys() <= _ADDRESS_MEMBERS
            assert all(isinstance(part, str) for part in value.values())
        else:
            assert isinstance(value, str), name
            assert value.strip().casefold() != "null"
    assert LANGUAGE_TAG.fullmatch(claims.get("locale", "en"))


def _left_half(text: str) -> str:
    """OpenID Connect Core 3.1.3.6, with the hash of RS256."""
    whole = hashlib.sha256(text.encode("ascii")).digest()
    return base64.urlsafe_b64encode(whole[: len(whole) // 2]).rstrip(b"=").decode("ascii")
