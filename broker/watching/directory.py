"""The ports of a directory that is asked again: by redeeming a person's grant, and by reading it as an application."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from broker.identity import Secret

Trouble = Literal["consent_revoked", "app_disabled", "credential_expired", "permission_missing", "unreachable"]
"""What is wrong with a trust itself, so that its people cannot sign in, or cannot be watched."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the redemption of one person's grant said.

    ``outcome``: ``stays``; ``ended``, when the directory said no for good; ``unknown``, when it could not say.
    ``reason`` is a short word for log and audit, ``explanation`` a key of the person's page. ``refresh_token`` replaces
    the one redeemed, if there is a new one.
    """

    outcome: Literal["stays", "ended", "unknown"]
    reason: str
    explanation: str | None = None
    trouble: Trouble | None = None
    refresh_token: Secret | None = field(default=None, repr=False)
    retry_after_seconds: int = 5


class Redemption(Protocol):
    """Asks the directory with what a person left there."""

    def redeem(self, tenant_id: str, refresh_token: Secret) -> Verdict:
        """Never raises for anything that the directory does or does not do."""
        ...


@dataclass(frozen=True, slots=True)
class PersonState:
    """What the directory says of one of its people now.

    ``sessions_valid_from``: what was given out before that moment is void. None where the directory did not say.
    """

    object_id: str
    gone: bool = False
    enabled: bool | None = None
    sessions_valid_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of changes. ``cursor`` leads to the next one; ``is_last``: there is no more for now."""

    people: Sequence[PersonState]
    cursor: str
    is_last: bool


class LookFailed(Exception):
    """The directory could not be read. ``trouble`` is None when it may work the next time, after
    ``retry_after_seconds``.
    """

    def __init__(self, detail: str, trouble: Trouble | None = None, *, retry_after_seconds: int = 0) -> None:
        super().__init__(detail)
        self.detail = detail
        self.trouble = trouble
        self.retry_after_seconds = retry_after_seconds


class CursorExpired(Exception):
    """The directory does not know any more where we were: read everything anew."""


class DirectoryReader(Protocol):
    """Reads a directory as an application that its administrator allowed to. Every method raises ``LookFailed``."""

    def changes(self, tenant_id: str, cursor: str | None) -> Page:
        """The next page; from the beginning without a cursor. Raises ``CursorExpired``."""
        ...

    def person(self, tenant_id: str, object_id: str) -> PersonState: ...

    def subscribe(self, tenant_id: str, client_state: Secret, until: datetime) -> str:
        """Asks for change notifications; the id of the subscription."""
        ...

    def renew(self, tenant_id: str, subscription: str, until: datetime) -> bool:
        """Prolongs a subscription; False if the directory does not know it any more."""
        ...
