"""Where the values of an account come from, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from flask_babel.speaklater import LazyString

from broker.identity import INVITATION, SCIM, SIGN_IN, Account
from broker.provisioning.origins import Origin, origins
from broker.store.directory import Directory

_FIELDS: Final[Mapping[str, LazyString]] = {
    "subject": lazy_gettext("Sign-in with Microsoft"),
    "active": lazy_gettext("May sign in"),
    "email": lazy_gettext("E-mail"),
    "first_name": lazy_gettext("First name"),
    "last_name": lazy_gettext("Last name"),
    "display_name": lazy_gettext("Display name"),
    "role": lazy_gettext("Role"),
    "job_title": lazy_gettext("Job title"),
    "department": lazy_gettext("Department"),
    "office": lazy_gettext("Office"),
    "work_phone": lazy_gettext("Work phone"),
    "mobile_phone": lazy_gettext("Mobile phone"),
    "work_street": lazy_gettext("Street"),
    "work_city": lazy_gettext("City"),
    "work_state": lazy_gettext("State or region"),
    "work_postal_code": lazy_gettext("Postal code"),
    "work_country": lazy_gettext("Country"),
    "language": lazy_gettext("Language"),
    "employee_id": lazy_gettext("Employee number"),
}
_BY: Final[Mapping[str, LazyString]] = {
    SIGN_IN: lazy_gettext("at a sign-in"),
    INVITATION: lazy_gettext("with an invitation"),
    SCIM: lazy_gettext("by the directory's provisioning"),
    "operator": lazy_gettext("by Pobuca"),
}
_SOURCES: Final[Mapping[str, LazyString]] = {
    "edited": lazy_gettext("edited here"),
    "invitation": lazy_gettext("the invitation"),
    "person": lazy_gettext("the person's own words"),
    "organization": lazy_gettext("the organisation's setting"),
    "none": lazy_gettext("nowhere: the directory has none"),
    "tenant_domain_and_verified_owner": lazy_gettext(
        "linked: the directory owns the address's domain and vouches for its owner"
    ),
}


@dataclass(frozen=True, slots=True)
class Told:
    """One field as a page shows it; ``source`` may be a technical name."""

    field: str
    label: LazyString
    value: str
    source: str
    by: str
    at: datetime


def told(account: Account, name_of: Callable[[str], str | None]) -> Sequence[Told]:
    """Every field; ``name_of`` gives the name of an account id, if it may be said."""
    return [
        Told(each.field, _FIELDS[each.field], _value(each), _source(each.source), _by(each.by, name_of), each.at)
        for each in origins(account)
    ]


def names_in(directory: Directory, organization: str) -> Callable[[str], str | None]:
    """Who a co-worker is; somebody of another organisation is nobody (threats DO-22)."""

    def name_of(account_id: str) -> str | None:
        account = directory.account(account_id)
        return account.display_name if account is not None and account.organization == organization else None

    return name_of


def _value(origin: Origin) -> str:
    if origin.field == "subject":
        return ""
    if origin.field == "active":
        return str(_("yes") if origin.value == "yes" else _("no"))
    return origin.value


def _source(source: str) -> str:
    known = _SOURCES.get(source)
    return str(known) if known is not None else source


def _by(by: str | None, name_of: Callable[[str], str | None]) -> str:
    if by is None:
        return str(_("when the account was made"))
    known = _BY.get(by)
    if known is not None:
        return str(known)
    kind, _colon, hook = by.partition(":")
    if kind == "hook":
        return str(_("by the application %(name)s", name=hook))
    name = name_of(by)
    return str(_("by %(name)s", name=name) if name is not None else _("by an administrator"))
