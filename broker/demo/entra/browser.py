"""A person with a browser, for scripts: goes through the simulator's pages and stops before the application."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final
from urllib.parse import parse_qsl, urljoin, urlsplit

import requests

# No way through the pages is longer.
_MOST_PAGES: Final = 12
_TIMEOUT_SECONDS: Final = 30


@dataclass(frozen=True, slots=True)
class AuthorizationAnswer:
    """What the browser would do next: ``POST`` the fields to ``url``, or ``GET`` ``url``, which holds them already."""

    url: str
    fields: dict[str, str]
    method: str

    def deliver(self, session: requests.Session) -> requests.Response:
        """Does it, without following where the application sends the browser then."""
        if self.method == "POST":
            return session.post(self.url, data=self.fields, allow_redirects=False, timeout=_TIMEOUT_SECONDS)
        return session.get(self.url, allow_redirects=False, timeout=_TIMEOUT_SECONDS)


class SignInStopped(Exception):
    """The sign-in ended on a page of the simulator. ``code``: its AADSTS number, 0 if the page shows none."""

    def __init__(self, page: str, code: int, html: str) -> None:
        super().__init__(f"the sign-in ended on the page '{page}'" + (f" with AADSTS{code}" if code else ""))
        self.page = page
        self.code = code
        self.html = html


def sign_in(
    session: requests.Session,
    authorize_url: str,
    username: str,
    password: str = "Simulated-1",
    *,
    approve_mfa: bool = True,
    consent: bool = True,
) -> AuthorizationAnswer:
    """Signs in as ``username`` and gives the answer to the application, which is not contacted.

    A session that is signed in already is used as a browser's would be. Raises ``SignInStopped`` when a page ends it,
    and when the second factor is not approved.
    """
    response = session.get(authorize_url, allow_redirects=False, timeout=_TIMEOUT_SECONDS)
    for _ in range(_MOST_PAGES):
        if response.is_redirect:
            return _redirected(urljoin(response.url, response.headers["Location"]))
        page = _Page(response.text)
        if page.kind == "form-post":
            return AuthorizationAnswer(page.forms[0].action, page.forms[0].fields, "POST")
        form = _next_form(page, username, password, approve_mfa=approve_mfa, consent=consent)
        if form is None or (page.code and page.kind != "error"):
            raise SignInStopped(page.kind or "(none)", page.code, response.text)
        response = session.post(
            urljoin(response.url, form.action), data=form.fields, allow_redirects=False, timeout=_TIMEOUT_SECONDS
        )
    raise SignInStopped("too many pages", 0, response.text)


@dataclass(frozen=True, slots=True)
class SignedOut:
    """The end of a sign-out: the hidden frames, which a browser loads, and where it goes then ("": it stays)."""

    frames: tuple[str, ...]
    url: str


def sign_out(session: requests.Session, logout_url: str, username: str = "") -> SignedOut:
    """Signs out, and picks ``username`` where Entra asks who is meant. The applications are not contacted.

    Raises ``SignInStopped`` on any other page.
    """
    response = session.get(logout_url, allow_redirects=False, timeout=_TIMEOUT_SECONDS)
    for _ in range(_MOST_PAGES):
        if response.is_redirect:
            return SignedOut((), urljoin(response.url, response.headers["Location"]))
        page = _Page(response.text)
        if page.kind in ("signed-out", "signing-out"):
            return SignedOut(tuple(page.frames), page.continues_at)
        if page.kind != "sign-out" or username.lower() not in (value.lower() for value in page.accounts):
            break
        form = page.forms[0].filled(account=username)
        response = session.post(
            urljoin(response.url, form.action), data=form.fields, allow_redirects=False, timeout=_TIMEOUT_SECONDS
        )
    raise SignInStopped(page.kind or "(none)", page.code, response.text)


def _redirected(url: str) -> AuthorizationAnswer:
    parts = urlsplit(url)
    return AuthorizationAnswer(url, dict(parse_qsl(parts.fragment or parts.query, keep_blank_values=True)), "GET")


def _next_form(page: _Page, username: str, password: str, *, approve_mfa: bool, consent: bool) -> _Form | None:
    """The form of the page, filled in; None when there is nothing this person would do."""
    if not page.forms:
        return None
    form = page.forms[0]
    match page.kind:
        case "username":
            return form.filled(username=username)
        case "picker":
            known = username.lower() in (value.lower() for value in page.accounts)
            return form.filled(account=username) if known else form.filled(another="1")
        case "password":
            if form.fields.get("username", "").lower() != username.lower():
                return form.filled(another="1", without=("password", "username"))
            return form.filled(password=password)
        case "second-factor":
            return form.filled(approve="1") if approve_mfa else None
        case "consent" | "admin-consent":
            return form.filled(accept="1") if consent else form.filled(cancel="1")
        case _:
            return None


@dataclass(slots=True)
class _Form:
    action: str
    fields: dict[str, str] = field(default_factory=dict)

    def filled(self, *, without: tuple[str, ...] = (), **values: str) -> _Form:
        kept = {name: value for name, value in self.fields.items() if name not in without}
        return _Form(self.action, kept | values)


class _Page(HTMLParser):
    """What matters of a page: its kind, its forms with their fields, the accounts it offers, its error number."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.kind = ""
        self.forms: list[_Form] = []
        self.accounts: list[str] = []
        self.code = 0
        self.frames: list[str] = []
        self.continues_at = ""
        self._in_code = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "body":
            self.kind = said.get("data-page", "")
        elif tag == "form":
            self.forms.append(_Form(said.get("action", "")))
        elif tag == "input" and self.forms and "name" in said and said.get("type") != "checkbox":
            self.forms[-1].fields[said["name"]] = said.get("value", "")
        elif tag == "iframe":
            self.frames.append(said.get("src", ""))
        elif tag == "a" and said.get("id") == "continue":
            self.continues_at = said.get("href", "")
        elif tag == "button" and said.get("name") == "account":
            self.accounts.append(said.get("value", ""))
        self._in_code = said.get("id") == "error-code"

    def handle_data(self, data: str) -> None:
        if self._in_code and data.strip().startswith("AADSTS"):
            self.code = int(data.strip().removeprefix("AADSTS"))
            self._in_code = False
