"""Where the values of an account come from, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from broker.identity import INVITATION, SCIM, SIGN_IN, Account
from broker.provisioning.origins import Origin, origins
from broker.store.directory import Directory

_FIELDS: Final[Mapping[str, LazyString]] = {
    "subject": _("Sign-in with Microsoft"),
    "active": _("May sign in"),
    "email": _("E-mail"),
    "first_name": _("First name"),
    "last_name": _("Last name"),
    "display_name": _("Display name"),
    "role": _("Role"),
    "job_title": _("Job title"),
    "department": _("Department"),
    "office": _("Office"),
    "work_phone": _("Work phone"),
    "mobile_phone": _("Mobile phone"),
    "work_street": _("Street"),
    "work_city": _("City"),
    "work_state": _("State or region"),
    "work_postal_code": _("Postal code"),
    "work_country": _("Country"),
    "language": _("Language"),
    "employee_id": _("Employee number"),
}
_BY: Final[Mapping[str, LazyString]] = {
    SIGN_IN: _("at a sign-in"),
    INVITATION: _("with an invitation"),
    SCIM: _("by the directory's provisioning"),
    "operator": _("by Pobuca"),
}
_SOURCES: Final[Mapping[str, LazyString]] = {
    "edited": _("edited here"),
    "invitation": _("the invitation"),
    "person": _("the person's own words"),
    "organization": _("the organisation's setting"),
    "none": _("nowhere: the directory has none"),
    "tenant_domain_and_verified_owner": _(
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
