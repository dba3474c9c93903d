"""The headers of every answer, errors included (threats WE-01, WE-09, DO-16, DO-20)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, request

from broker.entropy import Entropy

# A person who signs in at a form goes on to Microsoft and then to the application, and Chromium applies form-action
# to that whole chain of redirects; the application's address may be any registered one, so only the scheme can be
# named. Plain http is registered for loopback addresses alone, and an IPv6 address is no host-source (CSP Level 3,
# section 2.3.1), so that [::1] has to go by its scheme as well.
ANYWHERE_REGISTERED: Final = ("'self'", "https:", "http:")

_ONE_YEAR_SECONDS: Final = 31_536_000
_THIS_MACHINE: Final = ("localhost", "127.0.0.1", "::1")


def nonce() -> str:
    """The Content-Security-Policy nonce of this answer, for the one inline script of a self-submitting form."""
    value: str | None = g.get("csp_nonce")
    if value is None:
        entropy: Entropy = current_app.extensions["entropy"]
        value = g.csp_nonce = entropy.token(16)
    return value


def allow_form_action(targets: Iterable[str]) -> None:
    """Where the forms of this page may lead, redirects included; nowhere unless said."""
    g.csp_form_action = " ".join(targets)


def allow_own_scripts() -> None:
    """Lets this page load scripts that are files of ours; none unless said."""
    g.csp_own_scripts = True


def install(app: Flask, entropy: Entropy, public_url: str) -> None:
    """Adds the headers to every answer of the application."""
    app.extensions["entropy"] = entropy
    # A browser would remember it for everything else that a developer runs on the same machine over plain HTTP.
    app.extensions["strict_transport"] = (urlsplit(public_url).hostname or "") not in _THIS_MACHINE
    app.after_request(_add_headers)


def _add_headers(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "no-referrer")
    if current_app.extensions["strict_transport"]:
        headers.setdefault("Strict-Transport-Security", f"max-age={_ONE_YEAR_SECONDS}; includeSubDomains")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Content-Security-Policy", _policy())
    headers.setdefault("X-Frame-Options", "DENY")
    if "Cache-Control" not in headers:
        headers["Cache-Control"] = "no-store"
    if request.endpoint == "static" and response.status_code < 400:
        headers["Cache-Control"] = "public, max-age=3600"
    return response


def _policy() -> str:
    parts = ["default-src 'none'", "style-src 'self'", "img-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"]
    script_nonce = g.get("csp_nonce")
    scripts = ["'self'"] if g.get("csp_own_scripts") else []
    if script_nonce is not None:
        scripts.append(f"'nonce-{script_nonce}'")
    if scripts:
        parts.append(f"script-src {' '.join(scripts)}")
    parts.append(f"form-action {g.get('csp_form_action', None) or repr('none')}")
    return "; ".join(parts)
