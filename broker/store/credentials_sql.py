"""What people prove themselves with, in SQL.

Every operation that makes something to come in with raises ``SsoRequired`` where the organisation is enforced: so that
nothing which was under way when the switch turned is left behind (``closing_sql``).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, delete, func, insert, or_, select, true, update

from broker.identity import SIGN_IN, Account, FieldStamp, Subject
from broker.store.accounts_sql import (
    ACCOUNT,
    account_of_row,
    identity_row,
    raise_epoch,
    write_account,
    written_stamps,
)
from broker.store.closing_sql import is_probe, require_open
from broker.store.columns import ticks
from broker.store.credential_rows import (
    app_password_of_row,
    app_password_row,
    invitation_of_row,
    invitation_row,
    passkey_of_row,
    passkey_row,
    password_of_row,
    password_row,
)
from broker.store.credentials import AddressTaken, AppPassword, Holdings, Invitation, Passkey, PasswordRecord
from broker.store.database import Database
from broker.store.directory import NewAccount
from broker.store.outbox import NewEvent
from broker.store.outbox_sql import write_events
from broker.store.tables import accounts, app_passwords, endings, identities, invitations, passkeys, passwords, probes

_PEOPLE = select(accounts.c.id).where(accounts.c.organization == bindparam("organization"))
_HOLDINGS = select(
    select(func.count())
    .select_from(accounts)
    .where(accounts.c.organization == bindparam("organization"), accounts.c.active == true())
    .scalar_subquery()
    .label("people"),
    select(func.count())
    .select_from(passwords)
    .where(passwords.c.account_id.in_(_PEOPLE), passwords.c.hash.is_not(None))
    .scalar_subquery()
    .label("passwords"),
    select(func.count())
    .select_from(app_passwords)
    .where(app_passwords.c.account_id.in_(_PEOPLE))
    .scalar_subquery()
    .label("app_passwords"),
    select(func.count())
    .select_from(invitations)
    .where(invitations.c.organization == bindparam("organization"), invitations.c.state == "open")
    .scalar_subquery()
    .label("invitations"),
)

_ORGANIZATION = select(accounts.c.organization).where(accounts.c.id == bindparam("account_id"))

_PASSWORD = select(passwords).where(passwords.c.address == bindparam("address"))
_PASSWORD_OF = select(passwords).where(passwords.c.account_id == bindparam("account_id"))
_SET_PASSWORD = (
    update(passwords)
    .where(passwords.c.account_id == bindparam("of_account"))
    .values(hash=bindparam("new_hash"), changed_at=bindparam("now"))
)
_REHASH = (
    update(passwords)
    .where(passwords.c.account_id == bindparam("of_account"), passwords.c.hash == bindparam("old_hash"))
    .values(hash=bindparam("new_hash"))
)

_APP_PASSWORDS_OF = (
    select(app_passwords)
    .where(app_passwords.c.account_id == bindparam("account_id"))
    .order_by(app_passwords.c.created_at, app_passwords.c.id)
)
_APP_PASSWORD = select(app_passwords).where(app_passwords.c.digest == bindparam("digest"))
_USE_APP_PASSWORD = (
    update(app_passwords).where(app_passwords.c.id == bindparam("of_id")).values(last_used_at=bindparam("now"))
)
_DROP_APP_PASSWORD = delete(app_passwords).where(
    app_passwords.c.id == bindparam("of_id"), app_passwords.c.account_id == bindparam("of_account")
)

_OPEN_INVITATIONS = (
    select(invitations)
    .where(invitations.c.organization == bindparam("organization"), invitations.c.state == "open")
    .order_by(invitations.c.created_at.desc(), invitations.c.id)
)
_INVITATION = select(invitations).where(invitations.c.digest == bindparam("digest"))
_OPEN = update(invitations).where(
    invitations.c.organization == bindparam("of_organization"), invitations.c.state == "open"
)
_CANCEL_OF_ADDRESS = _OPEN.where(invitations.c.address == bindparam("of_address")).values(state="cancelled")
_CANCEL = _OPEN.where(invitations.c.id == bindparam("of_id")).values(state="cancelled")
_ACCEPT = _OPEN.where(invitations.c.id == bindparam("of_id")).values(state="accepted")

_INVITER = select(invitations.c.invited_by).where(
    invitations.c.id == bindparam("of_id"),
    invitations.c.organization == bindparam("of_organization"),
)

# Locked where the database locks rows: of two first sign-ins at once, the second finds nothing to take over.
_HELD_BY_ADDRESS = (
    select(passwords.c.account_id)
    .join(accounts, accounts.c.id == passwords.c.account_id)
    .where(
        passwords.c.address == bindparam("address"),
        accounts.c.organization == bindparam("organization"),
        accounts.c.email_verified == true(),
    )
    .with_for_update()
)
_RELEASE = delete(identities).where(
    identities.c.kind == bindparam("kind"),
    identities.c.authority == bindparam("authority"),
    identities.c.identifier == bindparam("identifier"),
    identities.c.account_id == bindparam("of_account"),
)

_PASSKEYS_OF = (
    select(passkeys)
    .where(passkeys.c.account_id == bindparam("account_id"))
    .order_by(passkeys.c.created_at, passkeys.c.credential_id)
)
_PASSKEY = select(passkeys).where(passkeys.c.credential_id == bindparam("credential_id"))
_USE_PASSKEY = (
    update(passkeys)
    .where(
        passkeys.c.credential_id == bindparam("of_credential"),
        or_(
            passkeys.c.sign_count < bindparam("new_count"),
            and_(passkeys.c.sign_count == 0, bindparam("new_count") == 0),
        ),
    )
    .values(sign_count=bindparam("new_count"), rehearsed_at=bindparam("now"))
)
_DROP_PASSKEY = delete(passkeys).where(
    passkeys.c.credential_id == bindparam("of_credential"), passkeys.c.account_id == bindparam("of_account")
)


class SqlCredentials:
    """``Credentials`` in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def holdings(self, organization: str) -> Holdings:
        (row,) = self._database.read(_HOLDINGS, {"organization": organization})
        return Holdings(row.people, row.passwords, row.app_passwords, row.invitations)

    # -- passwords ------------------------------------------------------------------------------------------------

    def password(self, address: str) -> PasswordRecord | None:
        rows = self._database.read(_PASSWORD, {"address": address})
        return password_of_row(rows[0]) if rows else None

    def password_of(self, account_id: str) -> PasswordRecord | None:
        rows = self._database.read(_PASSWORD_OF, {"account_id": account_id})
        return password_of_row(rows[0]) if rows else None

    def create_password_account(self, draft: NewAccount, record: PasswordRecord) -> Account:
        def create(connection: Connection) -> Account:
            require_open(self._database, connection, draft.organization)
            return create_password_account(self._database, connection, draft, record)

        return self._database.write(create)

    def set_password(self, account_id: str, new_hash: str, at: datetime) -> bool:
        def change(connection: Connection) -> bool:
            organization = connection.execute(_ORGANIZATION, {"account_id": account_id}).scalar()
            if organization is None:
                return False
            require_open(self._database, connection, organization, spare=account_id)
            row = {"of_account": account_id, "new_hash": new_hash, "now": ticks(at)}
            if connection.execute(_SET_PASSWORD, row).rowcount == 0:
                return False
            raise_epoch(connection, account_id)
            return True

        return self._database.write(change)

    def rehash_password(self, account_id: str, old_hash: str, new_hash: str) -> None:
        row = {"of_account": account_id, "old_hash": old_hash, "new_hash": new_hash}
        self._database.change(_REHASH, row)

    def hand_over(
        self, address: str, organization: str, subject: Subject, at: datetime, *, reason: str
    ) -> Account | None:
        def hand_over(connection: Connection) -> Account | None:
            held = connection.execute(_HELD_BY_ADDRESS, {"address": address, "organization": organization}).first()
            if held is None:
                return None
            account_id = str(held.account_id)
            own = identity_row(Subject.own(account_id))
            if connection.execute(_RELEASE, {**own, "of_account": account_id}).rowcount == 0:
                return None
            claim = (
                self._database.insert(identities)
                .on_conflict_do_nothing(index_elements=identities.primary_key)
                .returning(identities.c.account_id)
            )
            if connection.execute(claim, {**identity_row(subject), "account_id": account_id}).first() is None:
                connection.execute(insert(identities), {**own, "account_id": account_id})
                return None
            for table in (passwords, app_passwords, passkeys):
                connection.execute(delete(table).where(table.c.account_id == account_id))
            epoch = raise_epoch(connection, account_id)
            ending = {
                "id": f"account:{account_id}:{epoch}",
                "kind": "account",
                "name": account_id,
                "reason": "linked",
                "noted_at": ticks(at),
            }
            connection.execute(insert(endings), ending)
            before = account_of_row(connection.execute(ACCOUNT, {"id": account_id}).one())
            sources = {**before.attribute_sources, "subject": reason}
            stamps = {**before.attribute_stamps, "subject": FieldStamp(SIGN_IN, at)}
            columns = {"attribute_sources": json.dumps(sources), "attribute_stamps": written_stamps(stamps)}
            connection.execute(update(accounts).where(accounts.c.id == account_id).values(**columns))
            return account_of_row(connection.execute(ACCOUNT, {"id": account_id}).one())

        return self._database.write(hand_over)

    # -- app passwords --------------------------------------------------------------------------------------------

    def add_app_password(self, record: AppPassword) -> None:
        def add(connection: Connection) -> None:
            organization = _organization_of(connection, record.account_id)
            require_open(self._database, connection, organization, spare=record.account_id)
            connection.execute(insert(app_passwords), app_password_row(record))

        self._database.write(add)

    def app_passwords(self, account_id: str) -> Sequence[AppPassword]:
        rows = self._database.read(_APP_PASSWORDS_OF, {"account_id": account_id})
        return [app_password_of_row(row) for row in rows]

    def app_password(self, digest: str) -> AppPassword | None:
        rows = self._database.read(_APP_PASSWORD, {"digest": digest})
        return app_password_of_row(rows[0]) if rows else None

    def note_app_password_used(self, app_password_id: str, at: datetime) -> None:
        self._database.change(_USE_APP_PASSWORD, {"of_id": app_password_id, "now": ticks(at)})

    def drop_app_password(self, account_id: str, app_password_id: str) -> bool:
        return self._database.change(_DROP_APP_PASSWORD, {"of_account": account_id, "of_id": app_password_id})

    # -- invitations ----------------------------------------------------------------------------------------------

    def add_invitation(self, invitation: Invitation) -> None:
        def add(connection: Connection) -> None:
            # Alone: of two at once for one address, each would find none to cancel.
            inviter = invitation.invited_by
            require_open(self._database, connection, invitation.organization, alone=True, spare=inviter)
            before = {"of_organization": invitation.organization, "of_address": invitation.address}
            connection.execute(_CANCEL_OF_ADDRESS, before)
            connection.execute(insert(invitations), invitation_row(invitation))

        self._database.write(add)

    def invitations(self, organization: str) -> Sequence[Invitation]:
        rows = self._database.read(_OPEN_INVITATIONS, {"organization": organization})
        return [invitation_of_row(row) for row in rows]

    def invitation(self, digest: str) -> Invitation | None:
        rows = self._database.read(_INVITATION, {"digest": digest})
        return invitation_of_row(rows[0]) if rows else None

    def accept_invitation(
        self, invitation_id: str, draft: NewAccount, record: PasswordRecord, events: Sequence[NewEvent] = ()
    ) -> Account | None:
        def accept(connection: Connection) -> Account | None:
            key = {"of_id": invitation_id, "of_organization": draft.organization}
            inviter = connection.execute(_INVITER, key).scalar()
            require_open(self._database, connection, draft.organization, spare=inviter)
            if connection.execute(_ACCEPT, key).rowcount == 0:
                return None
            account = create_password_account(self._database, connection, draft, record)
            if inviter is not None and is_probe(connection, inviter):  # It goes with the probe that invited it.
                made = {"account_id": draft.id, "made_by": inviter, "made_at": ticks(draft.created_at)}
                connection.execute(insert(probes), made)
            else:
                write_events(self._database, connection, events)
            return account

        return self._database.write(accept)

    def cancel_invitation(self, organization: str, invitation_id: str) -> bool:
        return self._database.change(_CANCEL, {"of_organization": organization, "of_id": invitation_id})

    # -- passkeys -------------------------------------------------------------------------------------------------

    def add_passkey(self, passkey: Passkey) -> None:
        def add(connection: Connection) -> None:
            organization = _organization_of(connection, passkey.account_id)
            require_open(
                self._database, connection, organization, spare=passkey.account_id, spare_glass=True
            )
            connection.execute(insert(passkeys), passkey_row(passkey))

        self._database.write(add)

    def passkeys(self, account_id: str) -> Sequence[Passkey]:
        return [passkey_of_row(row) for row in self._database.read(_PASSKEYS_OF, {"account_id": account_id})]

    def passkey(self, credential_id: str) -> Passkey | None:
        rows = self._database.read(_PASSKEY, {"credential_id": credential_id})
        return passkey_of_row(rows[0]) if rows else None

    def note_passkey_used(self, credential_id: str, sign_count: int, at: datetime) -> bool:
        row = {"of_credential": credential_id, "new_count": sign_count, "now": ticks(at)}
        return self._database.change(_USE_PASSKEY, row)

    def drop_passkey(self, account_id: str, credential_id: str) -> bool:
        return self._database.change(_DROP_PASSKEY, {"of_account": account_id, "of_credential": credential_id})


def create_password_account(
    database: Database, connection: Connection, draft: NewAccount, record: PasswordRecord
) -> Account:
    """Account, identity and password; raises ``AddressTaken``. Whether there may be one is for the caller to ask."""
    if record.account_id != draft.id:
        raise ValueError("the password is another account's")
    account = write_account(database, connection, draft)
    if account is None:
        raise ValueError("the identity is another account's")
    add = (
        database.insert(passwords)
        .on_conflict_do_nothing(index_elements=passwords.primary_key)
        .returning(passwords.c.address)
    )
    if connection.execute(add, password_row(record)).first() is None:
        raise AddressTaken
    return account


def _organization_of(connection: Connection, account_id: str) -> str:
    organization = connection.execute(_ORGANIZATION, {"account_id": account_id}).scalar()
    if organization is None:
        raise ValueError("there is no such account")
    return str(organization)
