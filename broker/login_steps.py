"""What a browser brings to a login and what each step of it ends in, as values; how that looks is decided elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from broker.admission import Admission
from broker.errors import BrokerError, PartyError
from broker.identity import Account
from broker.messages import LoginRequest, LoginResult, Reply, Session
from broker.transactions import LoginCookie


@dataclass(frozen=True, slots=True)
class Browser:
    """What a browser brought with it: unverified."""

    session_handle: str | None = field(default=None, repr=False)
    login_cookies: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Depart:
    """Go to the upstream, and come back with this cookie."""

    url: str
    cookie: LoginCookie


@dataclass(frozen=True, slots=True)
class Choose:
    """Show the sign-in page of this pending login."""

    handle: str
    cookie: LoginCookie


@dataclass(frozen=True, slots=True)
class Answered:
    """The party has its answer. ``session_handle`` is set when a session was opened; ``finished`` names the login
    cookie to drop.
    """

    reply: Reply
    session_handle: str | None = field(default=None, repr=False)
    finished: str | None = None
    result: LoginResult | None = None
    refusal: PartyError | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The person was not let in; ``retry`` is the handle of a fresh pending login of the same request."""

    error: BrokerError
    retry: str | None
    cookie: LoginCookie | None
    request: LoginRequest


Step = Depart | Choose | Answered | Refused


@dataclass(frozen=True, slots=True)
class Present:
    """Somebody who is signed in at this browser and admitted just now."""

    admission: Admission
    account: Account
    session: Session


@dataclass(frozen=True, slots=True)
class SignInForm:
    """What the sign-in page shows."""

    party_name: str
    email: str
    ui_locales: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PasswordForm:
    """What the page of Pobuca's own sign-in shows."""

    party_name: str
    email: str
    ui_locales: tuple[str, ...]
