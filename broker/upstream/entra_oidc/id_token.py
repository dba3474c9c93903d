"""The rules by which an ID token of Entra is believed (entra-id reference, section 1.3; OpenID Connect Core 3.1.3.7).

A list in order, one function a rule. Each compares the token with what the transaction and the configuration expect;
nothing in the token selects what it is compared with (threats G2), except the tenant at the shared authority, which
must then be bound.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from broker import tracing
from broker.identity import Subject
from broker.jose.claims import VerifiedClaims
from broker.jose.errors import TokenRejected
from broker.jose.verifying import KeyFinder, verify_compact
from broker.upstream.entra.tenants import PLACEHOLDER, canonical_tenant, for_tenant

# Microsoft's keys name no algorithm; its ID tokens are RS256 and nothing else (section 1.2, threats UO-05).
_ALGORITHMS: Final = ("RS256",)
_TYPES: Final = ("jwt", None)
# Threats G11 and UO-10.
_LEEWAY: Final = timedelta(seconds=60)
_LONGEST_LIFE: Final = timedelta(hours=24)
_DECIDING: Final = ("aud", "exp", "iat", "iss", "nbf", "nonce", "oid", "sub", "tid", "ver")


@dataclass(frozen=True, slots=True)
class Expected:
    """What the token has to say. ``issuer`` is the metadata's; ``tenant_id`` is None at the shared authority."""

    issuer: str
    tenant_id: str | None
    cloud_instance_name: str | None
    client_id: str
    nonce: str = field(repr=False)
    now: datetime

    def issuer_for(self, claims: VerifiedClaims) -> str:
        """The one issuer that a token of this tenant may have."""
        return for_tenant(self.issuer, tenant_of(claims))


@dataclass(frozen=True, slots=True)
class VerifiedIdToken:
    """An ID token that passed every rule."""

    claims: VerifiedClaims
    subject: Subject
    issuer: str
    issued_at: datetime
    authenticated_at: datetime | None


def one_spelling_of_each_claim(claims: VerifiedClaims, _: Expected) -> None:
    """Two spellings of a deciding claim would let two readers see two tokens (section 1.3.2)."""
    for name in _DECIDING:
        if sum(1 for other in claims.values if other.casefold() == name) > 1:
            raise TokenRejected("claims", f"{name} in two spellings")


def required_claims(claims: VerifiedClaims, _: Expected) -> None:
    """All there and of their type (threats UO-10)."""
    for name in ("iss", "aud", "sub", "tid", "oid", "nonce", "ver"):
        claims.text(name)
    for name in ("iat", "exp"):
        claims.moment(name)
    claims.optional_moment("nbf")


def tenant(claims: VerifiedClaims, expected: Expected) -> None:
    """``tid`` is a tenant, and the one that was asked for (threats UO-01)."""
    tenant_id = tenant_of(claims)
    if expected.tenant_id is not None and tenant_id != expected.tenant_id:
        raise TokenRejected("issuer", "of another tenant")


def issuer(claims: VerifiedClaims, expected: Expected) -> None:
    """``iss`` is the expected string, character for character (threats UO-02)."""
    if claims.get("iss") != expected.issuer_for(claims):
        raise TokenRejected("issuer", "not the issuer of this tenant")


def key_issuer(claims: VerifiedClaims, expected: Expected) -> None:
    """The key may sign for this issuer (threats UO-03).

    At the shared authority a key that does not say so is refused: its key set holds keys of the consumer tenant. A
    tenant's own key set is that tenant's, and need not repeat it.
    """
    stated = claims.key.issuer
    if stated is None:
        if PLACEHOLDER in expected.issuer:
            raise TokenRejected("key_issuer", "the key does not say whose tokens it signs")
        return
    if for_tenant(stated, tenant_of(claims)) != claims.get("iss"):
        raise TokenRejected("key_issuer", "the key signs for another issuer")


def cloud_instance(claims: VerifiedClaims, expected: Expected) -> None:
    """Key and metadata are of the same national cloud, if both say of which (section 1.3.5)."""
    stated = claims.key.cloud_instance_name
    if None not in (stated, expected.cloud_instance_name) and stated != expected.cloud_instance_name:
        raise TokenRejected("key_issuer", "the key is of another cloud")


def version(claims: VerifiedClaims, _: Expected) -> None:
    """A v1.0 token has other rules and other keys (section 1.1)."""
    if claims.get("ver") != "2.0":
        raise TokenRejected("claims", "not a v2.0 token")


def audience(claims: VerifiedClaims, expected: Expected) -> None:
    """For us and nobody else; Entra writes one string (threats UO-11)."""
    if claims.get("aud") != expected.client_id:
        raise TokenRejected("audience", "for another application")
    if claims.get("azp") not in (None, expected.client_id):
        raise TokenRejected("audience", "obtained by another application")


def life(claims: VerifiedClaims, expected: Expected) -> None:
    """Issued before now, for a sensible time, and not over (threats UO-10, SS-11)."""
    issued_at, expires_at, not_before = claims.moment("iat"), claims.moment("exp"), claims.optional_moment("nbf")
    if issued_at > expected.now + _LEEWAY:
        raise TokenRejected("claims", "issued in the future")
    if not timedelta(0) < expires_at - issued_at <= _LONGEST_LIFE:
        raise TokenRejected("claims", "lives too long, or not at all")
    if expires_at + _LEEWAY <= expected.now:
        raise TokenRejected("clock", "expired")
    if not_before is not None and not_before > expected.now + _LEEWAY:
        raise TokenRejected("clock", "not valid yet")


def nonce(claims: VerifiedClaims, expected: Expected) -> None:
    """Made for this transaction (OpenID Connect Core 15.5.2; threats UO-12)."""
    if not hmac.compare_digest(claims.text("nonce").encode(), expected.nonce.encode()):
        raise TokenRejected("nonce", "of another sign-in")


def authentication_time(claims: VerifiedClaims, expected: Expected) -> None:
    """``auth_time`` may be left out; if there, it is a time that has been."""
    authenticated_at = claims.optional_moment("auth_time")
    if authenticated_at is not None and authenticated_at > expected.now + _LEEWAY:
        raise TokenRejected("claims", "authenticated in the future")


RULES: Final[Sequence[Callable[[VerifiedClaims, Expected], None]]] = (
    one_spelling_of_each_claim,
    required_claims,
    tenant,
    issuer,
    key_issuer,
    cloud_instance,
    version,
    audience,
    life,
    nonce,
    authentication_time,
)


_EVERY_RULE: Final = ", ".join(rule.__name__ for rule in RULES)


def verify_id_token(token: str, find_key: KeyFinder, expected: Expected) -> VerifiedIdToken:
    """The ID token, believed; raises ``TokenRejected``, and what ``find_key`` raises when no keys can be had."""
    claims = verify_compact(token, find_key, algorithms=_ALGORITHMS, types=_TYPES)
    tracing.check("upstream", "signature", algorithm=str(claims.header["alg"]), kid=str(claims.header["kid"]))
    for rule in RULES:
        try:
            rule(claims, expected)
        except TokenRejected as error:
            tracing.check("upstream", rule.__name__, "refused", detail=str(error))
            raise
    tracing.check(
        "upstream", "id_token", issuer=claims.text("iss"), tenant_id=tenant_of(claims), detail=_EVERY_RULE
    )
    try:
        subject = Subject.entra(claims.text("tid"), claims.text("oid"))
    except ValueError as error:
        raise TokenRejected("claims", "oid is not a GUID") from error
    return VerifiedIdToken(
        claims, subject, claims.text("iss"), claims.moment("iat"), claims.optional_moment("auth_time")
    )


def tenant_of(claims: VerifiedClaims) -> str:
    """``tid`` in its canonical form; raises ``TokenRejected`` (``issuer``) if it is not a GUID (threats UO-02)."""
    tenant_id = canonical_tenant(claims.get("tid"))
    if tenant_id is None:
        raise TokenRejected("issuer", "tid is not a GUID")
    return tenant_id
