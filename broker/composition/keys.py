"""The keys of our own purposes, and the credential by which Entra knows this broker."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from broker.composition.surroundings import Surroundings
from broker.federation.load import Configuration
from broker.federation.model import CertificateCredential
from broker.federation.model import ClientSecret as ConfiguredSecret
from broker.jose.certificate_key import CertificateKey
from broker.upstream.entra_oidc.client_assertion import ClientCertificate, ClientCredential, ClientSecret


def derived(configuration: Configuration, purpose: str) -> bytes:
    """A key of its own for each purpose, so that the use of one tells nothing of another."""
    return hashlib.blake2b(key=configuration.sealing_key(), person=purpose.encode()[:16], digest_size=32).digest()


def entra_credential(configuration: Configuration, around: Surroundings) -> ClientCredential:
    """What proves to Entra that we are its application: a secret, or assertions that a certificate's key signs."""
    entra = configuration.broker.entra
    credential = entra.credential
    if isinstance(credential, ConfiguredSecret):
        return ClientSecret(configuration.secret(credential.secret))
    key = _certificate_key(configuration, credential)
    return ClientCertificate(entra.client_id, key, around.clock, around.entropy, assertion=credential.assertion)


def entra_credential_ends_at(configuration: Configuration) -> datetime | None:
    """When Entra stops accepting our credential: the certificate's own end, or the day that was written down."""
    credential = configuration.broker.entra.credential
    if isinstance(credential, ConfiguredSecret):
        day = credential.expires_on
        return datetime.fromisoformat(day).replace(tzinfo=UTC) if day is not None else None
    return _certificate_key(configuration, credential).expires_at


def _certificate_key(configuration: Configuration, credential: CertificateCredential) -> CertificateKey:
    return CertificateKey.from_pem(
        configuration.secret(credential.key).reveal().encode(),
        configuration.path(credential.certificate).read_bytes(),
    )
