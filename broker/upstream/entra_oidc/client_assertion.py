"""How the broker proves to Entra that it is the registered application (entra-id reference, section 1.6)."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, Literal, Protocol

import structlog

from broker.clock import Clock, epoch_seconds
from broker.entropy import Entropy
from broker.identity import Secret
from broker.jose.certificate_key import CertificateKey

_log = structlog.get_logger(__name__)

# Microsoft's own library makes an assertion for 600 seconds and uses it for 540 (section 1.6).
_LIFE: Final = timedelta(seconds=600)
_USE: Final = timedelta(seconds=540)
# Threats UO-24: an alarm days before the credential expires.
_WARN_BEFORE: Final = timedelta(days=30)
_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class ClientCredential(Protocol):
    """Gives the form fields that prove the client at a token endpoint."""

    def fields(self, token_endpoint: str) -> Mapping[str, str]: ...


class ClientSecret:
    """``client_secret`` in the body (RFC 6749 section 2.3.1): the one way that needs no second
    encoding of the secret.
    """

    def __init__(self, secret: Secret) -> None:
        self._secret = secret

    def fields(self, token_endpoint: str) -> Mapping[str, str]:  # noqa: ARG002 - a secret is the same everywhere
        return {"client_secret": self._secret.reveal()}


class ClientCertificate:
    """An assertion signed with a certificate's key (RFC 7523), made anew every nine minutes for each token endpoint."""

    def __init__(
        self,
        client_id: str,
        key: CertificateKey,
        clock: Clock,
        entropy: Entropy,
        *,
        assertion: Literal["PS256", "RS256"] = "PS256",
    ) -> None:
        """``assertion``: ``PS256`` with ``x5t#S256``, as Microsoft documents it now, or the older ``RS256`` with
        ``x5t``.
        """
        self._client_id = client_id
        self._key = key
        self._clock = clock
        self._entropy = entropy
        named = {"x5t#S256": key.thumbprint_sha256} if assertion == "PS256" else {"x5t": key.thumbprint_sha1}
        self._header = {"alg": assertion, "typ": "JWT", **named}
        self._lock = threading.Lock()
        self._made: dict[str, tuple[datetime, str]] = {}

    def fields(self, token_endpoint: str) -> Mapping[str, str]:
        now = self._clock.now()
        with self._lock:
            made = self._made.get(token_endpoint)
            if made is None or not timedelta(0) <= now - made[0] < _USE:
                made = self._made[token_endpoint] = (now, self._make(token_endpoint, now))
        return {"client_assertion_type": _TYPE, "client_assertion": made[1]}

    def _make(self, token_endpoint: str, now: datetime) -> str:
        if self._key.expires_at - now < _WARN_BEFORE:
            _log.error("upstream_credential_expires", expires_at=self._key.expires_at.isoformat())
        claims = {
            "aud": token_endpoint,
            "iss": self._client_id,
            "sub": self._client_id,
            "jti": self._entropy.uuid(),
            "nbf": epoch_seconds(now),
            "iat": epoch_seconds(now),
            "exp": epoch_seconds(now + _LIFE),
        }
        return self._key.sign(self._header, claims)
