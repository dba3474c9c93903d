"""The port for records that stay: accounts with their upstream identities, and the sealed signing keys.

Every operation is one transaction. Any failure to reach the database raises ``DirectoryUnavailable``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from broker.identity import Account, FieldStamp, Subject
from broker.store.outbox import NewEvent

EDITABLE_NAMES: Final = frozenset({"first_name", "last_name", "display_name", "role"})
EDITABLE_ATTRIBUTES: Final = frozenset(
    {
        "job_title",
        "work_phone",
        "mobile_phone",
        "department",
        "work_street",
        "work_city",
        "work_state",
        "work_postal_code",
        "work_country",
        "office",
        "language",
        "employee_id",
    }
)
"""What can be edited of an account. Not its address: that takes part in who may come in (threats FE-14)."""

FILLABLE: Final = (EDITABLE_NAMES | EDITABLE_ATTRIBUTES) - {"role"}
"""What a directory can fill again later: not the role either, which is ours alone (threats PR-06)."""


NO_LAST_NAME: Final = "-"
"""Stands where Pobuca needs a last name and the directory gives none."""


class DirectoryUnavailable(Exception):
    """The database did not answer, or not in time; nothing may be concluded."""


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What provisioning wants written: an ``Account`` before it exists."""

    id: str
    organization: str
    subject: Subject
    email: str | None
    email_domain: str | None
    email_verified: bool
    first_name: str
    last_name: str
    display_name: str
    role: str
    created_at: datetime
    attributes: Mapping[str, str]
    attribute_sources: Mapping[str, str]
    photo: tuple[str, bytes] | None = None
    attribute_stamps: Mapping[str, FieldStamp] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fill:
    """A value for one field, from where it comes (``graph.jobTitle``); None empties the field.

    ``only_if_empty``: what stands there, whoever wrote it, stays.
    """

    value: str | None
    source: str
    only_if_empty: bool = False


def news(account: Account, fills: Mapping[str, Fill]) -> dict[str, Fill]:
    """What of it changes the account as it is."""
    found: dict[str, Fill] = {}
    for name, fill in fills.items():
        there = getattr(account, name) if name in EDITABLE_NAMES else account.attributes.get(name)
        is_empty = not there or (name == "last_name" and there == NO_LAST_NAME)
        if fill.value != there and (is_empty or not fill.only_if_empty):
            found[name] = fill
    return found


@dataclass(frozen=True, slots=True)
class StoredKey:
    """One signing key as kept: ``sealed`` is an encrypted private JWK, ``public_jwk`` its JSON public half.

    Published from ``created_at`` on, signs from ``activates_at`` on, no longer published from ``retires_at`` on.
    """

    kid: str
    alg: str
    public_jwk: str
    sealed: str
    created_at: datetime
    activates_at: datetime
    retires_at: datetime | None


class Directory(Protocol):
    """Accounts and keys."""

    def account(self, account_id: str) -> Account | None: ...

    def account_of(self, subject: Subject) -> Account | None:
        """The account linked to an upstream identity; by the identity key and nothing else (threats G4)."""
        ...

    def create_account(self, draft: NewAccount, events: Sequence[NewEvent] = ()) -> tuple[Account, bool]:
        """Writes account, identity and photo, and what others shall hear of it, in one transaction, exactly once per
        subject.

        The account and True for the one caller who made it; the account that already was there, unchanged, and False
        for every other (threats PR-01).
        """
        ...

    def accounts(
        self, organization: str, *, after: tuple[str, str] | None = None, limit: int = 50
    ) -> Sequence[Account]:
        """A page of an organisation's accounts ordered by (display_name, id), starting after that pair."""
        ...

    def photo(self, account_id: str) -> tuple[str, bytes] | None:
        """Media type and bytes of the account's photo."""
        ...

    def set_active(self, account_id: str, active: bool, *, stamp: FieldStamp | None = None) -> bool:
        """Activates or deactivates an account; True if there is such an account.

        ``stamp`` says who did it, of the field ``active``; without one nothing says so any more.
        """
        ...

    def edit_account(
        self, account_id: str, changes: Mapping[str, str | None], *, by: str, at: datetime
    ) -> Account | None:
        """Writes new values of some fields of ``EDITABLE_NAMES`` and ``EDITABLE_ATTRIBUTES``, each with ``edited`` as
        its source and stamped; an attribute that is None goes away. None if there is no such account.

        Raises ``ValueError`` for any other field, and for a name or role that is None; nothing is changed then.
        """
        ...

    def fill_account(self, account_id: str, fills: Mapping[str, Fill], *, by: str, at: datetime) -> Account | None:
        """Writes what a directory says of some fields of ``FILLABLE``, in one step: the account afterwards, None if
        there is no such account.

        A field that has the value already keeps its source and stamp. A last name of ``-``, which stands where there is
        none, counts as empty. Raises ``ValueError`` for any other field, and for a name that is None; nothing is
        changed then.
        """
        ...

    def settle_subject(self, account_id: str, *, email_verified: bool, at: datetime) -> Account | None:
        """Somebody has signed in with the subject that provisioning gave the account: it is theirs from now on.

        Stamps it so, once, and with ``email_verified`` the address as well; None if there is no such account.
        """
        ...

    def signing_keys(self) -> Sequence[StoredKey]:
        """Every key, oldest first."""
        ...

    def add_signing_key(self, key: StoredKey) -> None:
        """Writes a new key; raises ``ValueError`` if its kid is taken."""
        ...

    def add_first_signing_keys(self, keys: Sequence[StoredKey]) -> bool:
        """Writes ``keys`` only if there is no key at all yet, atomically over processes; True if it wrote."""
        ...

    def retire_signing_key(self, kid: str, at: datetime) -> bool:
        """Sets when a key stops being published; True if there is such a key."""
        ...

    def ping(self) -> None:
        """Returns if the database answers; raises ``DirectoryUnavailable`` otherwise."""
        ...

    def close(self) -> None: ...
