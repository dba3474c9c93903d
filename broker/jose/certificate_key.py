"""A private key with its X.509 certificate, for assertions to somebody who was given the certificate (RFC 7523)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from jwcrypto.jwk import JWK

from broker.jose.algorithms import b64url
from broker.jose.signing import sign_compact


class CertificateRefused(ValueError):
    """The files do not hold an RSA key and its own certificate."""


@dataclass(frozen=True, slots=True)
class CertificateKey:
    """Signs with the key; says who by a thumbprint of the certificate. ``expires_at``: end of the certificate's
    validity.
    """

    thumbprint_sha1: str
    thumbprint_sha256: str
    expires_at: datetime
    jwk: JWK = field(repr=False, compare=False)

    @classmethod
    def from_pem(cls, key_pem: bytes, certificate_pem: bytes) -> CertificateKey:
        """Reads an unencrypted RSA key and its certificate; raises ``CertificateRefused``."""
        try:
            key = load_pem_private_key(key_pem, password=None)
            certificate = x509.load_pem_x509_certificate(certificate_pem)
        except (ValueError, TypeError) as error:
            raise CertificateRefused("not an unencrypted private key and a certificate in PEM") from error
        if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < 2048:
            raise CertificateRefused("the key must be RSA of at least 2048 bits")
        shapes = [
            public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            for public in (key.public_key(), certificate.public_key())
        ]
        if shapes[0] != shapes[1]:
            raise CertificateRefused("the certificate is of another key")
        der = certificate.public_bytes(Encoding.DER)
        jwk = JWK.from_pyca(key)
        jwk.get_op_key("sign")
        return cls(
            # SHA-1 only names the certificate here (RFC 7515 section 4.1.7); nothing rests on it.
            b64url(hashlib.sha1(der, usedforsecurity=False).digest()),
            b64url(hashlib.sha256(der).digest()),
            certificate.not_valid_after_utc,
            jwk,
        )

    def sign(self, header: Mapping[str, str], claims: Mapping[str, Any]) -> str:
        """A compact JWS; ``header`` has the ``alg`` and the thumbprint."""
        return sign_compact(self.jwk, header, claims)
