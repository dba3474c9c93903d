"""The signing keys of the simulated cloud and the documents that publish them (entra-id reference 1.2, 1.4)."""

from __future__ import annotations

import hashlib
import json
import threading
from base64 import b64encode, urlsafe_b64encode
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from broker.demo.entra.model import CONSUMER_TENANT_ID


@dataclass(frozen=True, slots=True)
class _Owner:
    subject: str
    issuer: str
    cloud: str


def _owners(base_url: str) -> dict[str, _Owner]:
    # The subjects are those of captured keys (entra-id reference 1.2).
    return {
        "entra": _Owner("accounts.accesscontrol.windows.net", f"{base_url}/{{tenantid}}/v2.0", "microsoftonline.com"),
        "msa": _Owner("Live ID STS Signing Public Key", f"{base_url}/{CONSUMER_TENANT_ID}/v2.0", "microsoftonline.com"),
        "other_cloud": _Owner(
            "login.microsoftonline.us", "https://login.microsoftonline.us/{tenantid}/v2.0", "microsoftonline.us"
        ),
    }


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key pair with its self-signed certificate; ``kid`` is base64url of the SHA-1 of the certificate's DER."""

    kid: str
    owner: str
    issuer: str
    cloud_instance_name: str
    published: bool
    private_key: rsa.RSAPrivateKey = field(repr=False)
    certificate_der: bytes = field(repr=False)

    def public_pem(self) -> bytes:
        return self.private_key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def as_jwk(self) -> dict[str, object]:
        """As in the v2.0 key document, members in the captured order."""
        numbers = self.private_key.public_key().public_numbers()
        return {
            "kty": "RSA",
            "use": "sig",
            "kid": self.kid,
            "x5t": self.kid,
            "n": _base64url(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")),
            "e": _base64url(numbers.e.to_bytes((numbers.e.bit_length() + 7) // 8, "big")),
            "x5c": [b64encode(self.certificate_der).decode()],
            "cloud_instance_name": self.cloud_instance_name,
            "issuer": self.issuer,
        }


# Entra publishes several keys that are all valid (entra-id reference 1.4, 8.1).
_INITIAL: Final = ("entra", "entra", "entra", "msa", "other_cloud")


class UnknownKey(LookupError):
    """No such key, or one that cannot be taken away."""


class KeyRing:
    """Which keys exist, which are published, and which one signs for each owner."""

    def __init__(self, base_url: str, now: datetime, lock: threading.RLock) -> None:
        self._owners = _owners(base_url)
        self._lock = lock
        self._initial = tuple(self._generate(owner, now, published=True) for owner in _INITIAL)
        self.reset()

    def reset(self) -> None:
        """Back to the keys of the start."""
        with self._lock:
            self._keys = {key.kid: key for key in self._initial}
            self._active = {owner: self._first(owner).kid for owner in self._owners}
            self._documents: dict[bool, bytes] = {}

    def _first(self, owner: str) -> SigningKey:
        return next(key for key in self._keys.values() if key.owner == owner)

    def _generate(self, owner: str, now: datetime, *, published: bool) -> SigningKey:
        private_key = rsa.generate_private_key(65537, 2048)
        described = self._owners[owner]
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, described.subject)])
        start = now.replace(microsecond=0, day=min(now.day, 28))
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(private_key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start.replace(year=start.year + 5))
            .sign(private_key, hashes.SHA256())
        )
        der = certificate.public_bytes(serialization.Encoding.DER)
        kid = _base64url(hashlib.sha1(der, usedforsecurity=False).digest())
        return SigningKey(kid, owner, described.issuer, described.cloud, published, private_key, der)

    # --- use

    def signing(self, which: str) -> SigningKey:
        """The active key of an owner, or the key with that ``kid``; raises ``UnknownKey``."""
        with self._lock:
            key = self._keys.get(self._active.get(which, which))
            if key is None:
                raise UnknownKey(which)
            return key

    def all(self) -> list[tuple[SigningKey, bool]]:
        """Every key, and whether it signs."""
        with self._lock:
            return [(key, key.kid == self._active[key.owner]) for key in self._keys.values()]

    def document(self, *, v1: bool = False) -> bytes:
        """The key document; the one of v1.0 does not say whose keys they are."""
        with self._lock:
            if v1 not in self._documents:
                keys = [key.as_jwk() for key in self._keys.values() if key.published]
                if v1:
                    for key in keys:
                        del key["issuer"], key["cloud_instance_name"]
                self._documents[v1] = json.dumps({"keys": keys}, separators=(",", ":")).encode()
            return self._documents[v1]

    # --- change

    def add(self, now: datetime, owner: str = "entra", *, published: bool = False) -> SigningKey:
        """A new key that does not sign yet; raises ``UnknownKey`` for an owner that does not exist."""
        if owner not in self._owners:
            raise UnknownKey(owner)
        key = self._generate(owner, now, published=published)
        self._replace(key)
        return key

    def publish(self, kid: str, *, published: bool = True) -> SigningKey:
        """Puts a key into the key document, or takes it out."""
        return self._replace(replace(self.signing(kid), published=published))

    def set_issuer(self, kid: str, issuer: str) -> SigningKey:
        """Lets the key document say another issuer for a key."""
        return self._replace(replace(self.signing(kid), issuer=issuer))

    def activate(self, kid: str) -> SigningKey:
        """From now on this key signs for its owner, published or not."""
        with self._lock:
            key = self.signing(kid)
            self._active[key.owner] = key.kid
            return key

    def remove(self, kid: str) -> None:
        """Forgets a key; if it was the one that signs, the newest other key of its owner takes over."""
        with self._lock:
            key = self.signing(kid)
            others = [other.kid for other in self._keys.values() if other.owner == key.owner and other.kid != key.kid]
            if not others:
                raise UnknownKey(f"{kid} is the last key of {key.owner}")
            del self._keys[key.kid]
            if self._active[key.owner] == key.kid:
                self._active[key.owner] = others[-1]
            self._documents.clear()

    def _replace(self, key: SigningKey) -> SigningKey:
        with self._lock:
            self._keys[key.kid] = key
            self._documents.clear()
            return key


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
