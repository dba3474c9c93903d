"""The port for what people of organisations that are not federated prove themselves with, and how they come to be.

Passwords with the address they belong to, app passwords, invitations, passkeys. Only digests and hashes are kept, never
what a person types (threats G12). No operation here asks the gate: whoever verifies or issues does, with an
``Admission``.

Every operation is one transaction. Any failure to reach the database raises ``DirectoryUnavailable``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from broker.identity import Account, Subject
from broker.store.directory import NewAccount
from broker.store.outbox import NewEvent


class AddressTaken(Exception):
    """Another account signs in with this address."""


@dataclass(frozen=True, slots=True)
class PasswordRecord:
    """``address`` is canonical (``addresses.canonical_address``); ``hash`` a PHC string of argon2id, None until the
    person has chosen a password.
    """

    address: str
    account_id: str
    hash: str | None
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class AppPassword:
    """For programs that cannot sign in by browser (CardDAV). ``digest`` is ``entropy.digest`` of the password."""

    id: str
    account_id: str
    label: str
    digest: str
    created_at: datetime
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Invitation:
    """``address`` canonical. ``external``: somebody whose domain is not the organisation's. ``digest`` of the link."""

    id: str
    organization: str
    digest: str
    address: str
    role: str
    external: bool
    invited_by: str
    created_at: datetime
    expires_at: datetime
    state: Literal["open", "accepted", "cancelled"] = "open"


@dataclass(frozen=True, slots=True)
class Passkey:
    """A WebAuthn credential. ``credential_id`` and ``public_key`` are base64url as the ``webauthn`` library gives them.

    ``rehearsed_at``: when it was last used to rehearse or to come in (issue of break-glass: at most 90 days ago).
    """

    credential_id: str
    account_id: str
    name: str
    public_key: str
    sign_count: int
    created_at: datetime
    rehearsed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Holdings:
    """How much there is in an organisation that federation would end. ``passwords``: people who have chosen one."""

    people: int
    passwords: int
    app_passwords: int
    invitations: int


class Credentials(Protocol):
    """Passwords, app passwords, invitations and passkeys."""

    def holdings(self, organization: str) -> Holdings:
        """Counted now; ``people`` are the active accounts."""
        ...

    # -- passwords ------------------------------------------------------------------------------------------------

    def password(self, address: str) -> PasswordRecord | None:
        """By canonical address."""
        ...

    def password_of(self, account_id: str) -> PasswordRecord | None: ...

    def create_password_account(self, draft: NewAccount, record: PasswordRecord) -> Account:
        """Account, identity and password in one transaction; raises ``AddressTaken``."""
        ...

    def set_password(self, account_id: str, new_hash: str, at: datetime) -> bool:
        """Changes the password and counts the account's epoch up, so that every session of before ends; True if the
        account has an address to sign in with.
        """
        ...

    def rehash_password(self, account_id: str, old_hash: str, new_hash: str) -> None:
        """The same password under newer parameters; nothing else changes."""
        ...

    def hand_over(
        self, address: str, organization: str, subject: Subject, at: datetime, *, reason: str
    ) -> Account | None:
        """The account of this organisation that signed in with this address belongs from now on to ``subject``, whose
        proof the caller has judged (entra-id reference, section 1.11; threats PR-07).

        In one transaction everything goes that somebody else may hold of it (threats PR-08): its own identity, its
        password and address, app passwords, passkeys, and by a new epoch all sessions and tokens. None, and nothing is
        changed, if there is no such account, if it is somebody's at an upstream, if nobody ever proved the address by
        mail, or if ``subject`` has an account. ``reason`` stays with the account, as the source of its ``subject``.
        """
        ...

    # -- app passwords --------------------------------------------------------------------------------------------

    def add_app_password(self, record: AppPassword) -> None: ...

    def app_passwords(self, account_id: str) -> Sequence[AppPassword]: ...

    def app_password(self, digest: str) -> AppPassword | None: ...

    def note_app_password_used(self, app_password_id: str, at: datetime) -> None: ...

    def drop_app_password(self, account_id: str, app_password_id: str) -> bool: ...

    # -- invitations ----------------------------------------------------------------------------------------------

    def add_invitation(self, invitation: Invitation) -> None:
        """An open invitation of the same address to the same organisation is cancelled by it."""
        ...

    def invitations(self, organization: str) -> Sequence[Invitation]:
        """The open ones, newest first."""
        ...

    def invitation(self, digest: str) -> Invitation | None: ...

    def accept_invitation(
        self, invitation_id: str, draft: NewAccount, record: PasswordRecord, events: Sequence[NewEvent] = ()
    ) -> Account | None:
        """Once, in one transaction with the account and with what others shall hear of it; None if it is not open any
        more; raises ``AddressTaken``.
        """
        ...

    def cancel_invitation(self, organization: str, invitation_id: str) -> bool: ...

    # -- passkeys -------------------------------------------------------------------------------------------------

    def add_passkey(self, passkey: Passkey) -> None: ...

    def passkeys(self, account_id: str) -> Sequence[Passkey]: ...

    def passkey(self, credential_id: str) -> Passkey | None: ...

    def note_passkey_used(self, credential_id: str, sign_count: int, at: datetime) -> bool:
        """True if the sign count is greater than the one before, or both are 0 (WebAuthn Level 3, section 7.2 step 22);
        nothing is written otherwise.
        """
        ...

    def drop_passkey(self, account_id: str, credential_id: str) -> bool: ...
