"""What a directory may say of an account by SCIM, and whose the account's fields and identity are. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from broker.identity import SCIM, Account, Subject
from broker.store.directory import EDITABLE_NAMES, NO_LAST_NAME

# The subject of somebody whom the directory did not name by an object id: nobody signs in with it.
PLACEHOLDER: Final = "scim"
# Characters of a user name; the directory's own limit for a principal name is 113 (entra-id reference, section 4.1).
MAX_NAME: Final = 256
# Every field that SCIM fills, and where its value stands there (RFC 7643 section 4).
SOURCES: Final[Mapping[str, str]] = {
    "email": "scim.emails",
    "first_name": "scim.name.givenName",
    "last_name": "scim.name.familyName",
    "display_name": "scim.displayName",
    "job_title": "scim.title",
    "department": "scim.department",
    "employee_id": "scim.employeeNumber",
    "language": "scim.preferredLanguage",
    "work_phone": "scim.phoneNumbers",
    "mobile_phone": "scim.phoneNumbers",
    "work_street": "scim.addresses",
    "work_city": "scim.addresses",
    "work_state": "scim.addresses",
    "work_postal_code": "scim.addresses",
    "work_country": "scim.addresses",
}


class ScimRefused(Exception):
    """What the directory wrote cannot be. The sentence is for it, and quotes nothing."""

    def __init__(self, kind: Literal["value", "taken", "mutability", "version"], sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class ScimUser:
    """What the directory wants: ``fields`` by our names, as written; ``emails`` the most important first.

    ``document``: the whole of it, kept beside the account.
    """

    user_name: str
    external_id: str | None
    fields: Mapping[str, str]
    emails: Sequence[str]
    active: bool | None
    document: Mapping[str, Any] = field(repr=False)


def user_name_key(user_name: str) -> str:
    """The form in which user names are compared: they are not ``caseExact`` (RFC 7643 section 4.1.1)."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", user_name).lower())


def owns(account: Account, name: str) -> bool:
    """Whether SCIM may write this field: it is empty, or what stands there is SCIM's own.

    What a sign-in, a person or a hook set stays: an account that was there before keeps its values (threats PR-13).
    """
    stamp = account.attribute_stamps.get(name)
    if stamp is not None:
        return stamp.by == SCIM
    value = getattr(account, name) if name in EDITABLE_NAMES or name == "email" else account.attributes.get(name)
    return not value or (name == "last_name" and value == NO_LAST_NAME)


def is_settled(account: Account) -> bool:
    """Whether somebody has signed in with the account's subject: from then on it is that person's."""
    stamp = account.attribute_stamps.get("subject")
    return stamp is None or stamp.by != SCIM


def subject_of(organization: str, tenant_id: str, external_id: str | None, account_id: str) -> Subject:
    """Whom the directory means: the person of this object id in its tenant, or nobody who signs in."""
    if external_id is not None:
        try:
            return Subject.entra(tenant_id, external_id)
        except ValueError:
            pass  # A label of the directory's own, such as a mail nickname.
    return Subject(PLACEHOLDER, organization, account_id)


def new_subject(account: Account, tenant_id: str, external_id: str | None) -> Subject | None:
    """The subject that an account gets, None if it keeps its own; raises ``ScimRefused``."""
    subject = subject_of(account.organization, tenant_id, external_id, account.id)
    if subject == account.subject:
        return None
    if not is_settled(account):
        return subject
    if subject.kind == PLACEHOLDER:
        return None  # A label, or none; who signs in here is known already.
    raise ScimRefused("mutability", "externalId is the object id of the person who signs in, and cannot become another")


def new_active(wanted: bool | None, account: Account) -> bool | None:
    """SCIM shuts out whom it will, and lets in again only whom it shut out itself (threats PR-14)."""
    if wanted is None or wanted == account.active:
        return None
    stamp = account.attribute_stamps.get("active")
    if wanted and (stamp is None or stamp.by != SCIM):
        return None
    return wanted
