"""The broker's own signing keys: one pair for each algorithm in use, others on their way in or out (threats SS-05,
SS-06).

The directory holds them sealed; every process reads them again every half minute, so that a rotation asked for in one
process reaches all. What is published and what signs follows from the times that stand with each key, and so is the
same everywhere.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from broker.clock import Clock
from broker.jose.algorithms import SIGNING_ALGORITHMS
from broker.jose.claims import VerifiedClaims
from broker.jose.errors import TokenRejected
from broker.jose.key_set import VerifyingKey
from broker.jose.sealing import Sealer
from broker.jose.signing import KeyBroken, SigningKey, generate, open_key, sign_compact
from broker.jose.verifying import verify_compact
from broker.store.directory import Directory, DirectoryUnavailable, StoredKey

_log = structlog.get_logger(__name__)

REFRESH_EVERY: Final = timedelta(seconds=30)
# Threats SS-05: an application may keep our key set for a day before it sees a new key.
PUBLISH_BEFORE_USE: Final = timedelta(hours=24)
# The longest life that configuration allows a token (federation/model.py, Tokens).
LONGEST_TOKEN_LIFE: Final = timedelta(hours=1)
# Every process has read the directory again after this, whatever it was doing.
_SPREAD: Final = timedelta(minutes=5)
# Threats G11.
_LEEWAY: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class _Reading:
    """The keys as one read of the directory gave them; latest activation first."""

    keys: tuple[SigningKey, ...]
    read_at: datetime


@dataclass(frozen=True, slots=True)
class _Published:
    kids: tuple[str, ...]
    document: Mapping[str, Any]
    body: bytes


class KeyRing:
    """Signs for the broker and verifies what it has signed. Safe for threads."""

    def __init__(self, directory: Directory, sealer: Sealer, clock: Clock, reading: _Reading) -> None:
        self._directory = directory
        self._sealer = sealer
        self._clock = clock
        self._reading = reading
        self._attempted_at = reading.read_at
        self._published: _Published | None = None
        self._renewing = threading.Lock()

    @classmethod
    def open(cls, directory: Directory, sealing_key: bytes, clock: Clock) -> KeyRing:
        """The ring of this directory; its first keys are made if there are none.

        Of several processes that start at once, one writes and all use what it wrote. Raises ``KeyBroken`` if a key
        cannot be opened with ``sealing_key``, ``DirectoryUnavailable``, and ``ValueError`` for a sealing key of the
        wrong length.
        """
        sealer = Sealer(sealing_key)
        now = clock.now()
        if not directory.signing_keys():
            directory.add_first_signing_keys([generate(alg, sealer, now, now) for alg in SIGNING_ALGORITHMS])
        reading = _read(directory.signing_keys(), sealer, now, ())
        missing = [alg for alg in SIGNING_ALGORITHMS if not any(k.alg == alg and k.signs(now) for k in reading.keys)]
        for alg in missing:
            directory.add_signing_key(generate(alg, sealer, now, now))
        if missing:
            reading = _read(directory.signing_keys(), sealer, now, reading.keys)
        return cls(directory, sealer, clock, reading)

    # -- use --------------------------------------------------------------------------------------------------

    def sign(self, alg: str, typ: str, claims: Mapping[str, Any]) -> str:
        """A compact JWS of these claims; raises ``KeyError`` if no key of this algorithm signs now."""
        key = self.current(alg)
        return sign_compact(key.jwk, {"alg": alg, "typ": typ, "kid": key.kid}, claims)

    def current(self, alg: str) -> SigningKey:
        """The key that signs for an algorithm now: of those that may, the one activated last."""
        self.refresh()
        now = self._clock.now()
        for key in self._reading.keys:
            if key.alg == alg and key.signs(now):
                return key
        raise KeyError(f"no key signs {alg}")

    def public_jwks(self) -> Mapping[str, Any]:
        """Our key set (RFC 7517 section 5): every key that signs, may still have to verify, or is about to sign."""
        return self._publish().document

    def public_jwks_json(self) -> bytes:
        """The same as the body of the answer at ``jwks_uri``."""
        return self._publish().body

    def verify_own(
        self,
        token: object,
        *,
        typ: str,
        algorithms: Collection[str] = tuple(SIGNING_ALGORITHMS),
        allow_expired: bool = False,
    ) -> VerifiedClaims:
        """The claims of a token that we signed, for example an ``id_token_hint``; raises ``TokenRejected``.

        ``typ`` keeps one kind of token from being taken for another (RFC 8725 section 3.11). A hint may have expired
        (OpenID Connect Core 3.1.2.1): ``allow_expired``. Issuer and audience are the caller's to compare.
        """
        self.refresh()
        claims = verify_compact(token, self._find, algorithms=algorithms, types={typ.lower()})
        if claims.moment("exp") + _LEEWAY <= self._clock.now() and not allow_expired:
            raise TokenRejected("clock", "expired")
        return claims

    # -- renewal ----------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Reads the directory again if the last reading is half a minute old; cheap otherwise, and never fails.

        When the directory does not answer, or holds a key that cannot be opened, the keys at hand go on working.
        """
        now = self._clock.now()
        if timedelta(0) <= now - self._attempted_at < REFRESH_EVERY or not self._renewing.acquire(blocking=False):
            return
        try:
            self._attempted_at = now
            self._reread(now)
        except (DirectoryUnavailable, KeyBroken) as error:
            _log.error("key_ring_not_renewed", reason=type(error).__name__, detail=str(error))
        finally:
            self._renewing.release()

    def rotate(self, alg: str, *, emergency: bool = False) -> str:
        """Makes a new key for an algorithm and sees the old ones out; the new ``kid``.

        Scheduled: the new key is published now and signs after a day, when every application has had to see it; the old
        ones stay published until the last token they signed and the last copy of the key set are out of use. Emergency,
        when a key may be known to others: the new key signs at once, and the old ones are withdrawn at once, so that
        nothing they signed is believed any longer. Raises ``KeyError`` for an algorithm that is not ours, and
        ``DirectoryUnavailable``.
        """
        now = self._clock.now()
        activates_at = now if emergency else now + PUBLISH_BEFORE_USE + _SPREAD
        retires_at = now if emergency else activates_at + _SPREAD + LONGEST_TOKEN_LIFE + PUBLISH_BEFORE_USE
        fresh = generate(alg, self._sealer, now, activates_at)
        self._directory.add_signing_key(fresh)
        for key in self._directory.signing_keys():
            if key.alg != alg or key.kid == fresh.kid:
                continue
            if key.retires_at is None or (emergency and key.retires_at > now):
                self._directory.retire_signing_key(key.kid, retires_at)
        with self._renewing:
            self._reread(now)
        return fresh.kid

    def _reread(self, now: datetime) -> None:
        self._reading = _read(self._directory.signing_keys(), self._sealer, now, self._reading.keys)

    def _find(self, kid: str) -> VerifyingKey:
        now = self._clock.now()
        for key in self._reading.keys:
            if key.kid == kid and key.published(now):
                return key.verifying()
        raise TokenRejected("kid", "not a key of ours")

    def _publish(self) -> _Published:
        self.refresh()
        now = self._clock.now()
        keys = [key for key in self._reading.keys if key.published(now)]
        kids = tuple(key.kid for key in keys)
        published = self._published
        if published is None or published.kids != kids:
            document = {"keys": [dict(key.public) for key in keys]}
            published = self._published = _Published(kids, document, json.dumps(document).encode("ascii"))
        return published


def _read(stored: Sequence[StoredKey], sealer: Sealer, now: datetime, known: Sequence[SigningKey]) -> _Reading:
    """Opens what is not open yet. Retired keys are of no use to anyone and stay sealed."""
    opened = {key.kid: key for key in known}
    keys = [
        replace(opened[key.kid], activates_at=key.activates_at, retires_at=key.retires_at)
        if key.kid in opened
        else open_key(key, sealer)
        for key in stored
        if key.retires_at is None or key.retires_at > now
    ]
    keys.sort(key=lambda key: (key.activates_at, key.kid), reverse=True)
    return _Reading(tuple(keys), now)
