"""UO-05: no signature, a signature with a public key as secret, an algorithm of another kind of key."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
from base64 import b64decode
from typing import Any

from tests.attacks.upstream import Attempt, OwnKeys, let_in, refuse_mutation, refuse_token
from tests.support.jose import b64, ec_key, okp_key, public, rsa_key, signed, token
from tests.support.world import World

HASHES = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}


def test_uo_05_an_unsigned_token_is_refused_in_every_spelling(world: World) -> None:
    keys, browser = OwnKeys(world), world.browser()
    refuse_mutation(world, "alg", preset="alg_none", browser=browser)

    def unsigned(attempt: Attempt, alg: Any, signature: str) -> str:
        header = {"typ": "JWT", "alg": alg, "kid": "attack-1"}
        return f"{b64(json.dumps(header).encode())}.{b64(json.dumps(keys.claims(attempt)).encode())}.{signature}"

    spellings: list[Any] = ["none", "None", "nOnE", "NONE", "", None, "none ", [], 0]
    for alg, signature in itertools.product(spellings, ("", "AA")):
        attempt = Attempt.begin(world, browser=browser)
        refuse_token(attempt, unsigned(attempt, alg, signature), "alg")


def test_uo_05_the_public_key_is_no_secret(world: World) -> None:
    """HMAC keyed with every spelling of the published key."""
    keys, browser = OwnKeys(world), world.browser()
    refuse_mutation(world, "alg", preset="hs256_public_key", browser=browser)
    pem = keys.key.export_to_pem()
    der = b64decode(b"".join(pem.strip().splitlines()[1:-1]))
    jwk = keys.key.export_public().encode()

    def keyed(attempt: Attempt, alg: str, secret: bytes) -> str:
        header = {"typ": "JWT", "alg": alg, "kid": "attack-1"}
        body = f"{b64(json.dumps(header).encode())}.{b64(json.dumps(keys.claims(attempt)).encode())}"
        return f"{body}.{b64(hmac.digest(secret, body.encode(), HASHES[alg]))}"

    for alg, secret in [*itertools.product(HASHES, (pem, der)), ("HS256", pem.strip()), ("HS256", jwk), ("HS256", b"")]:
        attempt = Attempt.begin(world, browser=browser)
        refuse_token(attempt, keyed(attempt, alg, secret), "alg")


def test_uo_05_what_is_signed_with_another_algorithm_of_the_right_key_is_refused(world: World) -> None:
    keys, browser = OwnKeys(world), world.browser()
    for alg in ("RS384", "RS512", "PS256", "PS384", "PS512"):
        attempt = Attempt.begin(world, browser=browser)
        refuse_token(attempt, token(keys.key, keys.claims(attempt), alg=alg), "alg")
    for said in ("rs256", "Rs256", "RS256 ", "RS256\x00", "RSA-SHA256", "RSA1_5", ["RS256"], {"RS256": 1}, True):
        attempt = Attempt.begin(world, browser=browser)
        refuse_token(
            attempt,
            signed(
                keys.key,
                json.dumps({"alg": said, "kid": "attack-1"}).encode(),
                json.dumps(keys.claims(attempt)).encode(),
                "RS256",
            ),
            "alg",
        )


def test_uo_05_keys_of_another_kind_sign_no_id_token_even_if_published(world: World) -> None:
    template = f"{world.simulator_url}/{{tenantid}}/v2.0"
    others = {"ES256": ec_key("ec-1"), "EdDSA": okp_key("okp-1")}
    entries = [public(key, issuer=template) for key in (rsa_key("attack-1"), *others.values())]
    keys, browser = OwnKeys(world, *entries), world.browser()
    for alg, key in others.items():
        attempt = Attempt.begin(world, browser=browser)
        refuse_token(attempt, token(key, keys.claims(attempt), alg=alg), "alg")
        # The allowed name over a key that cannot make it, with a signature that this key did make.
        attempt = Attempt.begin(world, browser=browser)
        refuse_token(
            attempt,
            signed(
                key,
                json.dumps({"alg": "RS256", "kid": key["kid"]}).encode(),
                json.dumps(keys.claims(attempt)).encode(),
                alg,
            ),
            "alg",
        )


def test_uo_05_a_published_key_for_another_algorithm_is_not_used(world: World) -> None:
    key = rsa_key("attack-1")
    template = f"{world.simulator_url}/{{tenantid}}/v2.0"
    keys = OwnKeys(world, public(key, issuer=template, alg="PS256"))
    attempt = Attempt.begin(world)
    refuse_token(attempt, keys.sign(attempt), "alg")


def test_uo_05_the_allowed_algorithm_signs_in(world: World) -> None:
    world.signed_in()
    keys = OwnKeys(world, public(rsa_key("attack-1"), issuer=f"{world.simulator_url}/{{tenantid}}/v2.0", alg="RS256"))
    attempt = Attempt.begin(world)
    assert let_in(attempt.deliver_token(keys.sign(attempt)))
