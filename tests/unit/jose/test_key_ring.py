"""The key ring signs with keys that everyone has had time to see, and never shows a private half
(threats SS-05, SS-06).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast

import pytest
from jwcrypto.jwk import JWK
from structlog.testing import capture_logs

from broker.clock import ManualClock, epoch_seconds
from broker.jose.algorithms import SIGNING_ALGORITHMS, left_hash
from broker.jose.errors import TokenRejected
from broker.jose.key_ring import REFRESH_EVERY, KeyRing
from broker.jose.key_set import parse_key_set
from broker.jose.signing import KeyBroken
from broker.jose.verifying import verify_compact
from broker.store.directory import Directory, DirectoryUnavailable, StoredKey
from tests.support.jose import header_of, rsa_key, token
from tests.support.people import NOW

SEALING_KEY = b"\x01" * 32
DAY = timedelta(days=1)
ALGORITHMS = tuple(SIGNING_ALGORITHMS)


class Keys:
    """The key operations of a directory, in memory, as atomic as the port promises."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.keys: dict[str, StoredKey] = {}
        self.down = False
        self.reads = 0

    def signing_keys(self) -> Sequence[StoredKey]:
        with self._lock:
            self.reads += 1
            if self.down:
                raise DirectoryUnavailable("down")
            return sorted(self.keys.values(), key=lambda key: key.created_at)

    def add_signing_key(self, key: StoredKey) -> None:
        with self._lock:
            if key.kid in self.keys:
                raise ValueError("taken")
            self.keys[key.kid] = key

    def add_first_signing_keys(self, keys: Sequence[StoredKey]) -> bool:
        with self._lock:
            if self.keys:
                return False
            self.keys = {key.kid: key for key in keys}
            return True

    def retire_signing_key(self, kid: str, at: datetime) -> bool:
        with self._lock:
            self.keys[kid] = replace(self.keys[kid], retires_at=at)
            return True

    def activate_signing_key(self, kid: str, at: datetime) -> bool:
        with self._lock:
            self.keys[kid] = replace(self.keys[kid], activates_at=at)
            return True


class Case:
    def __init__(self) -> None:
        self.keys = Keys()
        self.clock = ManualClock(NOW)

    def open(self, sealing_key: bytes = SEALING_KEY) -> KeyRing:
        return KeyRing.open(cast(Directory, self.keys), sealing_key, self.clock)

    def claims(self, life: timedelta = timedelta(hours=1)) -> dict[str, Any]:
        return {"sub": "someone", "exp": epoch_seconds(self.clock.now() + life)}


@pytest.fixture
def case() -> Case:
    return Case()


def kids(ring: KeyRing) -> set[str]:
    return {key["kid"] for key in ring.public_jwks()["keys"]}


def verify(compact: str, jwks: object) -> None:
    """As an application would, with what it last fetched."""
    verify_compact(compact, parse_key_set(jwks).__getitem__, algorithms=ALGORITHMS, types=("jwt",))


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_token_of_each_algorithm_can_be_verified_with_the_published_keys(case: Case, alg: str) -> None:
    ring = case.open()
    compact = ring.sign(alg, "JWT", {**case.claims(), "name": "Ελένη"})
    verify(compact, json.loads(ring.public_jwks_json()))
    assert ring.verify_own(compact, typ="JWT").values["name"] == "Ελένη"
    assert header_of(compact) == {"alg": alg, "typ": "JWT", "kid": ring.current(alg).kid}


def test_the_first_keys_are_made_once_however_many_processes_start(case: Case) -> None:
    rings: list[KeyRing] = []
    threads = [threading.Thread(target=lambda: rings.append(case.open())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(case.keys.keys) == len(ALGORITHMS)
    assert all(kids(ring) == set(case.keys.keys) for ring in rings)
    assert rings[0].verify_own(rings[1].sign("RS256", "JWT", case.claims()), typ="JWT")


def test_the_name_of_a_key_is_its_thumbprint(case: Case) -> None:
    for key in case.open().public_jwks()["keys"]:
        assert JWK(**key).thumbprint() == key["kid"]


def test_an_algorithm_that_lost_its_key_gets_another(case: Case) -> None:
    case.open()
    lost = next(key for key in case.keys.keys.values() if key.alg == "ES256")
    del case.keys.keys[lost.kid]
    assert case.open().sign("ES256", "JWT", case.claims())


def test_no_private_half_is_published_stored_in_the_clear_or_shown(case: Case) -> None:
    ring = case.open()
    private = {"d", "p", "q", "dp", "dq", "qi", "k", "oth"}
    assert all(not private & key.keys() for key in ring.public_jwks()["keys"])
    for stored in case.keys.keys.values():
        assert not private & json.loads(stored.public_jwk).keys()
        assert stored.sealed.count(".") == 4
    opened = ring.current("EdDSA")
    secret = json.loads(opened.jwk.export_private())["d"]
    assert secret not in repr(opened) + repr(ring) + str(case.keys.keys) + ring.public_jwks_json().decode()


def test_another_sealing_key_opens_nothing(case: Case) -> None:
    case.open()
    with pytest.raises(KeyBroken):
        case.open(b"\x02" * 32)
    for wrong in (b"", b"short", b"\x01" * 33):
        with pytest.raises(ValueError, match="32 bytes"):
            case.open(wrong)


@pytest.mark.parametrize("change", ["private half of another", "public half of another", "name", "cut", "nonsense"])
def test_a_changed_record_is_noticed(case: Case, change: str) -> None:
    case.open()
    first, second = (key for key in case.keys.keys.values() if key.alg in ("RS256", "PS256"))
    changed = {
        "private half of another": replace(first, sealed=second.sealed),
        "public half of another": replace(first, public_jwk=second.public_jwk),
        "name": replace(first, kid="another"),
        "cut": replace(first, sealed=first.sealed[:-4]),
        "nonsense": replace(first, sealed="nonsense"),
    }[change]
    del case.keys.keys[first.kid]
    case.keys.keys[changed.kid] = changed
    with pytest.raises(KeyBroken):
        case.open()


def test_a_new_key_is_seen_for_a_day_before_it_signs_and_the_old_one_until_its_last_token_has_ended(case: Case) -> None:
    """An application that fetches our keys once a day can verify every token at every moment."""
    ring = case.open()
    copy, fetched_at = ring.public_jwks(), case.clock.now()
    old = ring.current("RS256").kid
    new = ring.rotate("RS256")
    assert new in kids(ring)
    signed_by: list[str] = []
    for _ in range(24 * 4):
        compact = ring.sign("RS256", "JWT", case.claims())
        signed_by.append(header_of(compact)["kid"])
        verify(compact, copy)
        case.clock.advance(timedelta(minutes=59))
        verify(compact, copy)
        if case.clock.now() - fetched_at >= DAY - timedelta(hours=1):
            copy, fetched_at = ring.public_jwks(), case.clock.now()
    assert (signed_by[0], signed_by[-1]) == (old, new)
    assert signed_by == sorted(signed_by, key=[old, new].index)
    assert kids(ring) & {old, new} == {new}


def test_in_an_emergency_the_new_key_signs_at_once_and_nothing_of_the_old_one_is_believed(case: Case) -> None:
    ring = case.open()
    compact = ring.sign("RS256", "JWT", case.claims())
    old = header_of(compact)["kid"]
    waiting = ring.rotate("RS256")
    new = ring.rotate("RS256", emergency=True)
    assert header_of(ring.sign("RS256", "JWT", case.claims()))["kid"] == new
    assert not kids(ring) & {old, waiting}
    with pytest.raises(TokenRejected):
        ring.verify_own(compact, typ="JWT")
    assert len(kids(ring)) == len(ALGORITHMS)


def test_a_rotation_in_one_process_reaches_the_others_within_half_a_minute(case: Case) -> None:
    ring, other = case.open(), case.open()
    new = ring.rotate("ES256", emergency=True)
    case.clock.advance(REFRESH_EVERY)
    assert header_of(other.sign("ES256", "JWT", case.claims()))["kid"] == new


def test_the_directory_is_read_seldom_and_keys_are_opened_once(case: Case) -> None:
    ring = case.open()
    before, opened = case.keys.reads, ring.current("RS256").jwk
    for _ in range(100):
        ring.sign("EdDSA", "JWT", case.claims())
        ring.public_jwks_json()
    assert case.keys.reads == before
    case.clock.advance(REFRESH_EVERY)
    ring.refresh()
    assert case.keys.reads == before + 1
    assert ring.current("RS256").jwk is opened


def test_a_directory_that_is_down_stops_no_signing(case: Case) -> None:
    ring = case.open()
    case.keys.down = True
    case.clock.advance(REFRESH_EVERY)
    with capture_logs() as logs:
        for _ in range(5):
            ring.verify_own(ring.sign("RS256", "JWT", case.claims()), typ="JWT")
    assert [log["event"] for log in logs] == ["key_ring_not_renewed"]
    case.keys.down = False
    case.clock.advance(REFRESH_EVERY)
    ring.refresh()


def test_our_own_token_is_believed_only_while_it_lives_and_in_its_own_kind(case: Case) -> None:
    ring = case.open()
    compact = ring.sign("RS256", "JWT", case.claims())
    for typ in ("at+jwt", "logout+jwt"):
        with pytest.raises(TokenRejected):
            ring.verify_own(compact, typ=typ)
    with pytest.raises(TokenRejected):
        ring.verify_own(compact, typ="JWT", algorithms=("ES256",))
    case.clock.advance(timedelta(hours=1, seconds=60))
    with pytest.raises(TokenRejected) as caught:
        ring.verify_own(compact, typ="JWT")
    assert caught.value.reason == "clock"
    assert ring.verify_own(compact, typ="JWT", allow_expired=True).values["sub"] == "someone"


def test_a_token_of_somebody_else_is_not_ours(case: Case) -> None:
    ring = case.open()
    foreign = token(rsa_key("rsa-1"), case.claims(), kid=ring.current("RS256").kid)
    for compact in (foreign, token(rsa_key("rsa-1"), case.claims()), "", None, "a.b.c"):
        with pytest.raises(TokenRejected):
            ring.verify_own(compact, typ="JWT")


def test_the_left_hash_is_that_of_the_specification() -> None:
    """The value of OpenID Connect Core appendix A.4, and SHA-512 for Ed25519."""
    assert left_hash("RS256", "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y") == "77QmUPtjPfzWtF2AnpK9RQ"
    assert left_hash("RS256", "x") == left_hash("ES256", "x") == left_hash("PS256", "x")
    assert len(left_hash("EdDSA", "x")) == 43
    with pytest.raises(KeyError):
        left_hash("HS256", "x")
