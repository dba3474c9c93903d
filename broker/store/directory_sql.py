"""The directory in SQL: a SQLite file, or PostgreSQL where there are several machines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, tuple_, update

from broker.identity import SCIM, SIGN_IN, Account, FieldStamp, Secret, Subject
from broker.store.accounts_sql import (
    ACCOUNT,
    ACCOUNT_OF,
    ACCOUNTS,
    account_of_row,
    filled_columns,
    identity_row,
    write_account,
    written_stamps,
)
from broker.store.columns import moment, moment_or_none, ticks, ticks_or_none
from broker.store.database import ANSWER_WITHIN, Database
from broker.store.directory import EDITABLE_ATTRIBUTES, EDITABLE_NAMES, FILLABLE, Fill, NewAccount, StoredKey, news
from broker.store.outbox import NewEvent
from broker.store.outbox_sql import write_events
from broker.store.tables import accounts, photos, signing_keys

_FIRST_PAGE = (
    ACCOUNTS.where(accounts.c.organization == bindparam("organization"))
    .order_by(accounts.c.display_name, accounts.c.id)
    .limit(bindparam("limit"))
)
_NEXT_PAGE = _FIRST_PAGE.where(
    tuple_(accounts.c.display_name, accounts.c.id) > tuple_(bindparam("after_name"), bindparam("after_id"))
)
_HELD = ACCOUNT.with_for_update(of=accounts)
_EDIT = update(accounts).where(accounts.c.id == bindparam("account_id"))
_PHOTO = select(photos.c.media_type, photos.c.image).where(photos.c.account_id == bindparam("account_id"))
_KEYS = select(signing_keys).order_by(signing_keys.c.created_at, signing_keys.c.kid)
_KEY = update(signing_keys).where(signing_keys.c.kid == bindparam("of"))
_RETIRE = _KEY.values(retires_at=bindparam("at"))


class SqlDirectory:
    """``Directory`` in a SQLite file (a ``Path``), in PostgreSQL (a ``postgresql://`` URL without the password), or in
    a ``Database`` that others use as well.

    An account is made once and not again. An id that is taken raises ``ValueError``.
    """

    def __init__(
        self,
        location: Path | str | Database,
        *,
        password: Secret | None = None,
        answer_within: timedelta = ANSWER_WITHIN,
    ) -> None:
        if not isinstance(location, Database):
            location = Database(location, password=password, answer_within=answer_within)
        self._database = location

    def account(self, account_id: str) -> Account | None:
        return _only_account(self._database.read(ACCOUNT, {"id": account_id}))

    def account_of(self, subject: Subject) -> Account | None:
        return _only_account(self._database.read(ACCOUNT_OF, identity_row(subject)))

    def create_account(self, draft: NewAccount, events: Sequence[NewEvent] = ()) -> tuple[Account, bool]:
        def create(connection: Connection) -> tuple[Account, bool]:
            created = write_account(self._database, connection, draft)
            if created is None:
                there = connection.execute(ACCOUNT_OF, identity_row(draft.subject)).one()
                return account_of_row(there), False
            write_events(self._database, connection, events)
            return created, True

        return self._database.write(create)

    def accounts(
        self, organization: str, *, after: tuple[str, str] | None = None, limit: int = 50
    ) -> Sequence[Account]:
        page: dict[str, Any] = {"organization": organization, "limit": limit}
        if after is None:
            return [account_of_row(row) for row in self._database.read(_FIRST_PAGE, page)]
        page |= {"after_name": after[0], "after_id": after[1]}
        return [account_of_row(row) for row in self._database.read(_NEXT_PAGE, page)]

    def photo(self, account_id: str) -> tuple[str, bytes] | None:
        rows = self._database.read(_PHOTO, {"account_id": account_id})
        return (rows[0].media_type, bytes(rows[0].image)) if rows else None

    def set_active(self, account_id: str, active: bool, *, stamp: FieldStamp | None = None) -> bool:
        def write(connection: Connection) -> bool:
            row = connection.execute(_HELD, {"id": account_id}).first()
            if row is None:
                return False
            stamps = {name: each for name, each in account_of_row(row).attribute_stamps.items() if name != "active"}
            if stamp is not None:
                stamps["active"] = stamp
            columns = {"active": active, "attribute_stamps": written_stamps(stamps)}
            connection.execute(_EDIT.values(**columns), {"account_id": account_id})
            return True

        return self._database.write(write)

    def edit_account(
        self, account_id: str, changes: Mapping[str, str | None], *, by: str, at: datetime
    ) -> Account | None:
        refused = changes.keys() - EDITABLE_NAMES - EDITABLE_ATTRIBUTES
        if refused:
            raise ValueError("no field that can be edited")
        fills = {name: Fill(value, "edited") for name, value in changes.items()}
        # Also where the value is the same: it is this editor's word now.
        return self._set_fields(account_id, lambda _: fills, FieldStamp(by, at))

    def fill_account(self, account_id: str, fills: Mapping[str, Fill], *, by: str, at: datetime) -> Account | None:
        if fills.keys() - FILLABLE or any(fills[name].value is None for name in fills.keys() & EDITABLE_NAMES):
            raise ValueError("no field that a directory fills, or a name that is none")
        return self._set_fields(account_id, lambda account: news(account, fills), FieldStamp(by, at))

    def _set_fields(
        self, account_id: str, decide: Callable[[Account], Mapping[str, Fill]], stamp: FieldStamp
    ) -> Account | None:
        """Writes what ``decide`` says of the account as it is; nobody else writes meanwhile."""

        def write(connection: Connection) -> Account | None:
            row = connection.execute(_HELD, {"id": account_id}).first()
            if row is None:
                return None
            account = account_of_row(row)
            fills = decide(account)
            if not fills:
                return account
            connection.execute(_EDIT.values(**filled_columns(account, fills, stamp)), {"account_id": account_id})
            return account_of_row(connection.execute(ACCOUNT, {"id": account_id}).one())

        return self._database.write(write)

    def settle_subject(self, account_id: str, *, email_verified: bool, at: datetime) -> Account | None:
        def settle(connection: Connection) -> Account | None:
            row = connection.execute(_HELD, {"id": account_id}).first()
            if row is None:
                return None
            account = account_of_row(row)
            stamp = account.attribute_stamps.get("subject")
            if stamp is None or stamp.by != SCIM:
                return account
            stamps = {**account.attribute_stamps, "subject": FieldStamp(SIGN_IN, at)}
            columns = {"attribute_stamps": written_stamps(stamps), "email_verified": email_verified}
            connection.execute(_EDIT.values(**columns), {"account_id": account_id})
            return account_of_row(connection.execute(ACCOUNT, {"id": account_id}).one())

        return self._database.write(settle)

    def signing_keys(self) -> Sequence[StoredKey]:
        return [_stored_key(row) for row in self._database.read(_KEYS, {})]

    def add_signing_key(self, key: StoredKey) -> None:
        self._database.put(insert(signing_keys), _key_row(key))

    def add_first_signing_keys(self, keys: Sequence[StoredKey]) -> bool:
        def add(connection: Connection) -> bool:
            self._database.lock(connection, "signing_keys")  # Two at once would both find no key.
            if not keys or connection.execute(_KEYS.limit(1)).first() is not None:
                return False
            connection.execute(insert(signing_keys), [_key_row(key) for key in keys])
            return True

        return self._database.write(add)

    def retire_signing_key(self, kid: str, at: datetime) -> bool:
        return self._database.change(_RETIRE, {"of": kid, "at": ticks(at)})

    def ping(self) -> None:
        self._database.ping()

    def close(self) -> None:
        self._database.close()


def _only_account(rows: Sequence[Row[Any]]) -> Account | None:
    return account_of_row(rows[0]) if rows else None


def _stored_key(row: Row[Any]) -> StoredKey:
    return StoredKey(
        kid=row.kid,
        alg=row.alg,
        public_jwk=row.public_jwk,
        sealed=row.sealed,
        created_at=moment(row.created_at),
        activates_at=moment(row.activates_at),
        retires_at=moment_or_none(row.retires_at),
    )


def _key_row(key: StoredKey) -> dict[str, Any]:
    return {
        "kid": key.kid,
        "alg": key.alg,
        "public_jwk": key.public_jwk,
        "sealed": key.sealed,
        "created_at": ticks(key.created_at),
        "activates_at": ticks(key.activates_at),
        "retires_at": ticks_or_none(key.retires_at),
    }
