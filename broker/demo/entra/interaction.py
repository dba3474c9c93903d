"""A sign-in under way, and what may come next in it: a page or an end (entra-id reference 2.2)."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass
from typing import Final

from broker.demo.entra.authorize_request import AdminConsent, AuthorizeRequest
from broker.demo.entra.bounded import Bounded
from broker.demo.entra.errors import EntraError
from broker.demo.entra.model import User
from broker.demo.entra.sessions import AccountKey, SignedInAccount

_LIMIT: Final = 2_000


@dataclass(frozen=True, slots=True)
class Interaction:
    """One authorization request while a person deals with it."""

    request: AuthorizeRequest
    # The account that was picked or has just signed in.
    chosen: AccountKey | None = None
    # Whether the person wants to type a name instead of taking an account that is signed in.
    wants_another: bool = False
    # Whether the person has authenticated since the request came in.
    authenticated: bool = False
    consented: bool = False


class Interactions:
    """Unfinished ones, by the random value in the pages' hidden field."""

    def __init__(self, lock: threading.RLock) -> None:
        self._known: Bounded[Interaction] = Bounded(_LIMIT, lock)

    def reset(self) -> None:
        self._known.clear()

    def begin(self, interaction: Interaction) -> str:
        handle = secrets.token_urlsafe(24)
        self._known.put(handle, interaction)
        return handle

    def get(self, handle: str) -> Interaction | None:
        return self._known.get(handle)

    def update(self, handle: str, interaction: Interaction) -> None:
        self._known.put(handle, interaction)

    def finish(self, handle: str) -> None:
        self._known.take(handle)


# --- The steps ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AskUsername:
    """``typed`` is what to show in the field."""

    typed: str = ""


@dataclass(frozen=True, slots=True)
class AskAccount:
    accounts: tuple[User, ...]


@dataclass(frozen=True, slots=True)
class AskPassword:
    account: User


@dataclass(frozen=True, slots=True)
class AskSecondFactor:
    account: User


@dataclass(frozen=True, slots=True)
class AskConsent:
    account: User
    user: User
    scopes: frozenset[str]
    # Whether the page offers to consent for everybody in the tenant.
    may_grant: bool = False


@dataclass(frozen=True, slots=True)
class AskAdminConsent:
    account: User
    user: User
    consent: AdminConsent


@dataclass(frozen=True, slots=True)
class Refuse:
    error: EntraError


@dataclass(frozen=True, slots=True)
class AdminConsented:
    """The other end: an administrator has granted ``consent`` for the tenant of ``user``."""

    user: User
    consent: AdminConsent


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The end: ``user`` is the user object at the tenant that was asked, ``session`` that of the account behind it."""

    user: User
    session: SignedInAccount


Step = (
    AskUsername
    | AskAccount
    | AskPassword
    | AskSecondFactor
    | AskConsent
    | AskAdminConsent
    | Refuse
    | AdminConsented
    | SignedIn
)
