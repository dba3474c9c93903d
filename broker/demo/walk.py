"""A person's complete sign-in through the sample application, by a script in the place of the browser.

Every request is one ``Hop`` that can be told; nothing follows a redirect unseen. The script knows the two pages it
presses buttons on by their stable ids, and the simulator's pages by ``entra.browser``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, urljoin, urlsplit

import requests

from broker.demo.entra.browser import AuthorizationAnswer, SignInStopped, sign_in
from broker.demo.pages import Page, read_page
from broker.demo.stage import Stage

BROWSER: Final = "browser"

_USER_AGENT: Final = "Pobuca-Demo-Browser"
_MICROSOFT: Final = "sign-in-with-microsoft"

# What a server gives when another server asks, by the end of the path.
_GIVES: Final = (
    ("/.well-known/openid-configuration", "where everything is (discovery)"),
    ("/keys", "its public keys"),
    ("/jwks", "its public keys"),
    ("/token", "the code is redeemed: ID token and access token"),
    ("/me", "what the directory knows of the person"),
    ("/$value", "the photo"),
    ("/userinfo", "what the application may know of the person"),
)


class WalkFailed(Exception):
    """A step did not end as it should; the text says which, and what was seen instead."""


@dataclass(frozen=True, slots=True)
class Hop:
    """One request and its answer. ``parameters`` and ``carried`` are as they were sent, secrets too."""

    source: str
    target: str
    method: str
    url: str
    """Without its query."""
    parameters: Mapping[str, str]
    status: int
    outcome: str
    """In words: what the answer was."""
    behind: bool = False
    """Whether two servers spoke with each other, without the browser."""


@dataclass(slots=True)
class Walked:
    """All that there is to tell of one sign-in."""

    hops: list[Hop] = field(default_factory=list)
    entra_claims: Mapping[str, Any] = field(default_factory=dict)
    event: Mapping[str, Any] = field(default_factory=dict)
    """The broker's ``signed_in`` event."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """Field of the account to where its value came from, as the broker logged it; empty when the account existed."""
    account: Mapping[str, str] = field(default_factory=dict)
    """The broker's own account page: label to value."""
    co_workers: str = ""
    """The text of the person's entry in Co-workers."""
    claims: Mapping[str, Any] = field(default_factory=dict)
    userinfo: Mapping[str, Any] = field(default_factory=dict)


class Walk:
    """One browser that signs one person in. ``tell`` is called with every hop as it happens."""

    def __init__(self, stage: Stage, username: str, tell: Callable[[Hop], None]) -> None:
        self._stage = stage
        self._username = username
        self._tell = tell
        self._session = stage.session()
        self._session.headers["User-Agent"] = _USER_AGENT
        self._walked = Walked()
        self._names = {
            _origin(stage.application_url): "application",
            _origin(stage.broker_url): "broker",
            _origin(stage.simulator_url): "simulated Entra",
        }

    def run(self) -> Walked:
        """From the application's start page to its signed-in page; raises ``WalkFailed``."""
        stage, walked = self._stage, self._walked
        events, at_entra = len(stage.broker_log()), self._requests_at_entra()

        self._open(stage.application_url + "/", "its start page, with one button", element="sign-in")
        address = self._redirected("GET", stage.application_url + "/sign-in")
        address = self._redirected("GET", address)
        page = self._open(address, "the sign-in page", element=_MICROSOFT)
        form = page.form_of(_MICROSOFT)
        address = self._redirected("POST", form.action, form.fields | form.buttons[_MICROSOFT])

        answer = self._sign_in_at_entra(address)
        self._tell_requests_at_entra(len(at_entra), BROWSER)
        address = self._redirected(answer.method, answer.url, answer.fields)
        self._tell_requests_at_entra(len(at_entra), "broker")
        address = self._redirected("GET", address)
        facts = self._facts()
        for call in facts["back_channel"]:
            self._hop(call["method"], call["url"], {}, call["status"], _gives(call["url"]), source="application")
        self._open(address, "its signed-in page", element="signed-in")

        walked.claims, walked.userinfo = facts["id_token_claims"], facts["userinfo"]
        walked.entra_claims = stage.control.get("tokens")["tokens"][-1]["claims"]
        self._read_log(events)
        self._read_account()
        return walked

    # -- one request ------------------------------------------------------------------------------------------

    def _redirected(self, method: str, url: str, fields: Mapping[str, str] | None = None) -> str:
        """The address to which the answer sends the browser."""
        answer = self._send(method, url, fields)
        location = answer.headers.get("Location")
        if answer.status_code not in (302, 303) or location is None:
            raise WalkFailed(f"{method} {_bare(url)} gave no redirect but {_seen(answer)}")
        target = urljoin(url, location)
        name = self._names.get(_origin(target), _origin(target))
        onward = "its next page" if _origin(target) == _origin(url) else f"the {name}"
        self._hop(method, url, _sent(url, fields), answer.status_code, f"go on to {onward}")
        return target

    def _open(self, url: str, what: str, *, element: str) -> Page:
        """The page at an address, which must have an element of this id."""
        answer = self._send("GET", url, None)
        page = read_page(answer.text, url)
        if answer.status_code != 200 or element not in page.texts:
            raise WalkFailed(f"GET {_bare(url)} gave not {what} but {_seen(answer)}")
        self._hop("GET", url, _sent(url, None), 200, what)
        return page

    def _send(self, method: str, url: str, fields: Mapping[str, str] | None) -> requests.Response:
        try:
            return self._session.request(method, url, data=fields, allow_redirects=False)
        except requests.RequestException as error:
            raise WalkFailed(f"{method} {_bare(url)} got no answer: {type(error).__name__}") from error

    def _hop(
        self,
        method: str,
        url: str,
        parameters: Mapping[str, str],
        status: int,
        outcome: str,
        *,
        source: str = BROWSER,
    ) -> None:
        target = self._names.get(_origin(url), _origin(url))
        hop = Hop(source, target, method, _bare(url), parameters, status, outcome, behind=source != BROWSER)
        self._walked.hops.append(hop)
        self._tell(hop)

    # -- at Entra ---------------------------------------------------------------------------------------------

    def _sign_in_at_entra(self, address: str) -> AuthorizationAnswer:
        try:
            return sign_in(self._session, address, self._username)
        except SignInStopped as error:
            raise WalkFailed(str(error)) from error
        except requests.RequestException as error:
            raise WalkFailed(f"the simulator gave no answer: {type(error).__name__}") from error

    def _requests_at_entra(self) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self._stage.control.get("requests")["requests"]
        return entries

    def _tell_requests_at_entra(self, seen: int, source: str) -> None:
        """Those of the browser, or those of the broker: the simulator notes who asks."""
        entries = [
            entry
            for entry in self._requests_at_entra()[seen:]
            if (entry["user_agent"] == _USER_AGENT) == (source == BROWSER)
        ]
        for number, entry in enumerate(entries, start=1):
            url = self._stage.simulator_url + entry["path"]
            outcome = _gives(url)
            if source == BROWSER:
                outcome = "signed in: an answer for the broker" if number == len(entries) else "a page to fill in"
            sent = {name: str(value) for name, value in (entry["query"] | entry["form"]).items()}
            self._hop(entry["method"], url, sent, entry["status"], outcome, source=source)

    # -- what the broker says about it ------------------------------------------------------------------------

    def _facts(self) -> dict[str, Any]:
        answer = self._send("GET", self._stage.application_url + "/signed-in.json", None)
        if answer.status_code != 200:
            raise WalkFailed("the application says that nobody is signed in")
        facts: dict[str, Any] = answer.json()
        return facts

    def _read_log(self, seen: int) -> None:
        for event in self._stage.broker_log()[seen:]:
            if event.get("event") == "signed_in":
                self._walked.event = event
                self._walked.sources = event.get("sources", {})
        if not self._walked.event:
            raise WalkFailed("the broker's log has no signed_in event")
        if self._walked.event["account"] != self._walked.claims["sub"]:
            raise WalkFailed("the ID token's sub is not the account that the broker's log names")

    def _read_account(self) -> None:
        self._walked.account = dict(self._page_of_broker("/", "sign-out").definitions)
        entry = f"account-{self._walked.event['account']}"
        self._walked.co_workers = self._page_of_broker("/co-workers", entry).texts[entry]

    def _page_of_broker(self, path: str, element: str) -> Page:
        url = self._stage.broker_url + path
        answer = self._send("GET", url, None)
        page = read_page(answer.text, url)
        if answer.status_code != 200 or element not in page.texts:
            raise WalkFailed(f"GET {url} has nothing of this person: {_seen(answer)}")
        return page


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _bare(url: str) -> str:
    return url.partition("?")[0]


def _sent(url: str, fields: Mapping[str, str] | None) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query)) | dict(fields or {})


def _gives(url: str) -> str:
    path = urlsplit(url).path
    return next((what for end, what in _GIVES if path.endswith(end)), "")


def _seen(answer: requests.Response) -> str:
    """What a page was, in a line: status, title, and the reference id of a page of the broker."""
    page = read_page(answer.text, answer.url)
    reference = page.texts.get("reference") or page.texts.get("error-code")
    return f"{answer.status_code} {page.title or answer.text[:200]!r}" + (f" ({reference})" if reference else "")
