"""UO-10: deciding claims are missing, of another type, or nonsense in time."""

from __future__ import annotations

from typing import Any

from broker.clock import epoch_seconds
from tests.attacks.upstream import TENANT_B, Attempt, OwnKeys, let_in, refuse_mutation, refuse_token
from tests.support.world import World

TEXTS = ("iss", "aud", "sub", "nonce", "tid", "oid", "ver")
TIMES = ("exp", "iat")


def test_uo_10_every_deciding_claim_must_be_there(world: World) -> None:
    browser = world.browser()
    for name in (*TEXTS, *TIMES):
        refuse_mutation(world, "claims", drop=[name], browser=browser)


def test_uo_10_every_deciding_claim_must_be_of_its_type(world: World) -> None:
    keys, browser = OwnKeys(world), world.browser()
    wrong_texts: list[Any] = [["x"], {"x": 1}, 0, ""]
    for name in TEXTS:
        for value in wrong_texts:
            attempt = Attempt.begin(world, browser=browser)
            refuse_token(attempt, keys.sign(attempt, **{name: value}), "claims")
    now = epoch_seconds(world.clock.now())
    wrong_times: list[Any] = [str(now + 60), now + 60.5, True, [now + 60], 10**30]
    for name in (*TIMES, "nbf", "auth_time"):
        for value in wrong_times:
            attempt = Attempt.begin(world, browser=browser)
            refuse_token(attempt, keys.sign(attempt, **{name: value}), "claims")


def test_uo_10_an_object_id_must_be_a_guid(world: World) -> None:
    keys, browser = OwnKeys(world), world.browser()
    for oid in ("eleni", "ddf3fc9b93834d9fbb1c122bf6d836c8x", "ddf3fc9b-9383-4d9f-bb1c-122bf6d836c8\x00", "null"):
        attempt = Attempt.begin(world, browser=browser)
        refuse_token(attempt, keys.sign(attempt, oid=oid), "claims")


def test_uo_10_times_must_be_sensible(world: World) -> None:
    keys, browser = OwnKeys(world), world.browser()
    now = epoch_seconds(world.clock.now())
    day = 86400
    for reason, times in (
        ("claims", {"iat": now + 61, "nbf": now}),
        ("claims", {"iat": now, "exp": now + day + 1}),
        ("claims", {"iat": now - 10 * 365 * day, "nbf": now - 10 * 365 * day}),
        ("claims", {"exp": now + 10 * 365 * day}),
        ("claims", {"iat": now - 10, "exp": now - 10}),
        ("claims", {"iat": now, "exp": now - 30}),
        ("claims", {"auth_time": now + 61}),
        ("clock", {"iat": now - 3600, "exp": now - 60}),
        ("clock", {"nbf": now + 61}),
    ):
        attempt = Attempt.begin(world, browser=browser)
        refuse_token(attempt, keys.sign(attempt, **times), reason)
    refuse_mutation(world, "clock", preset="stale", browser=browser)


def test_uo_10_times_at_the_very_edge_sign_in(world: World) -> None:
    world.signed_in()
    keys, now = OwnKeys(world), epoch_seconds(world.clock.now())
    for times in (
        {"iat": now + 60, "nbf": now + 60, "exp": now + 86460, "auth_time": now + 60},
        {"iat": now - 3600, "exp": now - 59},
        {"nbf": None},
    ):
        attempt = Attempt.begin(world)
        assert let_in(attempt.deliver_token(keys.sign(attempt, **times)))


def test_uo_10_a_claim_in_two_spellings_or_twice_is_refused(world: World) -> None:
    browser = world.browser()
    for name in ("TID", "Oid", "NONCE", "AUD", "iSs", "Exp"):
        refuse_mutation(world, "claims", claims={name: TENANT_B}, browser=browser)
    for name in ("tid", "oid", "nonce", "aud", "exp"):
        refuse_mutation(world, "jose", repeat={name: TENANT_B}, browser=browser)
