"""DO-01: a redirect URI that looks like a registered one."""

from __future__ import annotations

import random
import string
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from broker.federation.findings import ConfigurationRejected
from tests.attacks.answers import in_process, page_refused
from tests.support.world import PARTIES, REDIRECT, Foundation, World, answered, world_on

VARIATIONS = (
    "https://app.pobuca.example/callback/",
    "https://app.pobuca.example/Callback",
    "HTTPS://app.pobuca.example/callback",
    "https://APP.pobuca.example/callback",
    "http://app.pobuca.example/callback",
    "https://app.pobuca.example:443/callback",
    "https://app.pobuca.example:8443/callback",
    "https://app.pobuca.example./callback",
    "https://app.pobuca.example@evil.example/callback",
    "https://evil.example#@app.pobuca.example/callback",
    "https://evil.example\\@app.pobuca.example/callback",
    "https://user:secret@app.pobuca.example/callback",
    "https://app.pobuca.example.evil.example/callback",
    "https://evil.example/https://app.pobuca.example/callback",
    "https://app.pobuca.example/./callback",
    "https://app.pobuca.example/x/../callback",
    "https://app.pobuca.example/callback/../../evil",
    "https://app.pobuca.example/callback%2f..%2fevil",
    "https://app.pobuca.example/%63allback",
    "https://app.pobuca.example//callback",
    "https://app.pobuca.example/callback;jsessionid=1",
    "https://app.pobuca.example/callback?next=https://evil.example",
    "https://app.pobuca.example/callback?",
    "https://app.pobuca.example/callback#",
    "https://app.pobuca.example/callback#fragment",
    "https://app.pobuca.example/callback*",
    "https://*.pobuca.example/callback",
    "https://app.pobuca.example/callback ",
    " https://app.pobuca.example/callback",
    "https://app.pobuca.example/callback\n",
    "https://app.pobuca.example/callback\r\nLocation: https://evil.example",
    "https://app.pobuca.example/callback\x00",
    "https://app.pobuca.example/callback\u200b",
    "https://аpp.pobuca.example/callback",
    "https://app。pobuca。example/callback",
    "//app.pobuca.example/callback",
    "/callback",
    "app.pobuca.example/callback",
    "javascript:alert(1)//https://app.pobuca.example/callback",
    "data:text/html,https://app.pobuca.example/callback",
    "https://other.pobuca.example/callback",
)
FROM_THE_PHONE = (
    "http://localhost/callback",
    "http://127.0.0.2/callback",
    "http://127.1/callback",
    "http://2130706433/callback",
    "http://[::1]/callback",
    "https://127.0.0.1/callback",
    "http://127.0.0.1:0/callback",
    "http://127.0.0.1:/callback",
    "http://127.0.0.1:65536/callback",
    "http://127.0.0.1:080/callback",
    "http://127.0.0.1:٨٠/callback",
    "http://127.0.0.1:80@evil.example/callback",
    "http://x@127.0.0.1:80/callback",
    "http://127.0.0.1:4711/callback/",
    "http://127.0.0.1:4711/callback?x=1",
    "http://127.0.0.1:4711/callback#x",
    "http://127.0.0.1.evil.example/callback",
    "http://127.0.0.1:4711.evil.example/callback",
)


def test_do_01_no_variation_of_a_registered_redirect_uri_is_redirected_to(world: World) -> None:
    browser = world.browser()
    for number, uri in enumerate(VARIATIONS):
        prompt = "none" if number % 2 else None  # with prompt=none the answer would be a redirect at once
        url = world.authorize_url(redirect_uri=uri, prompt=prompt)
        page_refused(world, partial(world.go, browser, url), "redirect_uri", browser=browser)
    assert answered(world.go(browser, world.authorize_url(redirect_uri=REDIRECT, prompt="none")))["error"]


def test_do_01_a_native_client_may_choose_its_loopback_port_and_nothing_else(world: World) -> None:
    browser = world.browser()
    for uri in FROM_THE_PHONE:
        url = world.authorize_url("phone", redirect_uri=uri, prompt="none")
        page_refused(world, partial(world.go, browser, url), "redirect_uri", browser=browser)
    for uri in ("http://127.0.0.1/callback", "http://127.0.0.1:1/callback", "http://127.0.0.1:65535/callback"):
        answer = world.go(browser, world.authorize_url("phone", redirect_uri=uri, prompt="none"))
        assert answer.headers["Location"].startswith(uri + "?")


def test_do_01_a_thousand_small_changes_of_a_registered_address_are_all_refused(world: World) -> None:
    chance = random.Random(20261125)  # noqa: S311 - the same changes in every run
    ask = in_process(world)
    characters = string.ascii_letters + string.digits + "/:@?#&=.%\\-_~+;,*[]{}|^`'\" \t\x00é。​"
    for _ in range(1000):
        uri = list(REDIRECT)
        for _ in range(chance.randint(1, 3)):
            place = chance.randrange(len(uri))
            match chance.randrange(4):
                case 0:
                    uri[place] = chance.choice(characters)
                case 1:
                    uri.insert(place, chance.choice(characters))
                case 2 if len(uri) > 1:
                    del uri[place]
                case _:
                    uri[place] = "".join(f"%{byte:02x}" for byte in uri[place].encode())
        changed = "".join(uri)
        if changed == REDIRECT:
            continue
        parts = urlsplit(world.authorize_url(redirect_uri=changed, prompt="none"))
        answer = ask(parts.path, query_string=parts.query)
        assert (answer.status_code, answer.headers.get("Location")) == (400, None), changed
    assert {line["reason"] for line in world.events("oauth_rejected")} == {"redirect_uri"}
    assert not world.events("unforeseen_error")


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.pobuca.example/callback#fragment",
        "https://*.pobuca.example/callback",
        "https://app.pobuca.example/*",
        "http://app.pobuca.example/callback",
        "javascript:alert(1)",
        "data:text/html,hello",
        "/callback",
    ],
)
def test_do_01_an_address_of_these_kinds_cannot_be_registered(foundation: Foundation, tmp_path: Path, uri: str) -> None:
    party = {**PARTIES[0], "redirect_uris": [uri]}
    with pytest.raises(ConfigurationRejected), world_on(foundation, tmp_path / "world", parties=(party,)):
        pytest.fail("the broker started")
