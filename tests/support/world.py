"""A whole world in one process: broker and simulated Entra on real sockets with TLS, under one clock that stands still.

Everything is real but time and chance: both are injected. A test's browser is a ``requests.Session``; the application
is a few methods here that do what an application does.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import logging
import shutil
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import requests
from jwcrypto.jwk import JWKSet
from jwcrypto.jws import JWS
from requests.adapters import HTTPAdapter
from werkzeug.serving import BaseWSGIServer, make_server

from broker import log
from broker.app import create_app
from broker.clock import ManualClock
from broker.composition.directory_side import DirectorySide
from broker.composition.surroundings import Surroundings, prepare_stores
from broker.demo.configuration import AEGEAN_FOODS, HELIOS_SHIPPING, write_configuration
from broker.demo.control import Control
from broker.demo.entra.app import create_simulator
from broker.demo.entra.browser import AuthorizationAnswer, sign_in
from broker.demo.entra.seed import CLIENT_ID, CLIENT_SECRET, seeded_directory
from broker.federating import Federating
from broker.federation.load import load
from broker.membership.hashing import Cost, PasswordHashing
from broker.onboarding import Onboarding
from broker.store.tables import metadata
from tests.support.configurations import SEALING_KEY
from tests.support.entropy import SeededEntropy
from tests.support.https import certificate
from tests.support.people import NOW
from tests.support.serving import KeepingHandler

ELENI: Final = "eleni.markou@aegeanfoods.example"
VERIFIER: Final = "v" * 64
REDIRECT: Final = "https://app.pobuca.example/callback"
SECRET: Final = "the-secret-of-sample"
EVIL_OLIVES: Final[Mapping[str, Any]] = {
    "organization": "evil-olives",
    "display_name": "Evil Olives",
    "plan": "enterprise",
    "domains": ["evil-olives.example"],
    "federation": {"connection": {"kind": "entra-oidc", "tenant_id": "e0e7c1a5-8d0b-4a53-9f0e-6a1f6a3f5d11"}},
}

PARTIES: Final[Sequence[Mapping[str, Any]]] = (
    {
        "client_id": "sample",
        "display_name": "Sample",
        "redirect_uris": [REDIRECT],
        "client_secret": "env:SAMPLE_SECRET",
        "scopes": ["openid", "profile", "email", "phone", "address", "organization"],
    },
    {
        "client_id": "other",
        "display_name": "Other",
        "redirect_uris": ["https://other.pobuca.example/callback"],
        "client_secret": "env:OTHER_SECRET",
        "token_endpoint_auth_method": "client_secret_post",
        "id_token_signed_response_alg": "ES256",
        "subject_type": "pairwise",
    },
    {
        "client_id": "phone",
        "display_name": "Phone",
        "redirect_uris": ["http://127.0.0.1/callback"],
        "application_type": "native",
        "token_endpoint_auth_method": "none",
        "id_token_signed_response_alg": "EdDSA",
    },
    {
        "client_id": "helios-only",
        "display_name": "Helios only",
        "redirect_uris": ["https://helios.pobuca.example/callback"],
        "client_secret": "env:SAMPLE_SECRET",
        "organizations": ["helios-shipping"],
    },
)
ENVIRON: Final = {
    "SAMPLE_SECRET": SECRET,
    "OTHER_SECRET": "the-secret-of-other",
    "ENTRA_SECRET": CLIENT_SECRET,
    "SEALING_KEY": SEALING_KEY,
}


# At another cost than the hashes that tests put into the records, and far below the true one: a password would take a
# fifth of a second, which is most of what a test with passwords did.
LIGHT: Final = PasswordHashing(Cost(passes=2, memory_kib=8, lanes=1))


def challenge(verifier: str = VERIFIER) -> str:
    """RFC 7636 section 4.2, S256."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


class Listener:
    """One HTTPS server on a port of its own, whose application can be exchanged."""

    def __init__(self) -> None:
        files = certificate()
        self._server: BaseWSGIServer = make_server(
            "127.0.0.1",
            0,
            _not_yet,
            threaded=True,
            request_handler=KeepingHandler,
            ssl_context=(str(files[0]), str(files[1])),
        )
        self.url = f"https://localhost:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    @property
    def application(self) -> Any:
        """What is served now."""
        return self._server.app

    def serve(self, app: Any) -> None:
        self._server.app = app

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _not_yet(_: Any, start_response: Any) -> list[bytes]:
    start_response("503 Service Unavailable", [])
    return []


@dataclass(slots=True)
class Foundation:
    """What is dear to make and the same for every world of this process: two listeners, the simulator, first keys.

    ``wires``: the connections of all browsers, since a connection says nothing of who uses it.
    """

    clock: ManualClock
    broker: Listener
    simulator: Listener
    template: Path
    wires: HTTPAdapter = field(default_factory=lambda: HTTPAdapter(pool_maxsize=64))

    @classmethod
    def lay(cls, folder: Path) -> Foundation:
        clock = ManualClock(NOW)
        foundation = cls(clock, Listener(), Listener(), folder / "template")
        uris = tuple(f"{foundation.broker.url}/upstream/entra/{end}" for end in ("callback", "connect", "consent"))
        directory = seeded_directory(client_secret=CLIENT_SECRET, redirect_uris=uris, client_id=CLIENT_ID)
        foundation.simulator.serve(create_simulator(directory, clock=clock, base_url=foundation.simulator.url))
        return foundation

    def close(self) -> None:
        self.wires.close()
        self.broker.close()
        self.simulator.close()


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the application got, its ID token verified with the broker's published keys."""

    id_token: str
    claims: Mapping[str, Any]
    access_token: str
    answer: Mapping[str, Any]


@dataclass(slots=True)
class World:
    """One broker with empty stores beside the simulator."""

    foundation: Foundation
    around: Surroundings
    side: DirectorySide
    _log: io.StringIO = field(default_factory=io.StringIO)

    @property
    def clock(self) -> ManualClock:
        return self.foundation.clock

    @property
    def broker_url(self) -> str:
        return self.foundation.broker.url

    @property
    def simulator_url(self) -> str:
        return self.foundation.simulator.url

    @property
    def onboarding(self) -> Onboarding:
        """The connecting of organisations, of the broker as it is served."""
        found: Onboarding = self.foundation.broker.application.extensions[Onboarding.NAME]
        return found

    @property
    def federating(self) -> Federating:
        """The switch, of the broker as it is served."""
        found: Federating = self.foundation.broker.application.extensions[Federating.NAME]
        return found

    @property
    def control(self) -> Control:
        """The simulator's control API (docs/simulator.md)."""
        return Control(self.browser(), self.simulator_url)

    def browser(self) -> requests.Session:
        """A new browser: no cookies, trusts the test's authority."""
        session = requests.Session()
        session.verify = str(certificate()[0])
        session.trust_env = False
        session.mount("https://", self.foundation.wires)
        return session

    # -- what a person and an application do ------------------------------------------------------------------

    def authorize_url(self, client_id: str | None = "sample", **changes: str | None) -> str:
        """An authorization request; a parameter that is None is left out."""
        parameters: dict[str, str | None] = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": _redirect_uri(client_id),
            "scope": "openid profile email",
            "state": "st-1",
            "nonce": "n-1",
            "code_challenge": challenge(),
            "code_challenge_method": "S256",
            **changes,
        }
        return f"{self.broker_url}/authorize?" + urlencode({k: v for k, v in parameters.items() if v is not None})

    def go(self, browser: requests.Session, url: str) -> requests.Response:
        """One GET without following."""
        return browser.get(urljoin(self.broker_url, url), allow_redirects=False, timeout=30)

    def to_upstream(self, browser: requests.Session, email: str | None = ELENI, **request: str | None) -> str:
        """From the authorization request to the address at the upstream, through the sign-in page if it comes."""
        answer = self.go(browser, self.authorize_url(**request))
        location = answer.headers.get("Location", "")
        if urlsplit(location).path.startswith("/sign-in/"):
            form = {"action": "email", "email": email} if email else {"action": "microsoft"}
            page = urljoin(self.broker_url, location)
            answer = browser.post(page, data=form, allow_redirects=False, timeout=30)
            location = answer.headers.get("Location", "")
        if not location.startswith(self.simulator_url):
            raise AssertionError(f"not sent to the upstream: {answer.status_code} {location} {answer.text[:500]}")
        return location

    def at_upstream(self, browser: requests.Session, url: str, person: str = ELENI) -> AuthorizationAnswer:
        """The person signs in at the simulator; the answer is not delivered yet."""
        return sign_in(browser, url, person)

    def come_back(
        self, browser: requests.Session, person: str = ELENI, email: str | None = ELENI, **request: str | None
    ) -> requests.Response:
        """The whole way up to the broker's answer at its callback: a 303 to the application, or a page."""
        url = self.to_upstream(browser, email, **request)
        return self.at_upstream(browser, url, person).deliver(browser)

    def code(
        self, browser: requests.Session, person: str = ELENI, email: str | None = ELENI, **request: str | None
    ) -> str:
        """The authorization code that a complete sign-in gives to the application."""
        answer = self.come_back(browser, person, email, **request)
        fields = answered(answer)
        if "code" not in fields:
            raise AssertionError(f"no code but {fields}")
        return fields["code"]

    def redeem(
        self, code: str, client_id: str = "sample", verifier: str = VERIFIER, **changes: str | None
    ) -> requests.Response:
        """The token request of an application."""
        form: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": _redirect_uri(client_id),
            "code_verifier": verifier,
        }
        basic: tuple[str, str] | None = None
        if client_id == "other":
            form |= {"client_id": client_id, "client_secret": ENVIRON["OTHER_SECRET"]}
        elif client_id == "phone":
            form |= {"client_id": client_id}
        else:
            basic = (client_id, SECRET)
        body = {name: value for name, value in {**form, **changes}.items() if value is not None}
        return self.browser().post(f"{self.broker_url}/token", data=body, auth=basic, timeout=30)

    def tokens(self, code: str, client_id: str = "sample") -> Tokens:
        """The tokens for a code; the ID token's signature is checked against the published key set."""
        answer = self.redeem(code, client_id)
        if answer.status_code != 200:
            raise AssertionError(f"token endpoint: {answer.status_code} {answer.text}")
        members = answer.json()
        return Tokens(members["id_token"], self.verified(members["id_token"]), members["access_token"], members)

    def verified(self, token: str) -> Mapping[str, Any]:
        """The claims of one of our tokens."""
        keys = JWKSet.from_json(self.browser().get(f"{self.broker_url}/jwks", timeout=30).text)
        jws = JWS()
        jws.allowed_algs = ["RS256", "ES256", "PS256", "EdDSA"]
        jws.deserialize(token)
        jws.verify(keys.get_key(jws.jose_header["kid"]))
        claims: Mapping[str, Any] = json.loads(jws.payload)
        return claims

    def signed_in(self, person: str = ELENI, **request: str | None) -> tuple[requests.Session, Tokens]:
        """A browser whose person has just signed in to an application, and what that got."""
        browser = self.browser()
        client_id = request.get("client_id") or "sample"
        return browser, self.tokens(self.code(browser, person, person, **request), client_id)

    def userinfo(self, access_token: str) -> requests.Response:
        """The UserInfo answer for a bearer token."""
        headers = {"Authorization": f"Bearer {access_token}"}
        return self.browser().get(f"{self.broker_url}/userinfo", headers=headers, timeout=30)

    # -- what was left behind ---------------------------------------------------------------------------------

    def events(self, *names: str) -> list[dict[str, Any]]:
        """The broker's log so far, or only the events of these names."""
        lines = [json.loads(line) for line in self._log.getvalue().splitlines() if line.startswith("{")]
        return [event for event in lines if not names or event["event"] in names]

    def log_text(self) -> str:
        """The broker's log as it was written, to look for what must not be in it."""
        return self._log.getvalue()

    def accounts(self, organization: str = "aegean-foods") -> int:
        """How many accounts an organisation has."""
        return len(self.around.directory.accounts(organization, limit=1000))


def answered(response: requests.Response) -> dict[str, str]:
    """The authorization response that a redirect brings to an application."""
    if response.status_code != 303:
        raise AssertionError(f"no redirect but {response.status_code}: {response.text[:800]}")
    return dict(parse_qsl(urlsplit(response.headers["Location"]).query))


def has_session(browser: requests.Session) -> bool:
    """Whether the browser holds a session cookie of the broker."""
    return any(cookie.name == "__Host-session" for cookie in browser.cookies)


def _redirect_uri(client_id: str | None) -> str:
    uris = {party["client_id"]: party["redirect_uris"][0] for party in PARTIES}
    return str(uris.get(client_id, REDIRECT))


@contextmanager
def world_on(
    foundation: Foundation,
    folder: Path,
    *,
    settings: Mapping[str, Any] | None = None,
    entra: Mapping[str, Any] | None = None,
    organizations: Sequence[Mapping[str, Any]] = (AEGEAN_FOODS, HELIOS_SHIPPING),
    parties: Sequence[Mapping[str, Any]] = PARTIES,
    claim_rules: Sequence[Mapping[str, Any]] = (),
) -> Iterator[World]:
    """A broker of its own for one test. ``settings`` replace sections of its ``broker.yaml``, ``entra`` keys of that
    one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    usual: dict[str, Any] = {
        "public_url": foundation.broker.url,
        "listen": {"behind_proxy": {"trusted_addresses": ["10.0.0.0/8"]}},
        "stores": {
            "state": {"kind": "sqlite", "path": "../state.sqlite"},
            "directory": {"kind": "sqlite", "path": "../directory.sqlite"},
        },
        "sealing_key": "env:SEALING_KEY",
        "entra": {
            "authority_host": foundation.simulator.url,
            "graph_host": foundation.simulator.url,
            "client_id": CLIENT_ID,
            "credential": {"kind": "client_secret", "secret": "env:ENTRA_SECRET"},
            **(entra or {}),
        },
        "outbound": {
            "ca_bundle": str(certificate()[0]),
            "allowed_private_addresses": ["127.0.0.0/8", "::1/128"],
        },
    }
    write_configuration(
        folder / "config",
        broker={**usual, **(settings or {})},
        organizations=organizations,
        relying_parties=parties,
        claim_rules=claim_rules,
    )
    foundation.clock.set(NOW)
    configuration = load(folder / "config", environ=ENVIRON, clock=foundation.clock)
    if foundation.template.exists() and configuration.broker.stores.directory.kind == "sqlite":
        shutil.copy(foundation.template, folder / "directory.sqlite")
    prepare_stores(configuration, foundation.clock)
    around = replace(Surroundings.of(configuration, clock=foundation.clock, entropy=SeededEntropy()), hashing=LIGHT)
    app = create_app(configuration, around)
    world = World(foundation, around, app.extensions[DirectorySide.NAME])
    log.configure(foundation.clock, world._log)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # one line for each request of the test's own servers
    foundation.broker.serve(app)
    world.control.reset()
    try:
        yield world
    finally:
        foundation.broker.serve(_not_yet)
        around.state.close()
        around.directory.close()
        if not foundation.template.exists() and (folder / "directory.sqlite").exists():
            _keep_template(folder / "directory.sqlite", foundation.template)


def _keep_template(database: Path, template: Path) -> None:
    """Keeps a database with tables and signing keys, and nothing else in it: making four keys anew costs every test."""
    with sqlite3.connect(database) as source, sqlite3.connect(template) as kept:
        source.backup(kept)
        for table in reversed(metadata.sorted_tables):
            if table.name not in ("signing_keys", "registry"):
                kept.execute(f"DELETE FROM {table.name}")  # noqa: S608 - names of our own tables
        kept.execute("UPDATE registry SET generation = 0")
        kept.commit()
        kept.execute("PRAGMA journal_mode=DELETE")
    template.chmod(0o600)
