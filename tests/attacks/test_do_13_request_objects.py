"""DO-13, L4: request objects, by value and by reference, which are not supported and say so."""

from __future__ import annotations

import base64
import json
from functools import partial

from tests.attacks.answers import party_refused
from tests.support.https import Answer, LocalHttps
from tests.support.world import World


def _object(header: dict[str, str], **claims: str) -> str:
    parts = [json.dumps(part).encode() for part in (header, claims)]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."


def test_do_13_l4_a_request_object_is_refused_whatever_it_says(world: World) -> None:
    browser, _ = world.signed_in()
    unsigned = _object({"alg": "none"}, client_id="sample", redirect_uri="https://evil.example/", scope="openid")
    for value in (unsigned, "x", "a.b.c", "é", "e" * 15000):
        for prompt in (None, "none"):
            url = world.authorize_url(request=value, prompt=prompt)
            attack = partial(world.go, browser, url)
            party_refused(world, attack, "request_not_supported", "request_object", browser=browser)


def test_do_13_a_request_object_does_not_stand_in_for_parameters_that_are_missing(world: World) -> None:
    browser = world.browser()
    value = _object({"alg": "none"}, response_type="code", scope="openid", code_challenge="x")
    url = world.authorize_url(request=value, scope=None)
    party_refused(world, partial(world.go, browser, url), "request_not_supported", "request_object", browser=browser)


def test_do_13_nothing_is_fetched_from_a_request_uri(world: World) -> None:
    browser = world.browser()
    with LocalHttps(lambda _: Answer(200, b"{}")) as server:
        for address in (f"{server.origin}/request", "urn:ietf:params:oauth:request_uri:1", "file:///etc/passwd", "x"):
            url = world.authorize_url(request_uri=address)
            attack = partial(world.go, browser, url)
            party_refused(world, attack, "request_uri_not_supported", "request_object", browser=browser)
        assert not server.received


def test_do_13_metadata_says_that_there_are_none(world: World) -> None:
    said = world.go(world.browser(), "/.well-known/openid-configuration").json()
    assert said["request_parameter_supported"] is False
    assert said["request_uri_parameter_supported"] is False
    assert not [name for name in said if name.startswith("request_object")]
