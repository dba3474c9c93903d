"""The port for the audit trail: what was done to organisations and accounts, by whom, in an order that can be verified.

Entries are only ever added. Each holds the digest of the one before, so that a changed or missing entry shows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing done. ``actor`` is an account id, ``operator``, ``directory`` (Entra said so) or ``broker``.

    ``account`` is the account concerned. ``detail`` holds short words, times and numbers; no secret, address or name
    of a person (threats G9).
    """

    event: str
    organization: str | None
    actor: str
    at: datetime
    account: str | None = None
    detail: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class ChainedEntry:
    """An entry at its place. ``digest`` is over the entry and ``previous``."""

    number: int
    entry: Entry
    previous: str
    digest: str


class AuditTrail(Protocol):
    """Adds, reads and verifies."""

    def add(self, entry: Entry) -> ChainedEntry: ...

    def entries(
        self, organization: str | None = None, *, after: int = 0, limit: int = 100, account: str | None = None
    ) -> Sequence[ChainedEntry]:
        """In their order, from the number after ``after`` on."""
        ...

    def latest(self, organization: str, event: str) -> ChainedEntry | None:
        """The newest entry of this event."""
        ...

    def first_broken(self) -> int | None:
        """The number at which the chain does not hold; None when it holds to its end."""
        ...
