"""Certificates and private keys in PEM, as an operator hands them over: readable, matching, in force."""

from __future__ import annotations

import ipaddress
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

# Time enough to order a certificate and to find a maintenance window.
NOTICE: Final = timedelta(days=60)

_MINIMUM_RSA_BITS: Final = 2048  # RFC 7518 section 3.3


class CertificateRefused(Exception):
    """The message goes on after the name of the file."""


def parse_certificates(pem: bytes) -> list[x509.Certificate]:
    """Every certificate of a PEM file, at least one; raises ``CertificateRefused``."""
    try:
        return x509.load_pem_x509_certificates(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CertificateRefused("holds no certificate in PEM") from error


def parse_private_key(pem: bytes) -> PrivateKeyTypes:
    """The private key of a PEM file; raises ``CertificateRefused``, also for one under a passphrase."""
    try:
        return load_pem_private_key(pem, password=None)
    except TypeError as error:
        raise CertificateRefused("is under a passphrase; the broker needs the key without one") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CertificateRefused("holds no private key in PEM") from error


def require_match(certificate: x509.Certificate, key: PrivateKeyTypes) -> None:
    """Returns if the key is the certificate's own; raises ``CertificateRefused``."""
    if _public(certificate.public_key()) != _public(key.public_key()):
        raise CertificateRefused("is not the key of the certificate")


def require_rsa(key: PrivateKeyTypes) -> None:
    """Returns if the key can sign client assertions (PS256, RS256); raises ``CertificateRefused``."""
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < _MINIMUM_RSA_BITS:
        raise CertificateRefused(f"is not an RSA key of at least {_MINIMUM_RSA_BITS} bits")


def require_in_force(certificate: x509.Certificate, now: datetime) -> None:
    """Returns if ``now`` is within the certificate's validity; raises ``CertificateRefused``."""
    if now < certificate.not_valid_before_utc:
        raise CertificateRefused(f"is not valid before {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC")
    if now > certificate.not_valid_after_utc:
        raise CertificateRefused(f"ended on {certificate.not_valid_after_utc:%Y-%m-%d}")


def days_left(certificate: x509.Certificate, now: datetime) -> int | None:
    """Whole days until the certificate ends, or None while that is further away than ``NOTICE``."""
    left = certificate.not_valid_after_utc - now
    return left.days if left < NOTICE else None


def covers(certificate: x509.Certificate, host: str) -> bool:
    """Whether the certificate is for this host (RFC 9525 section 6.3: subject alternative names only)."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    try:
        return ipaddress.ip_address(host) in names.get_values_for_type(x509.IPAddress)
    except ValueError:
        wildcard = "*." + host.partition(".")[2]
        return any(name.lower() in (host, wildcard) for name in names.get_values_for_type(x509.DNSName))


def _public(key: object) -> bytes:
    encode = getattr(key, "public_bytes", None)
    if encode is None:
        raise CertificateRefused("is of a kind that is not known")
    return bytes(encode(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
