"""Private signing keys: made, sealed for the directory, opened again, and used. A private key is parsed once in its
life.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from jwcrypto.common import JWException
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

from broker import strict_json
from broker.jose.algorithms import SIGNING_ALGORITHMS
from broker.jose.key_set import VerifyingKey
from broker.jose.sealing import SealBroken, Sealer
from broker.store.directory import StoredKey

# Bits; NIST SP 800-57: good until 2030. Larger ones cost six times as much at every sign-in.
_RSA_BITS: Final = 2048


class KeyBroken(Exception):
    """A stored key cannot be opened, or its parts do not belong together."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key pair of ours, ready for use, with the times of its stored form."""

    kid: str
    alg: str
    public: Mapping[str, str]
    created_at: datetime
    activates_at: datetime
    retires_at: datetime | None
    jwk: JWK = field(repr=False, compare=False)

    def published(self, now: datetime) -> bool:
        """Whether the key stands in our key set."""
        return self.created_at <= now and (self.retires_at is None or now < self.retires_at)

    def signs(self, now: datetime) -> bool:
        """Whether the key may sign."""
        return self.activates_at <= now and self.published(now)

    def verifying(self) -> VerifyingKey:
        """The public half, as the verifier wants it."""
        wanted = SIGNING_ALGORITHMS[self.alg]
        return VerifyingKey(self.kid, wanted.kty, wanted.crv, self.alg, None, None, self.jwk)


def sign_compact(key: JWK, header: Mapping[str, str], claims: Mapping[str, Any]) -> str:
    """A compact JWS; ``header`` has the ``alg``."""
    jws = JWS(json.dumps(claims, separators=(",", ":")).encode("utf-8"))
    jws.allowed_algs = [header["alg"]]
    jws.add_signature(key, header["alg"], json.dumps(header, separators=(",", ":")))
    return str(jws.serialize(compact=True))


def generate(alg: str, sealer: Sealer, created_at: datetime, activates_at: datetime) -> StoredKey:
    """A new key pair for an algorithm of ours, in its stored form. Its name is its thumbprint (RFC 7638)."""
    wanted = SIGNING_ALGORITHMS[alg]
    options: dict[str, Any] = {"size": _RSA_BITS} if wanted.kty == "RSA" else {"crv": wanted.crv}
    key = JWK.generate(kty=wanted.kty, **options)
    kid = str(key.thumbprint())
    public = {**json.loads(key.export_public()), "kid": kid, "alg": alg, "use": "sig"}
    sealed = sealer.seal(str(key.export_private()).encode("ascii"))
    return StoredKey(kid, alg, json.dumps(public), sealed, created_at, activates_at, None)


def open_key(stored: StoredKey, sealer: Sealer) -> SigningKey:
    """The usable form of a stored key; raises ``KeyBroken``.

    The thumbprint shows that name, public and private half belong together, so that an exchanged row is noticed.
    """
    try:
        parameters = strict_json.parse_object(sealer.open(stored.sealed))
        key = JWK(**parameters)
        # The seal has proved these to be the bytes that we wrote; proving the primes again costs 29 ms a key.
        key.unsafe_skip_rsa_key_validation = True
        key.get_op_key("sign")
        key.get_op_key("verify")
        public = strict_json.parse_object(stored.public_jwk)
        wanted = SIGNING_ALGORITHMS[stored.alg]
        expected = {**json.loads(key.export_public()), "kid": stored.kid, "alg": stored.alg, "use": "sig"}
        if key.thumbprint() != stored.kid or public != expected or key["kty"] != wanted.kty:
            raise KeyBroken(f"key {stored.kid}: parts do not belong together")
    except SealBroken as error:
        raise KeyBroken(f"key {stored.kid} cannot be opened: is this the sealing key it was sealed with?") from error
    except (JWException, ValueError, KeyError, TypeError) as error:
        raise KeyBroken(f"key {stored.kid} cannot be read: {type(error).__name__}") from error
    return SigningKey(stored.kid, stored.alg, expected, stored.created_at, stored.activates_at, stored.retires_at, key)
