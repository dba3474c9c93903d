"""One browser and one application in the cheapest form: keep-alive connections, a cookie jar, no rendering.

It goes the whole road of a returning person: authorize, the upstream's page, callback, code, token, userinfo.
"""

from __future__ import annotations

import base64
import hashlib
import html
import http.client
import json
import re
import secrets
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode, urlsplit

_FIELD = re.compile(r'<input[^>]*\bname="([^"]+)"[^>]*\bvalue="([^"]*)"')
_ACTION = re.compile(r'<form[^>]*\baction="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def location(self) -> str:
        value = self.headers.get("Location")
        if value is None:
            raise RuntimeError(f"no redirect but {self.status}: {self.body[:300]!r}")
        return value


@dataclass(slots=True)
class Origin:
    """One server. ``connect`` is where to connect; the Host header is that of the public address."""

    public: str
    connect: Callable[[], http.client.HTTPConnection]
    connection: http.client.HTTPConnection | None = None
    cookies: dict[str, str] = field(default_factory=dict)

    def send(
        self, method: str, target: str, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One exchange; sets and sends the cookies of this origin."""
        if self.connection is None:
            self.connection = self.connect()
        sent = {"Host": urlsplit(self.public).netloc, **(headers or {})}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        body = None
        if form is not None:
            body = urlencode(form)
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        self.connection.request(method, target, body, sent)
        response = self.connection.getresponse()
        answer = Answer(response.status, response.headers, response.read())
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, rest = cookie.partition("=")
            value = rest.partition(";")[0]
            if value:
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)
        return answer

    def fresh(self) -> None:
        """Forgets the cookies, keeps the connection."""
        self.cookies.clear()

    def path(self, url: str) -> str:
        """The request target of one of this origin's own addresses."""
        if not url.startswith(self.public):
            raise RuntimeError(f"{url} is not at {self.public}")
        return url[len(self.public) :] or "/"


def connector(host: str, port: int, context: ssl.SSLContext | None) -> Callable[[], http.client.HTTPConnection]:
    """Opens connections to one address, with TLS if there is a context."""

    def connect() -> http.client.HTTPConnection:
        if context is None:
            return http.client.HTTPConnection(host, port, timeout=30)
        return http.client.HTTPSConnection(host, port, timeout=30, context=context)

    return connect


@dataclass(frozen=True, slots=True)
class Client:
    """The application's registration."""

    client_id: str
    client_secret: str
    redirect_uri: str
    scope: str = "openid profile email"

    @property
    def basic(self) -> str:
        return "Basic " + base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()


@dataclass(slots=True)
class SignIn:
    """One sign-in under way, step by step; ``seconds`` has how long each step took."""

    broker: Origin
    upstream: Origin
    client: Client
    login_hint: str
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    seconds: dict[str, float] = field(default_factory=dict)
    upstream_url: str = ""
    callback: tuple[str, dict[str, str]] = ("", {})
    code: str = ""
    access_token: str = ""

    def run(self) -> None:
        """The whole road."""
        for step in (self.authorize, self.at_upstream, self.come_back, self.redeem, self.ask_userinfo):
            started = time.perf_counter()
            step()
            self.seconds[step.__name__] = time.perf_counter() - started

    def authorize(self) -> None:
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()
        query = urlencode(
            {
                "response_type": "code",
                "client_id": self.client.client_id,
                "redirect_uri": self.client.redirect_uri,
                "scope": self.client.scope,
                "state": secrets.token_urlsafe(16),
                "nonce": secrets.token_urlsafe(16),
                "code_challenge": challenge,
                "code_challenge_method": "S256",
                "login_hint": self.login_hint,
            }
        )
        self.upstream_url = self.broker.send("GET", f"/authorize?{query}").location

    def at_upstream(self) -> None:
        page = self.upstream.send("GET", self.upstream.path(self.upstream_url)).body.decode()
        action = _ACTION.search(page)
        fields = {name: html.unescape(value) for name, value in _FIELD.findall(page)}
        if action is None or "code" not in fields:
            raise RuntimeError(f"the upstream did not answer at once: {page[:300]}")
        self.callback = (html.unescape(action.group(1)), fields)

    def come_back(self) -> None:
        action, fields = self.callback
        location = self.broker.send("POST", self.broker.path(action), fields).location
        self.code = parse_qs(urlsplit(location).query)["code"][0]

    def redeem(self) -> None:
        form = {
            "grant_type": "authorization_code",
            "code": self.code,
            "redirect_uri": self.client.redirect_uri,
            "code_verifier": self.verifier,
        }
        answer = self.broker.send("POST", "/token", form, {"Authorization": self.client.basic})
        if answer.status != 200:
            raise RuntimeError(f"token endpoint: {answer.status} {answer.body[:300]!r}")
        self.access_token = json.loads(answer.body)["access_token"]

    def ask_userinfo(self) -> None:
        answer = self.broker.send("GET", "/userinfo", None, {"Authorization": f"Bearer {self.access_token}"})
        if answer.status != 200:
            raise RuntimeError(f"userinfo: {answer.status} {answer.body[:300]!r}")
