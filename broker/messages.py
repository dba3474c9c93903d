"""The values that flow through a login, in the order in which they come into being."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from broker.admission import Admission
from broker.identity import Account, Stamp


@dataclass(frozen=True, slots=True)
class LoginRequest:
    """Who asks, where the answer goes, what strength, silent or forced.

    Made by a responder after it has proved the party and its reply address registered. ``reply`` is the responder's
    own note of how to answer, opaque to everyone else. ``party_start``: where a person starts at the party again.
    ``organizations``: the organisations whose people the party may sign in, None for all. ``account_hint``: only this
    account will do (from a verified ``id_token_hint``). ``strength``: acceptable authentication context classes in
    order of preference; ``strength_essential`` refuses an answer that has none of them. ``sign_in``: the short id
    under which all that becomes of the request can be found again; the flow gives it.
    """

    responder: str
    party: str
    party_name: str
    reply: str
    party_start: str | None = None
    organizations: tuple[str, ...] | None = None
    silent: bool = False
    force: bool = False
    choose_account: bool = False
    max_age: timedelta | None = None
    strength: tuple[str, ...] = ()
    strength_essential: bool = False
    login_hint: str | None = None
    account_hint: str | None = None
    ui_locales: tuple[str, ...] = ()
    sign_in: str = ""


@dataclass(frozen=True, slots=True)
class PendingLogin:
    """A login that waits on the sign-in page of one browser."""

    request: LoginRequest
    browser_digest: str
    cookie_suffix: str
    started_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Transaction:
    """This browser is doing this, through that connection (threats G2).

    Made only by ``transactions``; single use, ten minutes, bound to one browser. Whatever comes back is compared with
    it. ``tenant_id`` is None only when the upstream's shared authority was asked: then the verified tenant must be
    bound to an organisation. ``previous_authentication``: that of the session which was not fresh enough; a forced
    proof must be later. ``upstream_acr``: the context class asked of the upstream. ``replaced_sid``: the session that
    this browser had at the start, which ends when the new one opens.
    """

    request: LoginRequest
    browser_digest: str
    cookie_suffix: str
    connection: str
    organization: str | None
    tenant_id: str | None
    nonce: str
    code_verifier: str
    redirect_uri: str
    started_at: datetime
    expires_at: datetime
    previous_authentication: datetime | None = None
    upstream_acr: str | None = None
    login_hint: str | None = None
    replaced_sid: str | None = None


@dataclass(frozen=True, slots=True)
class UpstreamAnswer:
    """What the browser brought back to the callback, parsed once: unverified, all of it."""

    state: str
    code: str | None = None
    error: str | None = None
    error_description: str | None = None
    issuer: str | None = None
    session_state: str | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """Ours: one browser of one account, as stored.

    ``sid``, its public name in tokens, is the digest of the handle in the browser's cookie, and so the key of the
    record as well.
    """

    sid: str
    account_id: str
    organization: str
    connection: str
    authenticated_at: datetime | None
    acr: str
    amr: tuple[str, ...]
    login_names: tuple[str, ...]
    login_hint: str | None
    upstream_session: str | None
    stamp: Stamp
    started_at: datetime
    last_used_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Redirect:
    """Send the browser there with a 303 (RFC 9700 section 4.12)."""

    url: str


@dataclass(frozen=True, slots=True)
class FormPost:
    """Let the browser POST these fields there (OAuth 2.0 Form Post Response Mode)."""

    url: str
    fields: Mapping[str, str]


Reply = Redirect | FormPost


@dataclass(frozen=True, slots=True)
class LoginResult:
    """All of it: what a responder needs to answer its party."""

    admission: Admission
    request: LoginRequest
    account: Account
    session: Session
    account_created: bool
