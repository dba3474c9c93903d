"""Accounts as rows: what every part of the records that reads or makes an account shares."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from broker.identity import Account, FieldStamp, Subject
from broker.store.columns import moment, ticks
from broker.store.database import Database
from broker.store.directory import EDITABLE_NAMES, Fill, NewAccount
from broker.store.tables import accounts, endings, identities, photos, upstream_grants

ACCOUNTS = (
    select(
        accounts,
        identities.c.kind,
        identities.c.authority,
        identities.c.identifier,
        photos.c.account_id.is_not(None).label("has_photo"),
    )
    .join(identities, identities.c.account_id == accounts.c.id)
    .outerjoin(photos, photos.c.account_id == accounts.c.id)
)
ACCOUNT = ACCOUNTS.where(accounts.c.id == bindparam("id"))
ACCOUNT_OF = ACCOUNTS.where(
    identities.c.kind == bindparam("kind"),
    identities.c.authority == bindparam("authority"),
    identities.c.identifier == bindparam("identifier"),
)
_DROP_GRANT = delete(upstream_grants).where(upstream_grants.c.account_id == bindparam("of_account"))
_RAISE_EPOCH = (
    update(accounts)
    .where(accounts.c.id == bindparam("of_account"))
    .values(epoch=accounts.c.epoch + 1)
    .returning(accounts.c.epoch)
)


def write_account(database: Database, connection: Connection, draft: NewAccount) -> Account | None:
    """The new account, with its identity and photo; None if the identity has an account already."""
    identity = identity_row(draft.subject)
    # The identity first: who comes second waits here for the first one's commit, and has written nothing.
    claim = (
        database.insert(identities)
        .on_conflict_do_nothing(index_elements=identities.primary_key)
        .returning(identities.c.account_id)
    )
    if connection.execute(claim, {**identity, "account_id": draft.id}).first() is None:
        return None
    connection.execute(insert(accounts), _account_row(draft))
    if draft.photo is not None:
        media_type, image = draft.photo
        connection.execute(insert(photos), {"account_id": draft.id, "media_type": media_type, "image": image})
    return account_of_row(connection.execute(ACCOUNT_OF, identity).one())


def raise_epoch(connection: Connection, account_id: str) -> int | None:
    """Voids what the account was given so far (``identity.Stamp``): its new epoch, None if there is no such account."""
    return connection.execute(_RAISE_EPOCH, {"of_account": account_id}).scalar()


def identity_row(subject: Subject) -> dict[str, str]:
    return {"kind": subject.kind, "authority": subject.authority, "identifier": subject.identifier}


def account_of_row(row: Row[Any]) -> Account:
    """An account out of a row of ``ACCOUNTS``."""
    return Account(
        id=row.id,
        organization=row.organization,
        subject=Subject(row.kind, row.authority, row.identifier),
        email=row.email,
        email_domain=row.email_domain,
        email_verified=row.email_verified,
        first_name=row.first_name,
        last_name=row.last_name,
        display_name=row.display_name,
        role=row.role,
        created_at=moment(row.created_at),
        attributes=json.loads(row.attributes),
        attribute_sources=json.loads(row.attribute_sources),
        active=row.active,
        has_photo=row.has_photo,
        epoch=row.epoch,
        attribute_stamps={
            field: FieldStamp(by, moment(at)) for field, (by, at) in json.loads(row.attribute_stamps).items()
        },
    )


def written_stamps(stamps: Mapping[str, FieldStamp]) -> str:
    """The column of them."""
    return json.dumps({field: [stamp.by, ticks(stamp.at)] for field, stamp in stamps.items()})


def filled_columns(account: Account, fills: Mapping[str, Fill], stamp: FieldStamp) -> dict[str, str]:
    """The columns that change when fields are filled; raises ``ValueError`` for a name or role that is left out."""
    columns: dict[str, str] = {}
    attributes, sources, stamps = (
        dict(account.attributes),
        dict(account.attribute_sources),
        dict(account.attribute_stamps),
    )
    for field, fill in fills.items():
        if fill.value is None:
            if field in EDITABLE_NAMES:
                raise ValueError(f"{field} cannot be left out")
            if attributes.pop(field, None) is not None:
                stamps[field] = stamp
            sources.pop(field, None)
            continue
        if field in EDITABLE_NAMES:
            columns[field] = fill.value
        else:
            attributes[field] = fill.value
        sources[field], stamps[field] = fill.source, stamp
    return columns | {
        "attributes": json.dumps(attributes),
        "attribute_sources": json.dumps(sources),
        "attribute_stamps": written_stamps(stamps),
    }


def end_in(connection: Connection, account_id: str, reason: str, at: datetime) -> str | None:
    """Ends all that the account was given so far, and notes that it is to be carried out (``Endings``): the id of the
    ending, None if there is no such account.
    """
    epoch = raise_epoch(connection, account_id)
    if epoch is None:
        return None
    connection.execute(_DROP_GRANT, {"of_account": account_id})
    # An epoch begins once: so the name is nobody else's.
    ending = f"account:{account_id}:{epoch}"
    row = {"id": ending, "kind": "account", "name": account_id, "reason": reason, "noted_at": ticks(at)}
    connection.execute(insert(endings), row)
    return ending


def _account_row(draft: NewAccount) -> dict[str, Any]:
    return {
        "id": draft.id,
        "organization": draft.organization,
        "email": draft.email,
        "email_domain": draft.email_domain,
        "email_verified": draft.email_verified,
        "first_name": draft.first_name,
        "last_name": draft.last_name,
        "display_name": draft.display_name,
        "role": draft.role,
        "created_at": ticks(draft.created_at),
        "attributes": json.dumps(dict(draft.attributes)),
        "attribute_sources": json.dumps(dict(draft.attribute_sources)),
        "attribute_stamps": written_stamps(draft.attribute_stamps),
        "active": True,
    }
