"""DO-20: codes and tokens that leak by redirects, Referer, caches or content of third parties."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from tests.attacks.test_do_16_framing import pages
from tests.support.world import World


def test_do_20_every_redirect_of_a_sign_in_is_a_303_and_holds_no_token(world: World) -> None:
    browser = world.browser()
    first = browser.post(world.authorize_url(), data={}, allow_redirects=False, timeout=30, headers=_FORM)
    choice = first.headers["Location"]
    second = browser.post(
        world.broker_url + choice, data={"action": "microsoft"}, allow_redirects=False, timeout=30
    )
    third = world.at_upstream(browser, second.headers["Location"]).deliver(browser)
    for answer in (first, second, third):
        assert answer.status_code == 303
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "eyJ" not in answer.headers["Location"]
        assert not urlsplit(answer.headers["Location"]).fragment
    assert "code=" in third.headers["Location"]


_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def test_do_20_a_post_is_never_sent_on_as_a_post(world: World) -> None:
    browser, _ = world.signed_in()
    form = {"code": "x", "client_secret": "y", "email": "z", "token": "t"}
    paths = (
        "//token", "/token/", "//sign-out", "/sign-out/", "/authorize/", "//authorize", "/upstream//entra/callback",
        "/sign-in", "/sign-in/x/", "/co-workers", "/", "/.well-known//openid-configuration",
    )  # fmt: skip
    for path in paths:
        answer = browser.post(world.broker_url + path, data=form, allow_redirects=False, timeout=30)
        assert answer.status_code not in (301, 302, 307, 308), path
        assert "Location" not in answer.headers, path
    assert browser.get(world.broker_url + "/", timeout=30).status_code == 200


def test_do_20_pages_keep_nothing_and_load_nothing_from_elsewhere(world: World) -> None:
    for name, answer in pages(world).items():
        assert answer.headers["Cache-Control"] == "no-store", name
        assert answer.headers["Referrer-Policy"] == "no-referrer", name
        for address in re.findall(r'(?:src|href|srcset|poster|data)="([^"]*)"', answer.text):
            assert address.startswith("/"), (name, address)
            assert not address.startswith("//"), (name, address)
        assert "url(" not in answer.text
        assert "@import" not in answer.text
        assert not re.search(r"<meta[^>]+refresh", answer.text, re.IGNORECASE), name


def test_do_20_answers_with_tokens_and_claims_are_not_kept(world: World) -> None:
    code = world.code(world.browser())
    answer = world.redeem(code)
    said = world.userinfo(answer.json()["access_token"])
    for one in (answer, said):
        assert one.status_code == 200
        assert one.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in one.headers
    assert answer.headers["Pragma"] == "no-cache"


def test_do_20_an_access_token_in_an_address_is_not_taken(world: World) -> None:
    _, tokens = world.signed_in()
    answer = world.go(world.browser(), f"/userinfo?access_token={tokens.access_token}")
    assert answer.status_code == 401
    assert tokens.access_token not in world.log_text()
    assert world.userinfo(tokens.access_token).status_code == 200
