"""WE-09: answers that a cache may keep, bodies of the wrong type, and methods that are not the one on the line."""

from __future__ import annotations

import pytest

from tests.attacks.answers import in_process, next_code
from tests.support.world import World, has_session

PUBLIC = ("/static/broker.css", "/static/icon.svg", "/jwks", "/.well-known/openid-configuration")
FORM = "application/x-www-form-urlencoded"


def test_we_09_what_may_be_kept_is_the_same_for_everybody(world: World) -> None:
    browser, _ = world.signed_in()
    for path in PUBLIC:
        for one in (browser, world.browser()):
            answer = world.go(one, path)
            assert answer.headers["Cache-Control"] == "public, max-age=3600"
            assert "Set-Cookie" not in answer.headers
        assert world.go(browser, path).content == world.go(world.browser(), path).content


def test_we_09_everything_else_is_kept_by_nobody(world: World) -> None:
    browser, _ = world.signed_in()
    for path in ("/", "/sign-in", "/co-workers", "/health/live", "/health/ready", "/userinfo", "/nowhere"):
        for one in (browser, world.browser()):
            assert world.go(one, path).headers["Cache-Control"] == "no-store", path
    (account,) = world.around.directory.accounts("aegean-foods")
    photo = world.go(browser, f"/co-workers/{account.id}/photo")
    assert photo.headers["Cache-Control"].startswith("private,")
    assert "Set-Cookie" not in photo.headers


def test_we_09_a_missing_file_is_not_kept_as_missing(world: World) -> None:
    for path in ("/static/nothing.css", "/static/%2e%2e/pages.py", "/static/", "/static/broker.css/x"):
        answer = world.go(world.browser(), path)
        assert answer.status_code == 404
        assert answer.headers["Cache-Control"] == "no-store", path


_PARTS = "multipart/form-data; boundary=x"
_MULTIPART = b'--x\r\nContent-Disposition: form-data; name="action"\r\n\r\ncancel\r\n--x--\r\n'


@pytest.mark.parametrize("content_type", ["text/plain", "application/json", _PARTS, "", "a/b;c"])
def test_we_09_a_form_of_ours_is_read_from_a_form_only(world: World, content_type: str) -> None:
    browser = world.browser()
    choice = world.go(browser, world.authorize_url()).headers["Location"]
    for path in (choice, "/sign-out"):
        answer = browser.post(
            world.broker_url + path,
            data=_MULTIPART if content_type == _PARTS else b"action=cancel",
            headers={"Content-Type": content_type},
            allow_redirects=False,
            timeout=30,
        )
        assert answer.status_code == 415, path
        assert "Location" not in answer.headers
    form = {"action": "cancel"}
    assert browser.post(world.broker_url + choice, data=form, allow_redirects=False, timeout=30).status_code == 303


def test_we_09_the_callback_reads_one_form(world: World) -> None:
    for content_type in ("text/plain", "application/json", _PARTS):
        browser = world.browser()
        answer = world.at_upstream(browser, world.to_upstream(browser))
        body = "&".join(f"{name}={value}" for name, value in answer.fields.items())
        refused = browser.post(
            answer.url, data=body, headers={"Content-Type": content_type}, allow_redirects=False, timeout=30
        )
        assert refused.status_code in (400, 415)
        assert not has_session(browser)
        assert "code" in answer.deliver(browser).headers["Location"]  # It was not even an attempt.


def test_we_09_the_method_is_the_one_on_the_request_line(world: World) -> None:
    ask = in_process(world)
    lies = ({"X-HTTP-Method-Override": "POST"}, {"X-Method-Override": "POST"}, {"X-HTTP-Method": "POST"})
    for headers in lies:
        assert ask("/token", headers=headers).status_code == 405
        assert ask("/sign-out", headers=headers, query_string={"_method": "POST"}).status_code == 405
        assert ask("/token", method="POST", headers=headers, data={"_method": "GET"}).status_code == 401
    for method, path in (("GET", "/token"), ("PUT", "/authorize"), ("DELETE", "/sign-in/x"), ("POST", "/jwks")):
        answer = ask(path, method=method)
        assert answer.status_code == 405
        assert method not in answer.headers["Allow"].split(", ")
    for method in ("get", "Post", "BREW", "CONNECT"):
        assert ask("/authorize", method=method).status_code in (303, 400, 405, 415)


def test_we_09_a_get_changes_nothing(world: World) -> None:
    browser, _ = world.signed_in()
    for path in ("/sign-out", "/sign-out?token=x", "/token", "/upstream/entra/callback"):
        assert world.go(browser, path).status_code in (400, 405)
    assert has_session(browser)
    assert next_code(world, browser)
    head = browser.head(world.authorize_url(prompt="none"), allow_redirects=False, timeout=30)
    assert head.status_code == 405
