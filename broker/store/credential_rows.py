"""Passwords, app passwords, invitations and passkeys, as rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from broker.store.columns import moment, moment_or_none, ticks, ticks_or_none
from broker.store.credentials import AppPassword, Invitation, Passkey, PasswordRecord


def password_of_row(row: Row[Any]) -> PasswordRecord:
    return PasswordRecord(row.address, row.account_id, row.hash, moment(row.changed_at))


def password_row(record: PasswordRecord) -> dict[str, Any]:
    return {
        "address": record.address,
        "account_id": record.account_id,
        "hash": record.hash,
        "changed_at": ticks(record.changed_at),
    }


def app_password_of_row(row: Row[Any]) -> AppPassword:
    return AppPassword(
        id=row.id,
        account_id=row.account_id,
        label=row.label,
        digest=row.digest,
        created_at=moment(row.created_at),
        last_used_at=moment_or_none(row.last_used_at),
    )


def app_password_row(record: AppPassword) -> dict[str, Any]:
    return {
        "id": record.id,
        "account_id": record.account_id,
        "label": record.label,
        "digest": record.digest,
        "created_at": ticks(record.created_at),
        "last_used_at": ticks_or_none(record.last_used_at),
    }


def invitation_of_row(row: Row[Any]) -> Invitation:
    return Invitation(
        id=row.id,
        organization=row.organization,
        digest=row.digest,
        address=row.address,
        role=row.role,
        external=row.external,
        invited_by=row.invited_by,
        created_at=moment(row.created_at),
        expires_at=moment(row.expires_at),
        state=row.state,
    )


def invitation_row(invitation: Invitation) -> dict[str, Any]:
    return {
        "id": invitation.id,
        "organization": invitation.organization,
        "digest": invitation.digest,
        "address": invitation.address,
        "role": invitation.role,
        "external": invitation.external,
        "invited_by": invitation.invited_by,
        "created_at": ticks(invitation.created_at),
        "expires_at": ticks(invitation.expires_at),
        "state": invitation.state,
    }


def passkey_of_row(row: Row[Any]) -> Passkey:
    return Passkey(
        credential_id=row.credential_id,
        account_id=row.account_id,
        name=row.name,
        public_key=row.public_key,
        sign_count=row.sign_count,
        created_at=moment(row.created_at),
        rehearsed_at=moment_or_none(row.rehearsed_at),
    )


def passkey_row(passkey: Passkey) -> dict[str, Any]:
    return {
        "credential_id": passkey.credential_id,
        "account_id": passkey.account_id,
        "name": passkey.name,
        "public_key": passkey.public_key,
        "sign_count": passkey.sign_count,
        "created_at": ticks(passkey.created_at),
        "rehearsed_at": ticks_or_none(passkey.rehearsed_at),
    }
