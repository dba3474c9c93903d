"""A software authenticator: keys, counters and answers as Web Authentication Level 3 has them, and as it forbids them.

It is the other side, written for itself: it shares nothing with the library that verifies it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

_UP, _UV, _ATTESTED = 0x01, 0x04, 0x40


def b64(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def cbor(value: Any) -> bytes:
    """RFC 8949, as much as a credential needs: integers, bytes, text, and maps in their given order."""
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, bytes):
        return _head(2, len(value)) + value
    if isinstance(value, str):
        return _head(3, len(value.encode())) + value.encode()
    if isinstance(value, Mapping):
        return _head(5, len(value)) + b"".join(cbor(key) + cbor(each) for key, each in value.items())
    raise TypeError(type(value))


def _head(major: int, size: int) -> bytes:
    if size < 24:
        return bytes([major << 5 | size])
    if size < 256:
        return bytes([major << 5 | 24, size])
    return bytes([major << 5 | 25]) + struct.pack(">H", size)


PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


def new_key(alg: int) -> PrivateKey:
    """A key of a COSE algorithm."""
    if alg == -7:
        return ec.generate_private_key(ec.SECP256R1())
    if alg == -35:
        return ec.generate_private_key(ec.SECP384R1())
    return ed25519.Ed25519PrivateKey.generate() if alg == -8 else rsa.generate_private_key(65537, 2048)


def cose(key: PrivateKey, alg: int) -> bytes:
    """The public key (RFC 9052 section 7, RFC 8230)."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        numbers, size = key.public_key().public_numbers(), key.key_size // 8
        curve = 1 if size == 32 else 2
        return cbor({1: 2, 3: alg, -1: curve, -2: numbers.x.to_bytes(size), -3: numbers.y.to_bytes(size)})
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return cbor({1: 1, 3: alg, -1: 6, -2: key.public_key().public_bytes_raw()})
    public = key.public_key().public_numbers()
    return cbor({1: 3, 3: alg, -1: public.n.to_bytes(256), -2: public.e.to_bytes(3)})


@dataclass(slots=True)
class Credential:
    """One discoverable credential."""

    credential_id: bytes
    key: PrivateKey
    alg: int
    user_handle: bytes
    counter: int = 0


@dataclass(frozen=True, slots=True)
class Bent:
    """What an answer says otherwise than it should; the defaults bend nothing."""

    origin: str | None = None
    rp_id: str | None = None
    challenge: str | None = None
    type: str | None = None
    flags_without: int = 0
    cross_origin: bool = False
    user_handle: bytes | None = None
    no_user_handle: bool = False
    counter: int | None = None
    signed_by: PrivateKey | None = None
    alg: int = -7
    fmt: str = "none"
    other_id: bytes | None = None


STRAIGHT = Bent()
NO_VERIFICATION = replace(STRAIGHT, flags_without=_UV)
NO_PRESENCE = replace(STRAIGHT, flags_without=_UP)


@dataclass(slots=True)
class Authenticator:
    """A person's device at one origin. ``counts`` says whether it has a sign counter, which many passkeys lack."""

    origin: str
    rp_id: str
    counts: bool = True
    credentials: list[Credential] = field(default_factory=list)

    def create(self, options: str, bent: Bent = STRAIGHT) -> str:
        """The answer to ``navigator.credentials.create``."""
        asked = json.loads(options)
        key = new_key(bent.alg)
        number = len(self.credentials) + 1
        credential_id = hashlib.sha256(f"{self.origin} {id(self)} {number}".encode()).digest()
        credential = Credential(credential_id, key, bent.alg, unb64(asked["user"]["id"]))
        self.credentials.append(credential)
        attested = bytes(16) + struct.pack(">H", len(credential_id)) + credential_id + cose(key, bent.alg)
        data = self._authenticator_data(bent, 0, _ATTESTED) + attested
        client = self._client_data("webauthn.create", asked["challenge"], bent)
        answer = {
            "clientDataJSON": b64(client),
            "attestationObject": b64(cbor({"fmt": bent.fmt, "attStmt": {}, "authData": data})),
        }
        return _written(bent.other_id or credential_id, answer)

    def get(self, options: str, bent: Bent = STRAIGHT, credential: Credential | None = None) -> str:
        """The answer to ``navigator.credentials.get``, with the newest credential that is allowed."""
        asked = json.loads(options)
        allowed = {unb64(each["id"]) for each in asked.get("allowCredentials", ())}
        fitting = [each for each in self.credentials if not allowed or each.credential_id in allowed]
        credential = credential or fitting[-1]
        if self.counts:
            credential.counter += 1
        counter = credential.counter if bent.counter is None else bent.counter
        data = self._authenticator_data(bent, counter, 0)
        client = self._client_data("webauthn.get", asked["challenge"], bent)
        signature = _sign(bent.signed_by or credential.key, data + hashlib.sha256(client).digest())
        answer = {"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(signature)}
        if not bent.no_user_handle:
            answer["userHandle"] = b64(bent.user_handle or credential.user_handle)
        return _written(bent.other_id or credential.credential_id, answer)

    def _authenticator_data(self, bent: Bent, counter: int, more: int) -> bytes:
        flags = (_UP | _UV | more) & ~bent.flags_without
        return hashlib.sha256((bent.rp_id or self.rp_id).encode()).digest() + struct.pack(">BI", flags, counter)

    def _client_data(self, kind: str, challenge: str, bent: Bent) -> bytes:
        said = {
            "type": bent.type or kind,
            "challenge": bent.challenge or challenge,
            "origin": bent.origin or self.origin,
            "crossOrigin": bent.cross_origin,
        }
        return json.dumps(said).encode()


def _sign(key: PrivateKey, message: bytes) -> bytes:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(message, ec.ECDSA(hashes.SHA256()))
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(message)
    return key.sign(message, padding.PKCS1v15(), hashes.SHA256())


def _written(credential_id: bytes, response: Mapping[str, str]) -> str:
    name = b64(credential_id)
    return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": dict(response)})
