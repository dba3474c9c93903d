"""Who set each field of an account, when, and from where: as it is shown. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from broker.identity import Account

# In the order in which a card shows them; ``subject`` is the way in, ``active`` whether it is open.
FIELDS: Final = (
    "subject",
    "active",
    "email",
    "first_name",
    "last_name",
    "display_name",
    "role",
    "job_title",
    "department",
    "office",
    "work_phone",
    "mobile_phone",
    "work_street",
    "work_city",
    "work_state",
    "work_postal_code",
    "work_country",
    "language",
    "employee_id",
)
_COLUMNS: Final = frozenset({"email", "first_name", "last_name", "display_name", "role"})


@dataclass(frozen=True, slots=True)
class Origin:
    """Where one field has its value from. ``value`` is empty for a field that was emptied.

    ``source``: where the value stood (``graph.jobTitle``, ``edited``); empty where nobody wrote that down. ``by``: as
    in ``FieldStamp``; None for what nobody has touched since the account was made, ``at`` is when that was.
    """

    field: str
    value: str
    source: str
    by: str | None
    at: datetime


def origins(account: Account) -> Sequence[Origin]:
    """Of every field that is filled, or was emptied after it had been."""
    found = []
    for field in FIELDS:
        value = _value(account, field)
        stamp, source = account.attribute_stamps.get(field), account.attribute_sources.get(field, "")
        if field in ("subject", "active") and stamp is None:
            continue  # As the account was made, which the account itself says.
        if value or stamp is not None:
            by, at = (stamp.by, stamp.at) if stamp is not None else (None, account.created_at)
            found.append(Origin(field, value, source, by, at))
    return found


def _value(account: Account, field: str) -> str:
    if field == "subject":
        return account.subject.kind
    if field == "active":
        return "yes" if account.active else "no"
    if field in _COLUMNS:
        return getattr(account, field) or ""
    return account.attributes.get(field, "")
