"""The port for the accounts of an organisation as its directory provisions them by SCIM (RFC 7643).

They are the same accounts as everybody's. Beside each stands what the directory wrote and no account has a place for,
once it wrote anything. Every operation is one transaction, and of one organisation only one changes at a time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from broker.identity import Account, Subject
from broker.store.directory import Fill, NewAccount
from broker.store.outbox import NewEvent


class ScimTaken(Exception):
    """Somebody else has it: a ``user_name``, an ``identity``, or an ``address`` with which a person signed in here
    before the organisation was federated, and whose account is that person's to claim (threats PR-07).
    """

    def __init__(self, what: Literal["user_name", "identity", "address"]) -> None:
        super().__init__(what)
        self.what = what


@dataclass(frozen=True, slots=True)
class ScimPerson:
    """One account, and what the directory wrote: None if it never wrote anything of this one."""

    account: Account
    document: Mapping[str, Any] | None
    modified_at: datetime

    @property
    def version(self) -> str:
        """Differs whenever anything that SCIM shows differs (RFC 7644 section 3.14)."""
        account = self.account
        shown = [
            self.document,
            [account.first_name, account.last_name, account.display_name, account.email, account.active],
            [account.subject.kind, account.subject.identifier],
            sorted(account.attributes.items()),
        ]
        written = json.dumps(shown, sort_keys=True, separators=(",", ":")).encode()
        return f'W/"{hashlib.blake2b(written, digest_size=12).hexdigest()}"'


@dataclass(frozen=True, slots=True)
class ScimChange:
    """What is written of one account.

    ``user_name_key``: the user name in the form in which it is compared. ``fills``: fields of ``FILLABLE``.
    ``address``: the address and its domain if it changes; it is never verified by this. ``subject`` and ``active`` if
    they change.
    """

    document: Mapping[str, Any]
    user_name_key: str
    external_id: str | None
    fills: Mapping[str, Fill] = field(default_factory=dict)
    address: tuple[str, str] | None = None
    subject: Subject | None = None
    active: bool | None = None


Decide = Callable[[ScimPerson], ScimChange | None]
"""From the person as they are to what is written; None: nothing. Called in the transaction, so it may be called twice;
what it raises undoes everything.
"""


class ScimPeople(Protocol):
    """The accounts of an organisation that its directory may see: whose subject is of its tenant, and those that it
    made. ``tenant_id`` is the tenant that the organisation is bound to.
    """

    def person(self, organization: str, tenant_id: str, account_id: str) -> ScimPerson | None:
        """None also for one that was deleted (RFC 7644 section 3.6)."""
        ...

    def named(self, organization: str, tenant_id: str, user_name_key: str) -> Sequence[ScimPerson]:
        """Who has this user name; of whom the directory never wrote, the address is it."""
        ...

    def known_as(self, organization: str, tenant_id: str, external_id: str) -> Sequence[ScimPerson]:
        """Who has this ``externalId``; of whom the directory never wrote, the object id is it."""
        ...

    def everybody(self, organization: str, tenant_id: str, limit: int) -> Sequence[ScimPerson]:
        """So many at most, by account id."""
        ...

    def create(
        self,
        draft: NewAccount,
        tenant_id: str,
        change: ScimChange,
        again: Decide,
        at: datetime,
        events: Sequence[NewEvent] = (),
    ) -> tuple[ScimPerson, bool]:
        """Writes the account, what the directory wrote beside it, and the events; True if it made the account.

        ``again`` decides of an account that the directory deleted before and now makes once more: an identity has one
        account for ever (threats PR-01, PR-10). Raises ``ScimTaken``.
        """
        ...

    def change(
        self, organization: str, tenant_id: str, account_id: str, decide: Decide, at: datetime
    ) -> ScimPerson | None:
        """Writes what ``decide`` says, and ends all that the account was given if it is active no longer; the person
        afterwards, None if there is none. Raises ``ScimTaken``.
        """
        ...

    def remove(self, organization: str, tenant_id: str, account_id: str, decide: Decide, at: datetime) -> bool:
        """The account stays, deactivated and with nothing left to it, and SCIM knows it no longer; True if it did.

        ``decide`` may only object, by raising.
        """
        ...
