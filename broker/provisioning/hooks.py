"""The port for provisioning hooks: other systems that hear of a new account, or are asked before there is one.

An installed package brings its own with a function that makes an ``Application``, in the group of entry points
``pobuca_broker.provisioning_hooks`` (docs/provisioning.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal, Protocol

from broker.entropy import digest
from broker.identity import Secret
from broker.location import Location
from broker.store.directory import NewAccount
from broker.store.outbox import CREATED

CREATING: Final = "account.creating"
"""The kind of the event that is a question: what comes of it is decided by the answers."""

Explanation = Literal["refused_by_application", "no_place_left"]
"""What a person can be told of a refusal: keys of our own sentences, since what an application says is shown to
nobody.
"""


class HookFailed(Exception):
    """The other side did not answer as it should, so that nobody knows what it thinks.

    ``reason``: a short word for the log, never what the other side said. ``is_down``: it has nothing to do with this
    event, so that the next one would fare no better. ``is_final``: trying again makes no sense. ``retry_after``: how
    long it asked to be left alone.
    """

    def __init__(
        self, reason: str, *, is_down: bool = False, is_final: bool = False, retry_after: timedelta | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_down = is_down
        self.is_final = is_final
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Event:
    """What a hook is asked (``CREATING``) or told (``CREATED``).

    ``id`` is the idempotency key: it is the same whenever this hook hears of this account, whether it is asked or told,
    and however often. ``account_id`` is the ``sub`` of every application whose subjects are public. ``fields`` are the
    ones that the configuration names for this hook (threats PR-14), without those that are empty.
    """

    id: str
    kind: str
    organization: str
    account_id: str
    occurred_at: datetime
    fields: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a hook thinks of an account. ``refused``: a word for the log that says why not; None if it may be made.

    ``changes``: fields that it sets, of which those count that the configuration lets it set.
    """

    refused: str | None = None
    explanation: Explanation = "refused_by_application"
    changes: Mapping[str, str] = field(default_factory=dict, repr=False)


class Application(Protocol):
    """The other side. Safe for threads. Both methods may be called several times with the same event."""

    def ask(self, event: Event, within: timedelta) -> Answer:
        """What it thinks; raises ``HookFailed``, also when ``within`` is over."""
        ...

    def tell(self, event: Event, within: timedelta) -> None:
        """Returns when it has taken the event for good; raises ``HookFailed``."""
        ...


MakeApplication = Callable[[Mapping[str, str], Mapping[str, Secret]], Application]
"""What an entry point is: it makes an application of the settings and the secrets of one hook, once in a process."""


@dataclass(frozen=True, slots=True)
class Hook:
    """One hook of one organisation, as it is configured."""

    name: str
    when: Literal["before", "after"]
    application: Application
    fields: frozenset[str] = frozenset()
    may_set: frozenset[str] = frozenset()
    deadline: timedelta = timedelta(seconds=3)
    on_failure: Literal["refuse", "continue"] = "refuse"
    location: Location | None = None


class Hooks(Protocol):
    """The hooks of every organisation."""

    def of(self, organization: str) -> Sequence[Hook]:
        """In their order; raises nothing."""
        ...


class NoHooks:
    """``Hooks`` where there are none."""

    def of(self, organization: str) -> Sequence[Hook]:
        del organization
        return ()


def event_id(organization: str, hook: str, account_id: str) -> str:
    """The idempotency key of what this hook hears of this account."""
    return f"evt_{digest(chr(10).join((organization, hook, account_id)))}"


def event_of(hook: Hook, kind: str, draft: NewAccount, at: datetime) -> Event:
    """The event for this hook."""
    return Event(
        id=event_id(draft.organization, hook.name, draft.id),
        kind=kind,
        organization=draft.organization,
        account_id=draft.id,
        occurred_at=at,
        fields={name: value for name, value in fields_of(draft).items() if name in hook.fields},
    )


def fields_of(draft: NewAccount) -> dict[str, str]:
    """The fields of an account to be that have a value, by our names for them."""
    own = {
        "email": draft.email,
        "first_name": draft.first_name,
        "last_name": draft.last_name,
        "display_name": draft.display_name,
        "role": draft.role,
    }
    return {**{name: value for name, value in own.items() if value}, **draft.attributes}


__all__ = [
    "CREATED",
    "CREATING",
    "Answer",
    "Application",
    "Event",
    "Explanation",
    "Hook",
    "HookFailed",
    "Hooks",
    "MakeApplication",
    "NoHooks",
    "event_id",
    "event_of",
    "fields_of",
]
