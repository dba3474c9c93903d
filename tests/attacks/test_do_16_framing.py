"""DO-16: our pages in somebody else's frame."""

from __future__ import annotations

import requests

from tests.support.world import World


def pages(world: World) -> dict[str, requests.Response]:
    """One of every kind of page that a person can see."""
    stranger, (browser, _) = world.browser(), world.signed_in()
    waiting = world.browser()
    choice = world.go(waiting, world.authorize_url()).headers["Location"]
    return {
        "welcome": world.go(stranger, "/"),
        "sign-in": world.go(waiting, choice),
        "sign-in, wrong": waiting.post(world.broker_url + choice, data={"action": "email", "email": "x"}, timeout=30),
        "home": world.go(browser, "/"),
        "co-workers": world.go(browser, "/co-workers"),
        "refusal": world.go(stranger, world.authorize_url("nobody")),
        "no such page": world.go(stranger, "/nowhere"),
        "no such method": stranger.put(world.broker_url + "/", timeout=30),
        "callback": world.go(stranger, "/upstream/entra/callback?state=x&code=y"),
        "form_post": world.go(browser, world.authorize_url(response_mode="form_post", prompt="none")),
        "form_post, refused": world.go(stranger, world.authorize_url(response_mode="form_post", prompt="none")),
    }


def test_do_16_no_page_may_be_framed(world: World) -> None:
    seen = pages(world)
    for name, answer in seen.items():
        assert answer.headers["Content-Type"].startswith("text/html"), name
        policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
        assert policy["frame-ancestors"] == "'none'", name
        assert answer.headers["X-Frame-Options"] == "DENY", name
        assert "frame-src" not in policy, name
    assert 'id="sign-in-with-microsoft"' in seen["sign-in"].text
    assert 'id="signed-in"' in seen["home"].text
    assert 'id="form-post"' in seen["form_post"].text
