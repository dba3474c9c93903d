"""The port for the outbox: what other systems are to hear of an account, written in the transaction that made it.

So there is never an account of which nobody hears, nor word of one that there is not (threats PR-02). An event is taken
by one worker at a time, on a lease, and stays until somebody took it or it is given up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, Protocol

State = Literal["waiting", "delivered", "dead"]

CREATED: Final = "account.created"
"""The kind of event that there is."""


@dataclass(frozen=True, slots=True)
class NewEvent:
    """What a hook shall hear.

    ``id`` is the idempotency key: the same for every attempt, and for every way in which this hook hears of this
    account. ``fields`` are those of the account that the hook may know; they go when the event is delivered.
    """

    id: str
    organization: str
    hook: str
    account_id: str
    kind: str
    fields: Mapping[str, str] = field(repr=False)
    created_at: datetime


@dataclass(frozen=True, slots=True)
class OutboxEvent:
    """An event as it is kept. ``attempts`` counts those that were begun, also the one at hand.

    ``last_error`` is a short word, never what the other side said. ``leased_until``: somebody is at it until then.
    """

    id: str
    organization: str
    hook: str
    account_id: str
    kind: str
    fields: Mapping[str, str] = field(repr=False)
    created_at: datetime
    state: State
    attempts: int
    next_attempt_at: datetime
    leased_until: datetime | None
    last_error: str | None
    delivered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Backlog:
    """What one hook has not taken yet. ``oldest``: when the oldest waiting event was written."""

    organization: str
    hook: str
    waiting: int
    dead: int
    oldest: datetime | None


class Outbox(Protocol):
    """Each operation is one transaction. Any failure to reach the database raises ``DirectoryUnavailable``."""

    def take(self, now: datetime, until: datetime, limit: int) -> Sequence[OutboxEvent]:
        """Up to ``limit`` waiting events whose time has come and that nobody holds, longest due first, leased to the
        caller; each counts one attempt more.
        """
        ...

    def delivered(self, event_id: str, at: datetime) -> bool:
        """The hook took it: its fields are gone from now on. True if it was not delivered before."""
        ...

    def failed(self, event: OutboxEvent, error: str, next_attempt_at: datetime | None) -> bool:
        """It did not take it; None gives it up. True, and something was written, if the caller's lease still held."""
        ...

    def release(self, event: OutboxEvent) -> bool:
        """Gives a lease back without an attempt. True if the caller's lease still held."""
        ...

    def postpone(self, organization: str, hook: str, until: datetime) -> int:
        """No waiting event of this hook is due before ``until``; how many had been. Those that are held stay so."""
        ...

    def event(self, event_id: str) -> OutboxEvent | None: ...

    def events(
        self,
        *,
        state: State | None = None,
        organization: str | None = None,
        after: tuple[datetime, str] | None = None,
        limit: int = 100,
    ) -> Sequence[OutboxEvent]:
        """By (created_at, id), starting after that pair."""
        ...

    def retry(self, event_id: str, now: datetime) -> bool:
        """A waiting or dead event is due now, with all its attempts before it. True if there is one."""
        ...

    def backlog(self) -> Sequence[Backlog]:
        """By organisation and hook; a hook with nothing waiting and nothing dead is not there."""
        ...

    def forget(self, before: datetime) -> int:
        """Removes what was delivered before a moment; how many."""
        ...
