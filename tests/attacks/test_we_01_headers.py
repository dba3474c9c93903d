"""WE-01: an answer without the headers that protect it."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import pytest
import requests

from broker.demo.stage import Stage
from tests.attacks.answers import application_of, in_process, reconfigure, require_headers
from tests.attacks.test_do_16_framing import pages
from tests.support.world import World

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")


def test_we_01_every_route_answers_every_method_with_all_headers(world: World) -> None:
    ask = in_process(world)
    statuses = set()
    for rule in application_of(world).url_map.iter_rules():
        path = re.sub(r"<[^>]+>", "broker.css" if rule.endpoint == "static" else "x", rule.rule)
        for method in METHODS:
            answer = ask(path, method=method)
            require_headers(answer)
            assert answer.status_code < 500, (method, path)
            statuses.add(answer.status_code)
    assert statuses >= {200, 303, 400, 401, 404, 405, 415}


def test_we_01_errors_of_every_kind_have_all_headers(world: World) -> None:
    ask = in_process(world)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    expected = {
        404: ask("/nowhere"),
        405: ask("/token"),
        413: ask("/token", method="POST", data=b"a" * 2_000_000, headers=form),
        414: ask("/?" + "a" * 20_000),
        415: ask("/token", method="POST", data=b"{}", headers={"Content-Type": "application/json"}),
        400: ask("/", headers={"Host": "evil.example"}),
        401: ask("/userinfo"),
    }
    for status, answer in expected.items():
        assert answer.status_code == status
        require_headers(answer)


def test_we_01_every_page_of_a_sign_in_has_them_too(world: World) -> None:
    for answer in pages(world).values():
        require_headers(answer)
    code = world.code(world.browser())
    redeemed = world.redeem(code)
    for answer in (redeemed, world.redeem(code), world.userinfo("x"), world.userinfo(redeemed.json()["access_token"])):
        require_headers(answer)


def test_we_01_only_a_page_that_posts_itself_may_run_its_one_script(world: World) -> None:
    for name, answer in pages(world).items():
        has_script = "script-src" in answer.headers["Content-Security-Policy"]
        assert has_script == name.startswith("form_post"), name
        assert ("<script" in answer.text) == has_script
        assert "style=" not in answer.text, name


def test_we_01_a_browser_is_told_to_remember_https_at_a_public_address(world: World, tmp_path: Path) -> None:
    public = "https://sign-in.pobuca.example"
    reconfigure(world, tmp_path / "world", "broker.yaml", {"public_url": public})
    ask = partial(application_of(world).test_client().open, base_url=public, buffered=True)
    for path, status in (("/", 200), ("/nowhere", 404), ("/userinfo", 401), ("/jwks", 200), ("/static/icon.svg", 200)):
        answer = ask(path)
        assert answer.status_code == status
        require_headers(answer)
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


@pytest.mark.served
def test_we_01_the_served_broker_sends_them_and_names_no_version(served: Stage) -> None:
    for path in ("/", "/nowhere", "/health/live", "/jwks", "/authorize", "/static/broker.css"):
        answer: requests.Response = served.session().get(served.broker_url + path)
        require_headers(answer)
        assert not re.search(r"\d", answer.headers.get("Server", ""))
