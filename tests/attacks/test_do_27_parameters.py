"""DO-27: parameters that are repeated, malformed, in the wrong place or of the wrong type."""

from __future__ import annotations

import itertools
from functools import partial
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
import requests

from tests.attacks.answers import in_process, party_refused, require_headers, token_refused
from tests.support.world import REDIRECT, SECRET, VERIFIER, World, answered, challenge

FORM = "application/x-www-form-urlencoded"
_MULTIPART = b'--x\r\nContent-Disposition: form-data; name="code"\r\n\r\ny\r\n--x--\r\n'


def test_do_27_a_repeated_parameter_is_refused_even_if_it_says_the_same(world: World) -> None:
    browser, _ = world.signed_in()
    usual = {
        "response_type": "code", "scope": "openid", "state": "st-1", "nonce": "n-1", "prompt": "none",
        "code_challenge": challenge(), "code_challenge_method": "S256", "unheard_of": "x",
    }  # fmt: skip
    for name, value in usual.items():
        for again in (value, "", "other"):
            url = world.authorize_url(prompt="none", unheard_of="x") + "&" + urlencode({name: again})
            answer = party_refused(world, partial(world.go, browser, url), "invalid_request", "params", browser=browser)
            assert name != "state" or "state" not in answered(answer)


def test_do_27_what_is_not_known_is_ignored(world: World) -> None:
    browser, _ = world.signed_in()
    unknown = {"foo": "bar", "redirect_url": "https://evil.example/", "iss": "x", "é": "☃", "[]": "x", "a[b]": "c"}
    assert "code" in answered(world.go(browser, world.authorize_url(prompt="none", **unknown)))
    code = answered(world.go(browser, world.authorize_url(prompt="none")))["code"]
    assert world.redeem(code, foo="bar", client_id="sample", scope="admin", state="x").status_code == 200


def test_do_27_parameters_stand_in_the_query_or_in_the_body(world: World) -> None:
    browser, _ = world.signed_in()
    url = world.authorize_url(prompt="none")
    attack = partial(browser.post, url, data={"display": "page"}, allow_redirects=False, timeout=30)
    party_refused(world, attack, "invalid_request", "params", browser=browser)
    address, _, query = url.partition("?")
    headers = {"Content-Type": FORM}
    assert "code" in answered(browser.post(address, data=query, headers=headers, allow_redirects=False, timeout=30))


def _ask(world: World, **request: Any) -> requests.Response:
    return world.browser().post(
        request.pop("url", f"{world.broker_url}/token"), auth=("sample", SECRET), timeout=30, **request
    )


def test_do_27_the_token_endpoint_reads_one_form_and_nothing_else(world: World) -> None:
    code = world.code(world.browser())
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    for name, value in form.items():
        twice = urlencode(form) + "&" + urlencode({name: value})
        attack = partial(_ask, world, data=twice, headers={"Content-Type": FORM})
        token_refused(world, attack, "invalid_request", "params", secrets=[code])
    attack = partial(_ask, world, data=form, url=f"{world.broker_url}/token?x=1")
    token_refused(world, attack, "invalid_request", "params", secrets=[code])
    attack = partial(_ask, world, url=f"{world.broker_url}/token?" + urlencode(form), headers={"Content-Type": FORM})
    token_refused(world, attack, "invalid_request", "params", secrets=[code])
    for name in form:
        attack = partial(_ask, world, data={**form, name: ""})
        expected = ("invalid_grant", "pkce") if name == "code_verifier" else ("invalid_request", "params")
        if name != "code_verifier":  # That one would burn the code.
            token_refused(world, attack, *expected, secrets=[code])
    assert _ask(world, data=form).status_code == 200


@pytest.mark.parametrize("path", ["/token", "/authorize", "/userinfo"])
def test_do_27_a_body_that_is_no_form_is_refused(world: World, path: str) -> None:
    for content_type, body in (
        ("application/json", b'{"grant_type":"authorization_code"}'),
        ("text/plain", b"grant_type=authorization_code"),
        ("multipart/form-data; boundary=x", _MULTIPART),
        ("application/xml", b"<x/>"),
        ("application/x-www-form-urlencoded2", b"a=b"),
        ("", b"a=b"),
        ("é".encode().decode("latin-1"), b"a=b"),
    ):
        headers = {"Content-Type": content_type}
        answer = world.browser().post(
            world.broker_url + path, data=body, headers=headers, allow_redirects=False, timeout=30
        )
        assert answer.status_code == 415, (content_type, answer.status_code)
    lines = world.events("web_rejected", "oauth_rejected")
    assert {line["reason"] for line in lines} == {"unsupported_media_type"}
    assert len(lines) == 7


ODD = ("%ff%fe", "%c0%af", "%ed%a0%80", "%", "%zz", "%00", "%u0041", "+" * 50, "%F0%9F%98")
ANY = ("scope", "state", "nonce", "prompt", "login_hint", "claims", "ui_locales", "max_age", "id_token_hint")


def test_do_27_odd_encodings_in_any_parameter_are_answered_in_order(world: World) -> None:
    ask = in_process(world)  # A client library would send other bytes than these.
    for name, text in itertools.product(ANY, ODD):
        query = urlsplit(world.authorize_url(**{"prompt": "none", name: None})).query + f"&{name}={text}"
        answer = ask("/authorize", query_string=query)
        assert answer.status_code == 303, (name, text)
        assert answer.headers["Location"].startswith(REDIRECT + "?" if name != "prompt" else ("https://", "/sign-in"))
        require_headers(answer)
    assert "unforeseen" not in world.log_text()
    for name, text in itertools.product(("client_id", "redirect_uri"), ODD):
        query = urlsplit(world.authorize_url(prompt="none")).query.replace(f"{name}=", f"{name}={text}")
        answer = ask("/authorize", query_string=query)
        assert (answer.status_code, answer.headers.get("Location")) == (400, None)
        reason = "client" if name == "client_id" else "redirect_uri"
        assert world.events("oauth_rejected")[-1]["reason"] == reason


def test_do_27_more_than_anybody_needs_is_refused(world: World) -> None:
    browser = world.browser()
    many = "&".join(f"p{number}=x" for number in range(100))
    answer = world.go(browser, world.authorize_url(prompt="none") + "&" + many)
    assert answer.status_code == 413
    answer = world.go(browser, world.authorize_url(prompt="none", login_hint="x" * 20_000))
    assert answer.status_code == 414
    for size in (70_000, 2_000_000):
        answer = _ask(world, data={"code": "x" * size})
        assert answer.status_code in (400, 413)
    for one in (b"a=1&" * 5000, b"&".join(b"p%d=x" % number for number in range(5000))):
        for path in ("/token", "/authorize", "/sign-in/x", "/upstream/entra/callback"):
            answer = _ask(world, url=world.broker_url + path, data=one, headers={"Content-Type": FORM})
            assert answer.status_code == 413, path
    state = "s" * 2048
    assert answered(world.go(browser, world.authorize_url(prompt="none", state=state)))["state"] == state
    attack = partial(world.go, browser, world.authorize_url(prompt="none", state=state + "s"))
    party_refused(world, attack, "invalid_request", "params", browser=browser)
