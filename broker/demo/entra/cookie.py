"""The simulator's session cookie."""

from __future__ import annotations

from typing import Final

from flask import Response, g, request

_NAME: Final = "ESTSAUTH"


def browser_cookie() -> str | None:
    """The value that the browser has, or has just been given in this answer."""
    return g.get("browser") or request.cookies.get(_NAME)


def set_browser_cookie(response: Response, value: str, base_url: str) -> Response:
    """Entra's cookie goes along from other sites' forms and hidden frames; without TLS browsers refuse such a one."""
    secure = base_url.startswith("https:")
    response.set_cookie(_NAME, value, secure=secure, httponly=True, samesite="None" if secure else "Lax")
    return response
