"""The broker's cookies: names, attributes, and a reading of them that a sibling host cannot confuse (threats SS-02,
SS-03).

The session is ``SameSite=Lax``. Only the short-lived login cookie is ``SameSite=None``, since the upstream's
``form_post`` answer is a cross-site POST. The ``__Host-`` prefix keeps other hosts and plain HTTP from setting
either.
"""

from __future__ import annotations

from typing import Final

from flask import Request, Response
from werkzeug.http import parse_cookie

from broker.login_steps import Browser
from broker.transactions import LIFETIME, LoginCookie

SESSION: Final = "__Host-session"
LOGIN_PREFIX: Final = "__Host-login-"

# Abandoned logins leave their cookies until they expire; beyond this many the browser is asked to forget them.
_MANY_LOGINS: Final = 8


def read_browser(request: Request) -> Browser:
    """What this request's cookies say; a name that comes twice counts as absent."""
    # Ours are ASCII. The framework raises on other bytes, and a sibling host can set some (threats SS-03, G6).
    found = _each_once(request)
    logins = {name.removeprefix(LOGIN_PREFIX): value for name, value in found.items() if name.startswith(LOGIN_PREFIX)}
    return Browser(found.get(SESSION), logins)


def once(request: Request, name: str) -> str | None:
    """The value of one cookie; a name that comes twice counts as absent."""
    return _each_once(request).get(name)


def _each_once(request: Request) -> dict[str, str]:
    cookies = parse_cookie(request.headers.get("Cookie", "").encode("ascii", "replace").decode("ascii"))
    return {name: values[0] for name in cookies if len(values := cookies.getlist(name)) == 1}


def set_session(response: Response, handle: str) -> None:
    """A cookie that ends with the browser; the server decides when the session does."""
    response.set_cookie(SESSION, handle, secure=True, httponly=True, samesite="Lax", path="/")


def clear_session(response: Response) -> None:
    response.set_cookie(SESSION, "", max_age=0, secure=True, httponly=True, samesite="Lax", path="/")


def set_login(response: Response, cookie: LoginCookie, browser: Browser) -> None:
    """The tie of one login to this browser, as long as the login may last."""
    if len(browser.login_cookies) > _MANY_LOGINS:
        for suffix in browser.login_cookies:
            if suffix != cookie.suffix:
                clear_login(response, suffix)
    if browser.login_cookies.get(cookie.suffix) != cookie.value:
        response.set_cookie(
            LOGIN_PREFIX + cookie.suffix,
            cookie.value,
            max_age=int(LIFETIME.total_seconds()),
            secure=True,
            httponly=True,
            samesite="None",
            path="/",
        )


def clear_login(response: Response, suffix: str) -> None:
    response.set_cookie(
        LOGIN_PREFIX + suffix, "", max_age=0, secure=True, httponly=True, samesite="None", path="/"
    )
