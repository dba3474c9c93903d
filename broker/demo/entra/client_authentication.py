"""Which application calls the token endpoint, and its proof (entra-id reference 1.6)."""

from __future__ import annotations

import binascii
import hashlib
import hmac
import json
from base64 import b64decode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from urllib.parse import unquote_plus

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, AsymmetricPadding, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from broker.clock import epoch_seconds
from broker.demo.entra.directory import Authority
from broker.demo.entra.errors import refusal
from broker.demo.entra.model import AppRegistration
from broker.demo.entra.state import Simulator
from broker.demo.entra.timing import moment_of

_JWT_BEARER: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_SKEW: Final = timedelta(minutes=5)

# The current header style and the older one (entra-id reference 1.6).
_PADDINGS: Final[Mapping[str, AsymmetricPadding]] = {
    "PS256": PSS(MGF1(SHA256()), PSS.DIGEST_LENGTH),
    "RS256": PKCS1v15(),
}


def authenticate_client(
    simulator: Simulator, form: Mapping[str, str], authorization: str, authority: Authority
) -> AppRegistration:
    """The registration that has proven itself by secret (body or Basic) or certificate; raises ``EntraError``."""
    basic = _basic(authorization)
    client_id = form.get("client_id") or (basic[0] if basic else "")
    if not client_id and "client_assertion" in form:
        client_id = str(_parts(form["client_assertion"])[1].get("sub", ""))
    if not client_id:
        raise refusal(900144, parameter="client_id")
    registration = simulator.directory.registration(client_id)
    if registration is None:
        raise refusal(700016, client=client_id, tenant=authority.segment)
    if basic and basic[0] != client_id:
        raise refusal(9002313)
    secret = form.get("client_secret", basic[1] if basic else None)
    assertion = form.get("client_assertion")
    if assertion is not None:
        if form.get("client_assertion_type") != _JWT_BEARER:
            raise refusal(700222)
        _check_assertion(simulator, assertion, registration, authority)
    elif secret:
        _check_secret(secret, registration)
    else:
        raise refusal(7000218)
    return registration


def _basic(header: str) -> tuple[str, str] | None:
    """Both halves are form-encoded first (RFC 6749 section 2.3.1)."""
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise refusal(9002313) from error
    return unquote_plus(name), unquote_plus(secret)


def _check_secret(secret: str, registration: AppRegistration) -> None:
    now = epoch_seconds(moment_of())
    for known in registration.secrets:
        if hmac.compare_digest(known.value.encode(), secret.encode()):
            if known.expires_at is not None and known.expires_at <= now:
                raise refusal(7000222)
            return
    raise refusal(7000215)


def _check_assertion(simulator: Simulator, assertion: str, registration: AppRegistration, authority: Authority) -> None:
    header, claims, signing_input, signature = _parts(assertion)
    certificate = _certificate(header, registration)
    padding = _PADDINGS.get(str(header.get("alg")))
    public_key = certificate.public_key()
    if padding is None or not isinstance(public_key, RSAPublicKey):
        raise refusal(700027)
    try:
        public_key.verify(signature, signing_input, padding, SHA256())
    except InvalidSignature as error:
        raise refusal(700027) from error
    now = moment_of()
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise refusal(1000502)
    if claims.get("iss") != claims.get("sub"):
        raise refusal(50048)
    if claims.get("sub") != registration.client_id:
        raise refusal(700021)
    if claims.get("aud") not in _audiences(simulator, authority):
        raise refusal(50013)
    seconds, skew = epoch_seconds(now), int(_SKEW.total_seconds())
    expires_at, not_before = claims.get("exp"), claims.get("nbf", 0)
    if not isinstance(expires_at, int) or not isinstance(not_before, int):
        raise refusal(700024)
    if seconds > expires_at + skew or seconds < not_before - skew:
        raise refusal(700024)


def _audiences(simulator: Simulator, authority: Authority) -> set[str]:
    """The token endpoint that was called; a tenant's has its domains' spellings too."""
    names = [authority.segment]
    if authority.tenant is not None:
        names += [domain.name for domain in authority.tenant.domains]
    return {f"{simulator.base_url}/{name}/oauth2/v2.0/token" for name in names}


def _certificate(header: Mapping[str, Any], registration: AppRegistration) -> x509.Certificate:
    for pem in registration.certificates:
        certificate = x509.load_pem_x509_certificate(pem.encode())
        der = certificate.public_bytes(Encoding.DER)
        for member, digest in (
            ("x5t#S256", hashlib.sha256(der).digest()),
            ("x5t", hashlib.sha1(der, usedforsecurity=False).digest()),
        ):
            # Microsoft's own library leaves the padding on.
            if str(header.get(member, "")).rstrip("=") == urlsafe_b64encode(digest).rstrip(b"=").decode():
                return certificate
    raise refusal(700027)


def _parts(assertion: str) -> tuple[Mapping[str, Any], Mapping[str, Any], bytes, bytes]:
    """Header, claims, what is signed, and the signature; raises ``EntraError`` for anything else."""
    try:
        header, claims, signature = assertion.split(".")
        signing_input = f"{header}.{claims}".encode("ascii")
        read = [json.loads(urlsafe_b64decode(_padded(part))) for part in (header, claims)]
        raw = urlsafe_b64decode(_padded(signature))
    except (ValueError, RecursionError) as error:
        raise refusal(700027) from error
    if not all(isinstance(part, dict) for part in read):
        raise refusal(700027)
    return read[0], read[1], signing_input, raw


def _padded(part: str) -> str:
    return part + "=" * (-len(part) % 4)
