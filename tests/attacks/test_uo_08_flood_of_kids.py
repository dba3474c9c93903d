"""UO-08: a flood of unknown key ids must not make the broker fetch keys, nor hurt anybody else's sign-in."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from broker.clock import ManualClock
from broker.http_client import HttpClient
from broker.jose.errors import TokenRejected
from broker.jose.remote_key_set import RemoteKeySets
from tests.attacks.upstream import Attempt, OwnKeys, let_in, refuse_token
from tests.support.https import Answer, LocalHttps, certificate
from tests.support.jose import public, rsa_key, token
from tests.support.world import World


def key_fetches(world: World) -> int:
    return len([one for one in world.control.get("requests")["requests"] if one["path"].endswith("/keys")])


def test_uo_08_unknown_kids_cause_one_fetch_in_five_minutes_and_good_sign_ins_go_on(world: World) -> None:
    assert let_in(world.come_back(world.browser()))
    browser, stranger = world.browser(), rsa_key("attack-2")
    claims_of = OwnKeys.__new__(OwnKeys)  # Nothing is published: the flood is of keys that nobody knows.
    claims_of.world, claims_of.key = world, stranger
    before = key_fetches(world)
    for window in range(1, 4):
        for number in range(8):
            attempt = Attempt.begin(world, browser=browser)
            refuse_token(attempt, token(stranger, claims_of.claims(attempt), kid=f"unknown-{number}"), "kid")
        assert key_fetches(world) - before == window
        assert let_in(world.come_back(world.browser()))
        assert key_fetches(world) - before == window
        world.clock.advance(timedelta(minutes=5))


def test_uo_08_five_hundred_kids_at_once_are_one_fetch(clock: ManualClock) -> None:
    document = json.dumps({"keys": [public(rsa_key("entra-1"))]}).encode()
    with LocalHttps(lambda _: Answer(200, document)) as server:
        http = HttpClient(allowed_private_addresses=["127.0.0.0/8", "::1/128"], ca_bundle=str(certificate()[0]))
        keys = RemoteKeySets(http, clock).at(f"{server.origin}/keys")

        def ask(number: int) -> None:
            with pytest.raises(TokenRejected) as caught:
                keys.key(f"unknown-{number}")
            assert caught.value.reason == "kid"

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(ask, range(500)))
            assert keys.key("entra-1").kid == "entra-1"
            # The first reader's fetch, and the one that an unknown name may demand.
            assert len(server.received) <= 2
            clock.advance(timedelta(minutes=4, seconds=59))
            list(pool.map(ask, range(500, 600)))
            assert len(server.received) <= 2
            clock.advance(timedelta(seconds=1))
            list(pool.map(ask, range(600, 700)))
            assert len(server.received) <= 3
        http.close()
