"""The conformance suite as we are its subject: a relying party and a scripted browser that ask as it does.

It leaves PKCE out, writes a state of 128 characters with every one that a URL may have, and fills in forms by the ids
of their elements. Every step of a flow is looked at as ``checks`` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any, Final
from urllib.parse import quote_plus, urlencode, urljoin

import requests

from broker.demo.entra.browser import sign_in
from broker.web.cookies import SESSION
from tests.standards import checks, claims
from tests.support.world import ELENI, PARTIES, SECRET, World

CALLBACK: Final = "https://www.certification.example/test/a/pobuca/callback"
STATE: Final = ("n9RvFxw3KqZ7" * 11)[:124] + "-._~"

CLIENT: Final[Mapping[str, Any]] = {
    "client_id": "suite",
    "display_name": "Conformance suite",
    "redirect_uris": [CALLBACK],
    "client_secret": "env:SAMPLE_SECRET",
    "pkce": "optional",
    "scopes": ["openid", "profile", "email", "phone", "address", "offline_access"],
}
SUITE_PARTIES: Final = (
    CLIENT,
    # The suite's second client has a redirect URI with a query, which has to come back.
    {**CLIENT, "client_id": "suite-second", "redirect_uris": [f"{CALLBACK}?dummy1=lorem&dummy2=ipsum"]},
    {**CLIENT, "client_id": "suite-post", "token_endpoint_auth_method": "client_secret_post"},
    *PARTIES,
)

# What HtmlUnit sends when it plays Chrome.
_BROWSER_HEADERS: Final = {
    "User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,"
    "application/signed-exchange;v=b3;q=0.7",
    "Accept-Language": "en-US,en;q=0.9",
    "Upgrade-Insecure-Requests": "1",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "cross-site",
}
_JSON: Final = {"Accept": "application/json", "Accept-Charset": "utf-8"}


@dataclass(frozen=True, slots=True)
class Arrival:
    """The browser is back at the application. ``pages``: what the person had to deal with on the way."""

    url: str
    pages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Flow:
    """A whole code flow, every answer of it checked."""

    asked: Mapping[str, str]
    pages: tuple[str, ...]
    code: str
    tokens: Mapping[str, Any]
    id_token: Mapping[str, Any]
    user_info: Mapping[str, Any]


class Suite:
    """One run of a module: one browser, one person."""

    def __init__(self, world: World, person: str = ELENI) -> None:
        self.world = world
        self.person = person
        self.issuer = world.broker_url
        self.browser = world.browser()
        self.browser.headers.update(_BROWSER_HEADERS)
        self.program = world.browser()
        self.program.headers.update(_JSON)
        self.metadata: Mapping[str, Any] = self.program.get(
            f"{self.issuer}/.well-known/openid-configuration", timeout=30
        ).json()

    def asked(self, client_id: str = "suite", **changes: str | None) -> dict[str, str]:
        """An authorization request; what is None is left out."""
        registered = {str(party["client_id"]): str(party["redirect_uris"][0]) for party in SUITE_PARTIES}
        fields: dict[str, str | None] = {
            "client_id": client_id,
            "redirect_uri": registered[client_id],
            "scope": "openid",
            "state": STATE,
            "nonce": "kX2mPq81Zr",
            "response_type": "code",
            **changes,
        }
        return {name: value for name, value in fields.items() if value is not None}

    def authorize(self, asked: Mapping[str, str], *, post: bool = False) -> requests.Response:
        """The first answer to a request."""
        endpoint = str(self.metadata["authorization_endpoint"])
        if post:
            return self.browser.post(endpoint, data=dict(asked), allow_redirects=False, timeout=30)
        return self.browser.get(f"{endpoint}?{urlencode(asked)}", allow_redirects=False, timeout=30)

    def go_on(self, answer: requests.Response) -> Arrival:
        """Follows redirects and fills in pages until the browser is sent to the application."""
        pages: list[str] = []
        for _ in range(12):
            if answer.status_code == 200:
                pages.append("sign-in")
                answer = self._give_the_address(answer)
                continue
            assert answer.status_code == 303, (answer.status_code, answer.text[:500])
            checks.unkept(answer)
            url = urljoin(answer.url, answer.headers["Location"])
            if url.startswith(self.world.simulator_url):
                pages += self._asked_upstream(url)
                answer = sign_in(self.browser, url, self.person).deliver(self.browser)
            elif url.startswith(self.issuer):
                answer = self.browser.get(url, allow_redirects=False, timeout=30)
            else:
                return Arrival(url, tuple(pages))
        raise AssertionError(f"no end: {pages}")

    def answer(self, asked: Mapping[str, str]) -> dict[str, str]:
        """The answer that comes at once, without any page."""
        arrival = self.go_on(self.authorize(asked))
        assert arrival.pages == ()
        return checks.authorization_response(arrival.url, asked, self.issuer)

    def flow(self, asked: Mapping[str, str] | None = None, *, post: bool = False) -> Flow:
        """From the request to the claims."""
        asked = asked or self.asked()
        keys = checks.key_set(self.program.get(self.metadata["jwks_uri"], timeout=30))
        arrival = self.go_on(self.authorize(asked, post=post))
        code = checks.code_in(checks.authorization_response(arrival.url, asked, self.issuer))
        tokens = checks.token_response(self.redeem(code, asked))
        id_token = claims.id_token(
            tokens["id_token"], keys, asked, self.issuer, self.world.clock.now(), tokens["access_token"]
        )
        user_info = claims.user_info(self.user_info(tokens["access_token"]), id_token["sub"], asked)
        return Flow(asked, arrival.pages, code, tokens, id_token, user_info)

    def forget_the_broker(self) -> None:
        """Leaves the browser with its session at the directory alone."""
        (session,) = [cookie for cookie in self.browser.cookies if cookie.name == SESSION]
        self.browser.cookies.clear(session.domain, session.path, session.name)

    def redeem(self, code: str, asked: Mapping[str, str], **more: str) -> requests.Response:
        """The token request, with the secret where the client has it registered."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": asked["redirect_uri"], **more}
        client_id = asked["client_id"]
        basic = None
        if client_id == "suite-post":
            form |= {"client_id": client_id, "client_secret": SECRET}
        else:
            basic = (quote_plus(client_id), quote_plus(SECRET))
        return self.program.post(str(self.metadata["token_endpoint"]), data=form, auth=basic, timeout=30)

    def refresh(self, refresh_token: str, client_id: str) -> requests.Response:
        """The refresh request of a client with its secret in the header."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        basic = (quote_plus(client_id), quote_plus(SECRET))
        return self.program.post(str(self.metadata["token_endpoint"]), data=form, auth=basic, timeout=30)

    def user_info(self, access_token: str) -> requests.Response:
        """By GET, with the token in the header."""
        headers = {"Authorization": f"Bearer {access_token}"}
        return self.program.get(str(self.metadata["userinfo_endpoint"]), headers=headers, timeout=30)

    def _give_the_address(self, page: requests.Response) -> requests.Response:
        """What a script of the suite does: writes into the element with the id ``email`` and presses a button."""
        form = _Elements(page.text)
        assert {"email", "continue-with-email"} <= form.ids.keys()
        field, button = form.ids["email"], form.ids["continue-with-email"]
        data = {field["name"]: self.person, button["name"]: button["value"]}
        return self.browser.post(urljoin(page.url, form.action), data=data, allow_redirects=False, timeout=30)

    def _asked_upstream(self, url: str) -> list[str]:
        """The page that the person sees at the directory, if it does not answer from its own session."""
        page = self.browser.get(url, allow_redirects=False, timeout=30)
        kind = _Elements(page.text).page if page.status_code == 200 else ""
        return [] if kind in ("", "form-post") else [kind]


class _Elements(HTMLParser):
    """The elements of a page by id, and the form that the e-mail field is in."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.ids: dict[str, dict[str, str]] = {}
        self.page = ""
        self.action = ""
        self._form = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        self.page = said.get("data-page", self.page)
        if tag == "form":
            self._form = said.get("action", "")
        if "id" in said:
            self.ids[said["id"]] = said
            if said["id"] == "email":
                self.action = self._form
