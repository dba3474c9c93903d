"""What is checked of every request before any endpoint sees it (threats G7, WE-02, WE-06, WE-07)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from flask import Flask, request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import RequestEntityTooLarge, RequestURITooLarge, UnsupportedMediaType

from broker.errors import BadRequest

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# Threats G7: body 1 MiB, 100 form fields; the address may be as long as two header lines of 8 KiB.
MAX_BODY_BYTES: Final = 1024 * 1024
MAX_FIELDS: Final = 100
MAX_QUERY_BYTES: Final = 16 * 1024

# Names by which a proxy or a framework might be told another host, scheme or path than the real one. None is ever
# believed.
_NEVER_BELIEVED: Final = (
    "HTTP_FORWARDED",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_PREFIX",
    "HTTP_X_HTTP_METHOD_OVERRIDE",
)

_HOST_AS_SENT: Final = "pobuca.host_as_sent"


def install(app: Flask, public_url: str) -> None:
    """Applies the limits, and refuses a request for any other host than the public one."""
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.config["MAX_FORM_MEMORY_SIZE"] = MAX_BODY_BYTES
    app.config["MAX_FORM_PARTS"] = MAX_FIELDS
    allowed = _hosts_of(public_url)
    app.wsgi_app = PublicHost(app.wsgi_app, urlsplit(public_url).netloc)  # type: ignore[method-assign]  # Flask's way

    def check() -> None:
        host = request.environ[_HOST_AS_SENT].lower()
        if host not in allowed and request.endpoint not in ("health.live", "health.ready"):
            raise BadRequest("host", f"Host is {host[:100]!r}")
        if len(request.environ.get("QUERY_STRING", "")) > MAX_QUERY_BYTES:
            raise RequestURITooLarge
        if not _is_utf_8(request.query_string):
            raise BadRequest("params", "the query is not UTF-8")  # The framework would raise where it is read (G6).
        if request.query_string.count(b"&") >= MAX_FIELDS:
            raise RequestEntityTooLarge
        if request.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise UnsupportedMediaType  # No endpoint needs one, and each is a way to send a bomb (threats WE-06).
        if request.mimetype == "application/x-www-form-urlencoded" and _fields(request.form) > MAX_FIELDS:
            raise RequestEntityTooLarge

    app.before_request(check)


def _hosts_of(public_url: str) -> frozenset[str]:
    parts = urlsplit(public_url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    if parts.port is None or parts.port == 443:
        return frozenset({host, f"{host}:443"})
    return frozenset({f"{host}:{parts.port}"})


def _fields(form: MultiDict[str, str]) -> int:
    """How many there are, each repetition counted."""
    return sum(len(values) for _, values in form.lists())


def _is_utf_8(text: bytes) -> bool:
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


class PublicHost:
    """WSGI middleware: everything behind it sees the public host and no other (threats WE-02).

    What was sent is kept aside for the check that refuses it. The framework cannot make an address out of some names,
    such as ``.``, and would answer with a 500 before any check has run (G6).
    """

    def __init__(self, app: WSGIApplication, host: str) -> None:
        self._app = app
        self._host = host

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ[_HOST_AS_SENT] = environ.get("HTTP_HOST", "")
        environ["HTTP_HOST"] = self._host
        return self._app(environ, start_response)


class ClientAddress:
    """WSGI middleware: the client's address is what the trusted proxy says it is, and otherwise the peer's.

    Only the last entry of ``X-Forwarded-For`` counts, since only that one was written by the proxy itself. Scheme and
    host come from the configuration, so the headers that would change them are taken out here for good (threats
    WE-02).
    """

    def __init__(self, app: WSGIApplication, *, trusted: Sequence[str], scheme: str = "https") -> None:
        self._app = app
        self._trusted = tuple(ipaddress.ip_network(network) for network in trusted)
        self._scheme = scheme

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        forwarded = environ.pop("HTTP_X_FORWARDED_FOR", None)
        for name in _NEVER_BELIEVED:
            environ.pop(name, None)
        environ["wsgi.url_scheme"] = self._scheme
        if self._is_trusted(environ.get("REMOTE_ADDR", "")):
            last = (forwarded or "").rpartition(",")[2].strip()
            environ["REMOTE_ADDR"] = last if _is_address(last) else environ.get("REMOTE_ADDR", "")
        return self._app(environ, start_response)

    def _is_trusted(self, peer: str) -> bool:
        address = _address(peer)
        return address is not None and any(address in network for network in self._trusted)


def _address(text: str) -> Any:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _is_address(text: str) -> bool:
    return _address(text) is not None

