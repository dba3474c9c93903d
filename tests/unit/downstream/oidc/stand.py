"""The endpoints in an application of their own; all behind them is real but the login, which is told who signs in."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlsplit

from flask import Flask, Response
from werkzeug.test import TestResponse

from broker.admission import Evidence, Gate
from broker.clock import ManualClock
from broker.downstream.oidc.assembly import ProviderPorts, TokenLifetimes, assemble
from broker.downstream.oidc.endpoints import create_blueprint
from broker.downstream.oidc.metadata import ProviderSettings
from broker.downstream.oidc.parties import FixedRelyingParties, RelyingParty
from broker.downstream.oidc.subjects import Subjects
from broker.entropy import SystemEntropy
from broker.errors import PartyError
from broker.federation.model import RelyingPartyConfig
from broker.http_client import HttpAnswer, HttpFailure
from broker.identity import Account, Authentication, FieldStamp, Secret, Subject
from broker.jose.key_ring import KeyRing
from broker.messages import LoginRequest, LoginResult
from broker.remembered import RememberedFacts
from broker.sessions import Lifetimes, Sessions
from broker.store.directory import DirectoryUnavailable, Fill, NewAccount, StoredKey
from broker.store.outbox import NewEvent
from broker.store.state import StateStore, StateUnavailable
from broker.store.state_sqlite import SqliteState
from broker.web import error_pages, headers, language, pages, reference, requests
from broker.web.replies import present_reply
from tests.support.people import AEGEAN, HELIOS, LOCAL, NOW, FixedOrganizations, account, authentication

ISSUER = "https://sign-in.pobuca.example"
REDIRECT = "https://app.pobuca.example/callback"
HEARING = "https://app.pobuca.example/backchannel-logout"
SECRET = "s3cret with +reserved: %chars/é"
VERIFIER = "v" * 20 + "-._~" + "A9" * 20
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
SEALING_KEY = bytes(range(32))
PAIRWISE_KEY = b"k" * 32


def party(**changes: Any) -> RelyingParty:
    """A confidential application that may ask for everything."""
    secret = changes.pop("secret", SECRET)
    values: dict[str, Any] = {
        "client_id": "sample",
        "display_name": "Sample",
        "redirect_uris": [REDIRECT],
        "client_secret": "env:SAMPLE_SECRET",
        "scopes": ["openid", "profile", "email", "phone", "address", "organization"],
    } | changes
    if values.get("token_endpoint_auth_method") == "none":
        values["client_secret"], secret = None, None
    config = RelyingPartyConfig.model_validate(values)
    return RelyingParty.of(config, Secret(secret) if secret is not None else None)


PARTIES = (
    party(),
    party(client_id="poster", token_endpoint_auth_method="client_secret_post"),
    party(client_id="public", token_endpoint_auth_method="none"),
    party(client_id="other", secret="another secret", redirect_uris=["https://other.pobuca.example/cb"]),
    party(client_id="narrow", scopes=["openid"]),
    party(client_id="keeper", scopes=["openid", "profile", "email", "offline_access"]),
    party(client_id="keeper-of-other", scopes=["openid", "offline_access"]),
    party(
        client_id="keeper-paired",
        scopes=["openid", "email", "offline_access"],
        subject_type="pairwise",
        backchannel_logout_uri="https://paired.pobuca.example/logout",
        backchannel_logout_session_required=True,
    ),
    party(client_id="keeper-public", scopes=["openid", "offline_access"], token_endpoint_auth_method="none"),
    party(client_id="hearing", scopes=["openid", "offline_access"], backchannel_logout_uri=HEARING),
    party(client_id="caller", redirect_uris=[], api_scopes=["co_workers.read", "federation.read"]),
    party(client_id="server", redirect_uris=[], introspect=True),
    party(client_id="server-of-helios", redirect_uris=[], introspect=True, organizations=["helios-shipping"]),
    party(client_id="query", redirect_uris=["https://app.pobuca.example/cb?tenant=1"]),
    party(client_id="aegean-only", organizations=["aegean-foods"]),
    party(client_id="helios-only", organizations=["helios-shipping"]),
    party(client_id="paired", subject_type="pairwise"),
    party(
        client_id="native",
        application_type="native",
        token_endpoint_auth_method="none",
        redirect_uris=["http://127.0.0.1/cb", "http://[::1]:7000/cb?x=1", "https://app.pobuca.example/native"],
    ),
    *(party(client_id=f"alg-{alg}", id_token_signed_response_alg=alg) for alg in ("RS256", "ES256", "PS256", "EdDSA")),
)


class MemoryDirectory:
    """The ``Directory`` port over two dictionaries."""

    def __init__(self, keys: Sequence[StoredKey] = ()) -> None:
        self.people: dict[str, Account] = {}
        self.keys = list(keys)
        self.down = False

    def account(self, account_id: str) -> Account | None:
        if self.down:
            raise DirectoryUnavailable("down")
        return self.people.get(account_id)

    def account_of(self, subject: Subject) -> Account | None:
        return next((person for person in self.people.values() if person.subject == subject), None)

    def create_account(self, draft: NewAccount, events: Sequence[NewEvent] = ()) -> tuple[Account, bool]:
        raise NotImplementedError

    def accounts(
        self, organization: str, *, after: tuple[str, str] | None = None, limit: int = 50
    ) -> Sequence[Account]:
        raise NotImplementedError

    def photo(self, account_id: str) -> tuple[str, bytes] | None:
        raise NotImplementedError

    def set_active(self, account_id: str, active: bool, *, stamp: FieldStamp | None = None) -> bool:  # noqa: ARG002
        self.people[account_id] = replace(self.people[account_id], active=active)
        return True

    def edit_account(
        self, account_id: str, changes: Mapping[str, str | None], *, by: str, at: datetime
    ) -> Account | None:
        raise NotImplementedError

    def fill_account(self, account_id: str, fills: Mapping[str, Fill], *, by: str, at: datetime) -> Account | None:
        raise NotImplementedError

    def settle_subject(self, account_id: str, *, email_verified: bool, at: datetime) -> Account | None:
        raise NotImplementedError

    def signing_keys(self) -> Sequence[StoredKey]:
        return self.keys

    def add_signing_key(self, key: StoredKey) -> None:
        self.keys.append(key)

    def add_first_signing_keys(self, keys: Sequence[StoredKey]) -> bool:
        self.keys.extend(keys)
        return True

    def retire_signing_key(self, kid: str, at: datetime) -> bool:
        raise NotImplementedError

    def activate_signing_key(self, kid: str, at: datetime) -> bool:
        raise NotImplementedError

    def ping(self) -> None: ...

    def close(self) -> None: ...


class Switched:
    """A store with a switch: down, every call raises what a store that is not reached raises."""

    def __init__(self, store: StateStore) -> None:
        self._store = store
        self.down = False
        self.before: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        if self.down:
            raise StateUnavailable("down")
        if name in self.before:
            self.before.pop(name)()
        return getattr(self._store, name)


class Upstream:
    """What the directory says of everybody: nothing, or ``answer``."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.answer: Exception | None = None

    def require(self, account: Account, connection: str) -> None:
        self.asked.append((account.id, connection))
        if self.answer is not None:
            raise self.answer


class Applications:
    """The applications at the other end of the back channel: ``answers`` are given in turn, the last one for ever."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []
        self.answers: list[int | HttpFailure] = [200]

    def __call__(self, url: str, form: Mapping[str, str]) -> HttpAnswer:
        self.heard.append((url, form["logout_token"]))
        assert form.keys() == {"logout_token"}
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, HttpFailure):
            raise answer
        return HttpAnswer(answer, {}, b"")


class SeededEntropy:
    """Values that are the same in every run."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - the same values in every run

    def token(self, nbytes: int = 32) -> str:
        return base64.urlsafe_b64encode(self._random.randbytes(nbytes)).rstrip(b"=").decode("ascii")

    def uuid(self) -> str:
        raise NotImplementedError


class Stand:
    """One provider. ``signs_in`` is who the login finds; ``refusal`` is what it answers instead."""

    def __init__(
        self,
        folder: Path,
        keys: Sequence[StoredKey],
        parties: Sequence[RelyingParty] = PARTIES,
        issuer: str = ISSUER,
        store_clock: ManualClock | None = None,
    ) -> None:
        self.clock = ManualClock(NOW)
        self.store = Switched(SqliteState(folder / "state.sqlite", store_clock or self.clock))
        self.directory = MemoryDirectory(keys)
        self.organizations = FixedOrganizations((AEGEAN, HELIOS, LOCAL))
        self.remembered = RememberedFacts(self.store, timedelta(days=31))
        self.gate = Gate(self.organizations, self.clock, self.remembered)
        entropy = SeededEntropy(7)
        self.sessions = Sessions(self.store, self.clock, entropy, Lifetimes(timedelta(hours=1), timedelta(hours=12)))
        self.keys = KeyRing.open(self.directory, SEALING_KEY, self.clock)
        self.parties = FixedRelyingParties(parties)
        self.subjects = Subjects(PAIRWISE_KEY)
        self.upstream = Upstream()
        self.applications = Applications()
        provider = assemble(
            ProviderSettings(issuer, ("urn:pobuca:acr:directory", "urn:pobuca:acr:mfa")),
            TokenLifetimes(
                code=timedelta(seconds=60),
                access_token=timedelta(seconds=900),
                id_token=timedelta(seconds=900),
                refresh_token=timedelta(days=30),
                refresh_token_idle=timedelta(days=14),
                session=timedelta(hours=12),
            ),
            ProviderPorts(
                store=self.store,
                directory=self.directory,
                organizations=self.organizations,
                gate=self.gate,
                keys=self.keys,
                clock=self.clock,
                entropy=entropy,
                parties=self.parties,
                session_is_live=self.sessions.live,
                pairwise_key=PAIRWISE_KEY,
                upstream_standing=self.upstream,
                remembered=self.remembered,
                post=self.applications,
                pauses=(timedelta(0), timedelta(0)),
            ),
            self._begin_login,
        )
        self.grants = provider.grants
        self.responder = provider.responder
        self.api_tokens = provider.api_tokens
        self.back_channel = provider.back_channel
        self.endpoints = provider.endpoints
        self.logins: list[LoginRequest] = []
        self.signs_in: Authentication = authentication(amr=("pwd", "mfa"))
        self.refusal: PartyError | None = None
        self.directory.people = {person.id: person for person in (account(),)}
        self.app = self._application()
        self.client = self.app.test_client()

    def _application(self) -> Flask:
        app = Flask("broker.web", root_path=pages.__file__.rpartition("/")[0])
        entropy = SystemEntropy()
        reference.install(app, entropy)
        requests.install(app, ISSUER)
        headers.install(app, entropy, ISSUER)
        language.install(app, "en")
        error_pages.install(app)
        app.add_url_rule("/", "pages.home", lambda: "home")
        app.register_blueprint(create_blueprint(self.endpoints))
        return app

    def _begin_login(self, request: LoginRequest) -> Response:
        self.logins.append(request)
        try:
            if self.refusal is not None:
                raise self.refusal
            return present_reply(self.responder.reply(self.result(request)))
        except PartyError as error:
            return present_reply(self.responder.refuse(request, error))

    def result(self, request: LoginRequest) -> LoginResult:
        """A finished login of the person who signs in, admitted by the real gate."""
        who = self.directory.account_of(self.signs_in.subject)
        admission = self.gate.admit(Evidence.fresh(self.signs_in, who, None))
        assert who is not None
        session, _ = self.sessions.open(admission, who, self.signs_in, None)
        return LoginResult(admission, request, who, session, account_created=False)

    def end_person(self, account_id: str | None = None) -> None:
        """The person is ended: the epoch rises, then the provider is told."""
        account_id = account_id or account().id
        person = self.directory.people.get(account_id)
        if person is not None:
            self.directory.people[account_id] = replace(person, epoch=person.epoch + 1)
        self.responder.person_ended(account_id)

    def end_organization(self, name: str = "aegean-foods") -> None:
        """The way into an organisation changes."""
        every = self.organizations.all()
        self.organizations._organizations = tuple(
            replace(one, epoch=one.epoch + 1) if one.name == name else one for one in every
        )
        self.responder.organization_ended(name)

    # -- what an application does -----------------------------------------------------------------------------

    def authorize(self, **parameters: str | None) -> TestResponse:
        """An authorization request; None leaves a usual parameter out."""
        return self.client.get("/authorize", query_string=asked(**parameters), base_url=ISSUER)

    def code(self, **parameters: str | None) -> str:
        """The code of a sign-in."""
        return answer_of(self.authorize(**parameters))["code"]

    def token(self, code: str, *, headers: Mapping[str, str] | None = None, **fields: str | None) -> TestResponse:
        """A token request of the confidential sample application."""
        usual: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT,
            "code_verifier": VERIFIER,
        }
        sent = {name: value for name, value in (usual | fields).items() if value is not None}
        return self.client.post("/token", data=sent, headers=basic() if headers is None else headers, base_url=ISSUER)

    def tokens(self, **parameters: str | None) -> dict[str, Any]:
        """The answer of the token endpoint after a sign-in."""
        response = self.token(self.code(**parameters))
        assert response.status_code == 200, response.get_data(as_text=True)
        return dict(response.get_json())

    def id_token(self, **parameters: str | None) -> dict[str, Any]:
        """The claims of the ID token of a sign-in."""
        return self.claims(self.tokens(**parameters)["id_token"])

    def claims(self, id_token: str) -> dict[str, Any]:
        return dict(self.keys.verify_own(id_token, typ="JWT", allow_expired=True).values)

    def refresh(self, token: str, client_id: str = "keeper", **fields: str | None) -> TestResponse:
        """A refresh request of a confidential application."""
        return self.post("/token", client_id, grant_type="refresh_token", refresh_token=token, **fields)

    def post(self, path: str, client_id: str, **fields: str | None) -> TestResponse:
        """A form of a confidential application with its credentials."""
        sent = {name: value for name, value in fields.items() if value is not None}
        return self.client.post(path, data=sent, headers=basic(client_id), base_url=ISSUER)

    def offline(self, client_id: str = "keeper", **parameters: str | None) -> dict[str, Any]:
        """The answer of the token endpoint after a sign-in with ``offline_access``."""
        usual: dict[str, str | None] = {"client_id": client_id, "scope": "openid email offline_access"}
        response = self.token(self.code(**(usual | parameters)), headers=basic(client_id))
        assert response.status_code == 200, response.get_data(as_text=True)
        return dict(response.get_json())

    def introspected(self, token: str, client_id: str = "keeper", **fields: str | None) -> dict[str, Any]:
        """The answer of the introspection endpoint."""
        response = self.post("/introspect", client_id, token=token, **fields)
        assert response.status_code == 200, response.get_data(as_text=True)
        assert response.headers["Cache-Control"] == "no-store"
        return dict(response.get_json())

    def userinfo(self, access_token: str) -> TestResponse:
        return self.client.get("/userinfo", headers=bearer(access_token), base_url=ISSUER)


def request() -> dict[str, str | None]:
    """The usual authorization request."""
    return {
        "client_id": "sample",
        "redirect_uri": REDIRECT,
        "response_type": "code",
        "scope": "openid profile email",
        "state": "st4te",
        "nonce": "n0nce",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }


def asked(**parameters: str | None) -> dict[str, str]:
    """The usual request with changes; None leaves a usual parameter out."""
    return {name: value for name, value in (request() | parameters).items() if value is not None}


def basic(client_id: str = "sample", secret: str = SECRET) -> dict[str, str]:
    joined = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return {"Authorization": "Basic " + base64.b64encode(joined.encode()).decode()}


def bearer(access_token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {access_token}"}


def answer_of(response: TestResponse, redirect_uri: str = REDIRECT) -> dict[str, str]:
    """The parameters of an answer that went to this redirect URI by a redirect; each may come once."""
    assert response.status_code == 303, response.get_data(as_text=True)
    location = response.headers["Location"]
    assert location.startswith(redirect_uri + ("&" if "?" in redirect_uri else "?"))
    pairs = parse_qsl(urlsplit(location).query[len(urlsplit(redirect_uri).query) :], keep_blank_values=True)
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def claims_parameter(**members: Any) -> str:
    return json.dumps(members)


def fields_of(value: Any) -> dict[str, Any]:
    """The fields of a dataclass."""
    return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
