"""A key with its certificate signs assertions, and is refused if the two do not belong together."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

from broker.jose.certificate_key import CertificateKey, CertificateRefused
from tests.support.jose import ec_key, rsa_key

EXPIRES = datetime(2027, 3, 1, tzinfo=UTC)


def certificate_of(key: JWK) -> bytes:
    private = key.get_op_key("sign")
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "broker")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(7)
        .not_valid_before(EXPIRES - timedelta(days=365))
        .not_valid_after(EXPIRES)
        .sign(private, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


def pem_of(key: JWK) -> bytes:
    return bytes(key.export_to_pem(private_key=True, password=None))


@pytest.mark.parametrize("alg", ["PS256", "RS256"])
def test_an_assertion_verifies_with_the_certificate(alg: str) -> None:
    key = rsa_key("rsa-1")
    made = CertificateKey.from_pem(pem_of(key), certificate_of(key))
    jws = JWS()
    jws.deserialize(made.sign({"alg": alg, "x5t": made.thumbprint_sha1}, {"jti": "1"}))
    jws.allowed_algs = [alg]
    jws.verify(JWK.from_pem(certificate_of(key)), alg)
    assert jws.payload == b'{"jti":"1"}'


def test_the_thumbprints_are_those_of_the_certificate() -> None:
    key = rsa_key("rsa-1")
    pem = certificate_of(key)
    der = x509.load_pem_x509_certificate(pem).public_bytes(serialization.Encoding.DER)
    made = CertificateKey.from_pem(pem_of(key), pem)
    assert base64.urlsafe_b64decode(made.thumbprint_sha256 + "=") == hashlib.sha256(der).digest()
    assert base64.urlsafe_b64decode(made.thumbprint_sha1 + "=") == hashlib.sha1(der).digest()  # noqa: S324 - a name
    assert made.expires_at == EXPIRES
    assert "jwk" not in repr(made)


@pytest.mark.parametrize("wrong", ["other certificate", "no key", "no certificate", "elliptic", "small", "encrypted"])
def test_what_does_not_belong_together_is_refused(wrong: str) -> None:
    key = rsa_key("rsa-1")
    good = (pem_of(key), certificate_of(key))
    pair = {
        "other certificate": (good[0], certificate_of(rsa_key("rsa-2"))),
        "no key": (good[1], good[1]),
        "no certificate": (good[0], good[0]),
        "elliptic": (pem_of(ec_key("ec-1")), certificate_of(ec_key("ec-1"))),
        "small": (pem_of(rsa_key("small", 1024)), certificate_of(rsa_key("small", 1024))),
        "encrypted": (bytes(key.export_to_pem(private_key=True, password=b"word")), good[1]),
    }[wrong]
    CertificateKey.from_pem(*good)
    with pytest.raises(CertificateRefused):
        CertificateKey.from_pem(*pair)
