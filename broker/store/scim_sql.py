"""``ScimPeople`` in SQL."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, delete, func, insert, or_, select, update

from broker.identity import SCIM, Account, FieldStamp, Subject
from broker.store.accounts_sql import (
    ACCOUNT_OF,
    ACCOUNTS,
    account_of_row,
    end_in,
    filled_columns,
    identity_row,
    write_account,
    written_stamps,
)
from broker.store.columns import moment, ticks
from broker.store.database import Database
from broker.store.directory import NewAccount
from broker.store.outbox import NewEvent
from broker.store.outbox_sql import write_events
from broker.store.scim import Decide, ScimChange, ScimPerson, ScimTaken
from broker.store.tables import accounts, identities, passwords, scim_users

_IS_OF_TENANT = and_(identities.c.kind == "entra", identities.c.authority == bindparam("tenant_id"))
_PEOPLE = (
    ACCOUNTS.add_columns(scim_users.c.document, scim_users.c.modified_at)
    .outerjoin(scim_users, scim_users.c.account_id == accounts.c.id)
    .where(
        accounts.c.organization == bindparam("organization"),
        scim_users.c.deleted_at.is_(None),
        or_(scim_users.c.account_id.is_not(None), _IS_OF_TENANT),
    )
    .order_by(accounts.c.id)
)
_UNWRITTEN = scim_users.c.account_id.is_(None)
_PERSON = _PEOPLE.where(accounts.c.id == bindparam("account_id"))
_NAMED = _PEOPLE.where(
    or_(
        scim_users.c.user_name_key == bindparam("key"),
        and_(_UNWRITTEN, func.lower(accounts.c.email) == bindparam("key")),
    )
)
_KNOWN_AS = _PEOPLE.where(
    or_(
        scim_users.c.external_id == bindparam("external_id"),
        and_(_UNWRITTEN, identities.c.identifier == bindparam("external_id")),
    )
)
_EVERYBODY = _PEOPLE.limit(bindparam("limit"))
_DELETED = select(scim_users.c.deleted_at).where(scim_users.c.account_id == bindparam("account_id"))
_OLD_ADDRESS = (
    select(passwords.c.account_id)
    .join(accounts, accounts.c.id == passwords.c.account_id)
    .where(passwords.c.address == bindparam("address"), accounts.c.organization == bindparam("organization"))
)
_ACCOUNT_ROW = update(accounts).where(accounts.c.id == bindparam("of_account"))


class SqlScimPeople:
    """``ScimPeople`` in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._keep = database.upsert(scim_users)

    def person(self, organization: str, tenant_id: str, account_id: str) -> ScimPerson | None:
        found = self._read(_PERSON, organization, tenant_id, account_id=account_id)
        return found[0] if found else None

    def named(self, organization: str, tenant_id: str, user_name_key: str) -> Sequence[ScimPerson]:
        return self._read(_NAMED, organization, tenant_id, key=user_name_key)

    def known_as(self, organization: str, tenant_id: str, external_id: str) -> Sequence[ScimPerson]:
        return self._read(_KNOWN_AS, organization, tenant_id, external_id=external_id)

    def everybody(self, organization: str, tenant_id: str, limit: int) -> Sequence[ScimPerson]:
        return self._read(_EVERYBODY, organization, tenant_id, limit=limit)

    def create(
        self,
        draft: NewAccount,
        tenant_id: str,
        change: ScimChange,
        again: Decide,
        at: datetime,
        events: Sequence[NewEvent] = (),
    ) -> tuple[ScimPerson, bool]:
        def create(connection: Connection) -> tuple[ScimPerson, bool]:
            self._alone(connection, draft.organization)
            self._require_free(connection, draft.organization, tenant_id, change.user_name_key)
            there = connection.execute(ACCOUNT_OF, identity_row(draft.subject)).first()
            if there is not None:
                before = self._deleted(connection, account_of_row(there), draft.organization)
                decided = again(before)
                if decided is not None:
                    self._write(connection, before.account, decided, at)
                return self._person(connection, draft.organization, tenant_id, before.account.id), False
            if draft.email is not None:
                address = {"address": draft.email.lower(), "organization": draft.organization}
                if connection.execute(_OLD_ADDRESS, address).first() is not None:
                    raise ScimTaken("address")
            account = write_account(self._database, connection, draft)
            if account is None:  # Its first sign-in was a moment faster.
                raise ScimTaken("identity")
            write_events(self._database, connection, events)
            self._write(connection, account, change, at)
            return self._person(connection, draft.organization, tenant_id, account.id), True

        return self._database.write(create)

    def change(
        self, organization: str, tenant_id: str, account_id: str, decide: Decide, at: datetime
    ) -> ScimPerson | None:
        def change(connection: Connection) -> ScimPerson | None:
            self._alone(connection, organization)
            person = self._find(connection, organization, tenant_id, account_id)
            if person is None:
                return None
            decided = decide(person)
            if decided is None:
                return person
            self._require_free(connection, organization, tenant_id, decided.user_name_key, but=account_id)
            self._write(connection, person.account, decided, at)
            return self._person(connection, organization, tenant_id, account_id)

        return self._database.write(change)

    def remove(self, organization: str, tenant_id: str, account_id: str, decide: Decide, at: datetime) -> bool:
        def remove(connection: Connection) -> bool:
            self._alone(connection, organization)
            person = self._find(connection, organization, tenant_id, account_id)
            if person is None:
                return False
            decide(person)
            account = person.account
            row = {
                "account_id": account_id,
                "organization": organization,
                "user_name_key": None,
                "external_id": None,
                # What the directory wrote of somebody goes with them; that they are gone stays.
                "document": "{}",
                "modified_at": ticks(at),
                "deleted_at": ticks(at),
            }
            connection.execute(self._keep, row)
            if account.active:
                stamps = {**account.attribute_stamps, "active": FieldStamp(SCIM, at)}
                columns = {"active": False, "attribute_stamps": written_stamps(stamps)}
                connection.execute(_ACCOUNT_ROW.values(**columns), {"of_account": account_id})
            end_in(connection, account_id, "deleted", at)
            return True

        return self._database.write(remove)

    # -- pieces ---------------------------------------------------------------------------------------------------

    def _alone(self, connection: Connection, organization: str) -> None:
        self._database.lock(connection, f"scim {organization}")

    def _read(self, statement: Any, organization: str, tenant_id: str, **values: Any) -> list[ScimPerson]:
        rows = self._database.read(statement, {"organization": organization, "tenant_id": tenant_id, **values})
        return [_person_of_row(row) for row in rows]

    def _find(
        self, connection: Connection, organization: str, tenant_id: str, account_id: str
    ) -> ScimPerson | None:
        values = {"organization": organization, "tenant_id": tenant_id, "account_id": account_id}
        row = connection.execute(_PERSON, values).first()
        return _person_of_row(row) if row is not None else None

    def _person(self, connection: Connection, organization: str, tenant_id: str, account_id: str) -> ScimPerson:
        person = self._find(connection, organization, tenant_id, account_id)
        if person is None:
            raise ScimTaken("identity")
        return person

    def _deleted(self, connection: Connection, account: Account, organization: str) -> ScimPerson:
        """An account that the directory deleted; raises ``ScimTaken`` for any other."""
        deleted_at = connection.execute(_DELETED, {"account_id": account.id}).scalar()
        if deleted_at is None or account.organization != organization:
            raise ScimTaken("identity")
        return ScimPerson(account, None, moment(deleted_at))

    def _require_free(
        self, connection: Connection, organization: str, tenant_id: str, key: str, but: str | None = None
    ) -> None:
        rows = connection.execute(_NAMED, {"organization": organization, "tenant_id": tenant_id, "key": key})
        if any(row.id != but for row in rows):
            raise ScimTaken("user_name")

    def _write(self, connection: Connection, account: Account, change: ScimChange, at: datetime) -> None:
        stamp = FieldStamp(SCIM, at)
        columns: dict[str, Any] = dict(filled_columns(account, change.fills, stamp))
        sources, stamps = json.loads(columns["attribute_sources"]), json.loads(columns["attribute_stamps"])
        written = [stamp.by, ticks(stamp.at)]
        if change.address is not None:
            columns["email"], columns["email_domain"] = change.address
            columns["email_verified"] = False
            sources["email"], stamps["email"] = "scim.emails", written
        if change.subject is not None and change.subject != account.subject:
            self._move(connection, account, change.subject)
            sources["subject"], stamps["subject"] = "scim.externalId", written
        if change.active is not None and change.active != account.active:
            columns["active"], stamps["active"] = change.active, written
        columns |= {"attribute_sources": json.dumps(sources), "attribute_stamps": json.dumps(stamps)}
        connection.execute(_ACCOUNT_ROW.values(**columns), {"of_account": account.id})
        row = {
            "account_id": account.id,
            "organization": account.organization,
            "user_name_key": change.user_name_key,
            "external_id": change.external_id,
            "document": json.dumps(change.document),
            "modified_at": ticks(at),
            "deleted_at": None,
        }
        connection.execute(self._keep, row)
        if change.active is False and account.active:
            end_in(connection, account.id, "disabled", at)

    def _move(self, connection: Connection, account: Account, subject: Subject) -> None:
        """Raises ``ScimTaken`` if the new subject has an account."""
        if connection.execute(ACCOUNT_OF, identity_row(subject)).first() is not None:
            raise ScimTaken("identity")
        connection.execute(delete(identities).where(identities.c.account_id == account.id))
        connection.execute(insert(identities), {**identity_row(subject), "account_id": account.id})


def _person_of_row(row: Row[Any]) -> ScimPerson:
    account = account_of_row(row)
    if row.document is None:
        moments = [stamp.at for stamp in account.attribute_stamps.values()]
        return ScimPerson(account, None, max([account.created_at, *moments]))
    return ScimPerson(account, json.loads(row.document), moment(row.modified_at))
