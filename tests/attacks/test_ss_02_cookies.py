"""SS-02: what our cookies may and may not do."""

from __future__ import annotations

from functools import partial
from http.cookies import SimpleCookie

import requests

from tests.attacks.answers import page_refused
from tests.support.world import World, answered, has_session


def _set(answer: requests.Response) -> dict[str, dict[str, str]]:
    """The cookies that an answer sets: name, then attribute, to value."""
    found = {}
    raw = answer.raw.headers.getlist("Set-Cookie")
    for line in raw:
        for name, morsel in SimpleCookie(line).items():
            found[name] = {key: str(value) for key, value in morsel.items() if value} | {"value": morsel.value}
    return found


def test_ss_02_every_cookie_is_bound_to_this_host_and_hidden_from_script(world: World) -> None:
    browser = world.browser()
    started = world.go(browser, world.authorize_url())
    form = {"action": "microsoft"}
    left = browser.post(world.broker_url + started.headers["Location"], data=form, allow_redirects=False, timeout=30)
    finished = world.at_upstream(browser, left.headers["Location"]).deliver(browser)
    seen = {**_set(started), **_set(left)}
    (login,) = seen
    assert login.startswith("__Host-login-")
    assert seen[login]["samesite"] == "None"
    assert seen[login]["max-age"] == "600"
    last = _set(finished)
    assert last["__Host-session"]["samesite"] == "Lax"
    assert "max-age" not in last["__Host-session"]
    assert "expires" not in last["__Host-session"]
    assert last[login]["max-age"] == "0"
    for cookie in (*seen.values(), *last.values()):
        assert (cookie["path"], cookie.get("secure"), cookie.get("httponly")) == ("/", "True", "True")
        assert "domain" not in cookie
        assert len(cookie["value"]) <= 64


def test_ss_02_the_session_cookie_alone_finishes_nothing_and_the_login_cookie_alone_opens_nothing(
    world: World,
) -> None:
    browser, _ = world.signed_in()
    session = next(str(cookie.value) for cookie in browser.cookies if cookie.name == "__Host-session")
    other = world.browser()
    url = world.to_upstream(other)
    answer = world.at_upstream(other, url)
    login = {cookie.name: str(cookie.value) for cookie in other.cookies if cookie.name.startswith("__Host-login-")}
    assert len(login) == 1
    bare = world.browser()
    bare.cookies.set("__Host-session", session, domain="localhost.local", path="/", secure=True)
    attack = partial(bare.post, answer.url, data=answer.fields, allow_redirects=False, timeout=30)
    page_refused(world, attack, "state", page="start_again", event="upstream_oidc_rejected", browser=bare)
    name, value = next(iter(login.items()))
    cookie = {"Cookie": f"{name}={value}"}
    silent = world.browser().get(world.authorize_url(prompt="none"), headers=cookie, allow_redirects=False, timeout=30)
    assert answered(silent)["error"] == "login_required"


def test_ss_02_a_lost_login_cookie_means_start_again_and_starting_again_works(world: World) -> None:
    browser = world.browser()
    answer = world.at_upstream(browser, world.to_upstream(browser))
    browser.cookies.clear()
    attack = partial(answer.deliver, browser)
    page_refused(world, attack, "state", page="start_again", event="upstream_oidc_rejected", browser=browser)
    assert "code" in answered(world.come_back(browser))


def test_ss_02_parallel_logins_have_a_cookie_each_and_are_bounded(world: World) -> None:
    browser = world.browser()
    urls = [world.to_upstream(browser) for _ in range(4)]
    assert sum(cookie.name.startswith("__Host-login-") for cookie in browser.cookies) == 4
    first = world.at_upstream(browser, urls[0]).deliver(browser)
    assert "code" in answered(first)
    assert has_session(browser)
    for _ in range(12):
        world.go(browser, world.authorize_url(prompt="select_account"))
    names = [cookie.name for cookie in browser.cookies if cookie.name.startswith("__Host-login-")]
    assert len(names) <= 9
    assert has_session(browser)
    latest = world.to_upstream(browser, prompt="select_account")
    assert "code" in answered(world.at_upstream(browser, latest).deliver(browser))


def test_ss_02_no_cookie_is_set_where_nothing_is_begun(world: World) -> None:
    browser = world.browser()
    for path in ("/", "/health/live", "/jwks", "/.well-known/openid-configuration", "/userinfo", "/nowhere"):
        assert "Set-Cookie" not in world.go(browser, path).headers
    assert "Set-Cookie" not in world.go(browser, world.authorize_url(prompt="none")).headers
    assert "Set-Cookie" not in world.redeem("x").headers
    signed_out = browser.post(world.broker_url + "/sign-out", data={"x": "y"}, allow_redirects=False, timeout=30)
    assert "Set-Cookie" not in signed_out.headers  # Else another site could sign people out by a form of its own.
