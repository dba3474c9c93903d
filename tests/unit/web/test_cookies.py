"""The broker's cookies (threats SS-02, SS-03)."""

from __future__ import annotations

import pytest
from flask import Response
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request as WerkzeugRequest

from broker.login_steps import Browser
from broker.transactions import LoginCookie
from broker.web import cookies


def read(header: str) -> Browser:
    environ = EnvironBuilder(headers=[("Cookie", header)]).get_environ()
    return cookies.read_browser(WerkzeugRequest(environ))  # type: ignore[arg-type]  # Flask's adds nothing used here


def test_session_and_parallel_logins_are_read() -> None:
    browser = read("__Host-session=s; __Host-login-a=1; __Host-login-b=2; other=x")
    assert browser.session_handle == "s"
    assert browser.login_cookies == {"a": "1", "b": "2"}


@pytest.mark.parametrize(
    "header",
    [
        "__Host-session=mine; __Host-session=tossed",
        "__Host-session=; x=1; __Host-session=tossed",
        "session=s",
        "=__Host-session=s",
    ],
)
def test_ss_03_a_repeated_or_nameless_cookie_counts_as_absent(header: str) -> None:
    assert read(header).session_handle is None


def test_ss_02_attributes() -> None:
    response = Response()
    cookies.set_session(response, "s")
    cookies.set_login(response, LoginCookie("abc", "value"), Browser())
    session, login = response.headers.getlist("Set-Cookie")
    assert session == "__Host-session=s; Secure; HttpOnly; Path=/; SameSite=Lax"
    assert login == "__Host-login-abc=value; Expires=" + login.split("Expires=")[1]
    for attribute in ("Max-Age=600", "Secure", "HttpOnly", "Path=/", "SameSite=None"):
        assert attribute in login


def test_a_cookie_the_browser_already_has_is_not_set_again() -> None:
    response = Response()
    cookies.set_login(response, LoginCookie("abc", "value"), Browser(login_cookies={"abc": "value"}))
    assert response.headers.getlist("Set-Cookie") == []


def test_many_abandoned_logins_are_forgotten() -> None:
    response = Response()
    browser = Browser(login_cookies={f"old{n}": "x" for n in range(9)})
    cookies.set_login(response, LoginCookie("new", "value"), browser)
    expired = [header for header in response.headers.getlist("Set-Cookie") if "Max-Age=0" in header]
    assert len(expired) == 9
