"""Attempts to connect an organisation, between one leg and the next, and the tickets with which they may be begun.

An attempt is one record under the ``state`` of the leg that is under way, and nowhere else: taking it is atomic, so
each leg comes back at most once, in its order, and from the one who began (threats G3, UO-17, DO-26).
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal

from pydantic import TypeAdapter

from broker.clock import Clock
from broker.entropy import Entropy, digest
from broker.errors import LoginFailed, NotAllowed
from broker.store.state import StateStore, Taken
from broker.upstream.onboarding import DirectoryAdministrator, Leg

# entra-id reference, section 3.3 step 1; threats G2.
LIFETIME: Final = timedelta(minutes=10)
# A link that an operator sends in the morning works until the next.
TICKET_LIFETIME: Final = timedelta(hours=24)

OPERATOR: Final = "operator"
"""Who began an attempt by a ticket: the operator who gave it out."""

Step = Literal["sign_in", "consent", "prove", "waiting", "test"]


@dataclass(frozen=True, slots=True)
class Starter:
    """Who began, and what ties it to one browser: the session's ``sid``, or the digest of the ticket's cookie."""

    organization: str
    started_by: str
    bound_to: str

    @property
    def by_ticket(self) -> bool:
        return self.started_by == OPERATOR


@dataclass(frozen=True, slots=True)
class Attempt:
    """``leg`` is what the answer is compared with; the consent leg has none. ``looks``: how often was looked for the
    consent.
    """

    starter: Starter
    step: Step
    expires_at: datetime
    leg: Leg | None = None
    administrator: DirectoryAdministrator | None = None
    scopes: tuple[str, ...] = ()
    looks: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """What the test sign-in showed: what a co-worker would get. Kept for the page, for an hour."""

    object_id: str
    display_name: str
    email: str | None
    fields: dict[str, str] = field(default_factory=dict)


_ATTEMPT: Final = TypeAdapter(Attempt)
_FOUND: Final = TypeAdapter(Found)
_KEPT: Final = timedelta(hours=1)


class Attempts:
    """Keeps and takes them."""

    def __init__(self, store: StateStore, clock: Clock, entropy: Entropy) -> None:
        self._store = store
        self._clock = clock
        self._entropy = entropy

    def expires_at(self) -> datetime:
        """When an attempt that begins now ends."""
        return self._clock.now() + LIFETIME

    def new_leg(self, connection: str, organization: str, tenant_id: str | None, redirect_uri: str) -> Leg:
        """A way to the upstream with fresh secrets."""
        nonce, verifier = self._entropy.token(), self._entropy.token()
        return Leg(connection, organization, tenant_id, nonce, verifier, redirect_uri)

    def put(self, attempt: Attempt) -> str:
        """Records where it stands; the ``state`` under which it is taken up again. Raises ``LoginFailed`` too late."""
        remaining = attempt.expires_at - self._clock.now()
        if remaining <= timedelta(0):
            raise LoginFailed("state", "expired", explanation="connecting_expired")
        state = self._entropy.token()
        self._store.put("onboarding", digest(state), _ATTEMPT.dump_json(attempt), remaining)
        return state

    def take(self, state: str) -> Attempt:
        """Takes it up, once; raises ``LoginFailed``. It is gone before anything is compared."""
        taken = self._store.take("onboarding", digest(state))
        if not isinstance(taken, Taken):
            raise LoginFailed("state", "no such attempt", explanation="connecting_expired")
        attempt = _ATTEMPT.validate_json(taken.value)
        if self._clock.now() >= attempt.expires_at:
            raise LoginFailed("state", "expired", explanation="connecting_expired")
        return attempt

    # -- what a test showed -----------------------------------------------------------------------------------

    def keep_found(self, starter: Starter, found: Found) -> None:
        self._store.put("onboarding-found", starter.bound_to, _FOUND.dump_json(found), _KEPT)

    def found(self, starter: Starter) -> Found | None:
        """Of this browser's own test."""
        record = self._store.get("onboarding-found", starter.bound_to)
        return _FOUND.validate_json(record) if record is not None else None

    # -- tickets ----------------------------------------------------------------------------------------------

    def new_ticket(self, organization: str) -> str:
        """A word with which whoever has it may connect the organisation, within ``TICKET_LIFETIME``."""
        ticket = self._entropy.token()
        self._store.put("onboarding-ticket", digest(ticket), organization.encode(), TICKET_LIFETIME)
        return ticket

    def ticket_organization(self, ticket: str) -> str:
        """The organisation's name; raises ``NotAllowed`` for a ticket that is over or never was."""
        record = self._store.get("onboarding-ticket", digest(ticket))
        if record is None:
            raise NotAllowed("ticket", "no such ticket", explanation="ticket_ended")
        return record.decode()

    def ticket_cookie(self, ticket: str) -> str:
        """A value that ties one browser to a ticket."""
        return f"{self._entropy.token()}.{ticket}"

    def holder(self, cookie: str) -> Starter:
        """Who comes with the cookie of a ticket; raises ``NotAllowed``."""
        return Starter(self.ticket_organization(ticket_in(cookie)), OPERATOR, digest(cookie))


def ticket_in(cookie: str) -> str:
    """The ticket for which a cookie was made."""
    return cookie.partition(".")[2]


def same_starter(one: Starter, other: Starter) -> bool:
    """Whether the one who comes back is the one who began."""
    tied = hmac.compare_digest(one.bound_to.encode(), other.bound_to.encode())
    return tied and (one.organization, one.started_by) == (other.organization, other.started_by)
