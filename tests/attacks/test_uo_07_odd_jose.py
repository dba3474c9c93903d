"""UO-07: tokens that ask to be read in another way than a compact JWS is."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from typing import Any

from jwcrypto.jwe import JWE

from tests.attacks.upstream import Attempt, OwnKeys, let_in, refuse_mutation, refuse_token
from tests.support.jose import b64, signed
from tests.support.world import World


def test_uo_07_headers_that_change_the_reading_are_refused(world: World) -> None:
    keys, browser = OwnKeys(world), world.browser()
    hostile: list[dict[str, Any]] = [
        {"crit": ["exp"], "exp": 1},
        {"crit": []},
        {"crit": ["b64"], "b64": False},
        {"b64": False},
        {"b64": True},
        {"zip": "DEF"},
        {"enc": "A256GCM"},
        {"typ": "at+jwt"},
        {"typ": "logout+jwt"},
        {"typ": "JOSE"},
        {"typ": "JWT\x00"},
        {"typ": ""},
    ]
    for header in hostile:
        attempt = Attempt.begin(world, browser=browser)
        refuse_token(attempt, keys.sign(attempt, header), "jose")
    for header in ({"typ": ["JWT"]}, {"cty": "JWT"}, {"x5t": 5}):
        attempt = Attempt.begin(world, browser=browser)
        refuse_token(attempt, keys.sign(attempt, header), "header")
    refuse_mutation(world, "jose", preset="crit_header", browser=browser)


def test_uo_07_other_serialisations_of_a_good_token_are_refused(world: World) -> None:
    keys, browser = OwnKeys(world), world.browser()

    def in_parts(spell: Callable[[str, str, str], str]) -> Callable[[Attempt], str]:
        return lambda attempt: spell(*keys.sign(attempt).split("."))

    spellings: list[Callable[[str, str, str], str]] = [
        lambda head, body, mark: json.dumps({"protected": head, "payload": body, "signature": mark}),
        lambda head, body, mark: json.dumps({"payload": body, "signatures": [{"protected": head, "signature": mark}]}),
        lambda head, body, mark: f"{head}.{body}.{mark}.",
        lambda head, body, mark: f".{head}.{body}.{mark}",
        lambda head, body, mark: f"{head}.{body}.{mark}=",
        lambda head, body, mark: f"{head}.{body}.{mark}\n",
        lambda head, body, mark: f" {head}.{body}.{mark}",
        lambda head, body, mark: f"Bearer {head}.{body}.{mark}",
        lambda head, _, mark: f"{head}..{mark}",
        lambda head, body, _: f"{head}.{body}",
        lambda head, body, mark: f"{head}.{body}.{mark}.{mark}.{mark}",
        lambda head, body, mark: f"{head}.{body}.{mark[:4]}+{mark[5:]}",
        lambda head, body, mark: f"{head}.{body}.{mark}{'A' * 20000}",
    ]
    for spell in spellings:
        attempt = Attempt.begin(world, browser=browser)
        refuse_token(attempt, in_parts(spell)(attempt), "jose")


def test_uo_07_what_is_signed_must_be_strict_json_without_doubles(world: World) -> None:
    keys, browser = OwnKeys(world), world.browser()
    header = json.dumps({"typ": "JWT", "alg": "RS256", "kid": "attack-1"}).encode()

    def twice(attempt: Attempt) -> bytes:
        return json.dumps(keys.claims(attempt)).encode()[:-1] + b',"tid":"705bad33-ba4a-40ee-8ef9-2eb1e60b7b83"}'

    payloads: list[Callable[[Attempt], bytes]] = [
        twice,
        lambda attempt: json.dumps(keys.claims(attempt)).encode("utf-16"),
        lambda attempt: b"\xef\xbb\xbf" + json.dumps(keys.claims(attempt)).encode(),
        lambda attempt: json.dumps([keys.claims(attempt)]).encode(),
        lambda attempt: zlib.compress(json.dumps(keys.claims(attempt)).encode()),
        lambda attempt: json.dumps(keys.claims(attempt)).encode()[:-1] + b',"a":' + b"[" * 200 + b"]" * 200 + b"}",
        lambda attempt: json.dumps(keys.claims(attempt)).encode()[:-1] + b',"exp":NaN}',
        lambda _: b"",
    ]
    for payload in payloads:
        attempt = Attempt.begin(world, browser=browser)
        refuse_token(attempt, signed(keys.key, header, payload(attempt), "RS256"), "jose")
    doubled = b'{"alg":"RS256","kid":"attack-1","alg":"none"}'
    attempt = Attempt.begin(world, browser=browser)
    refuse_token(attempt, signed(keys.key, doubled, json.dumps(keys.claims(attempt)).encode(), "RS256"), "jose")


def test_uo_07_an_encrypted_token_is_refused_without_being_opened(world: World) -> None:
    keys = OwnKeys(world)

    def encrypted(attempt: Attempt) -> str:
        protected = json.dumps({"alg": "RSA-OAEP-256", "enc": "A256GCM", "zip": "DEF", "kid": "attack-1"})
        jwe = JWE(b" " * 200_000 + keys.sign(attempt).encode(), protected)
        jwe.add_recipient(keys.key)
        return str(jwe.serialize(compact=True))

    attempt = Attempt.begin(world)
    refuse_token(attempt, encrypted(attempt), "jose")
    attempt = Attempt.begin(world)
    refuse_token(attempt, f"{b64(b'{}')}.{b64(b'{}')}.x.y.z", "jose")


def test_uo_07_a_broken_signature_is_refused_and_the_whole_one_signs_in(world: World) -> None:
    refuse_mutation(world, "signature", preset="broken_signature")
    assert let_in(world.come_back(world.browser()))
