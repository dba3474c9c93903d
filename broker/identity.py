"""The values that say who somebody is. Frozen; none of them knows where it was read from."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

# The tenant of personal Microsoft accounts (entra-id reference, section 1.1): never an organisation.
CONSUMER_TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad"


def parse_guid(value: object) -> str:
    """The canonical lower-case form of a GUID written in its 8-4-4-4-12 form.

    Raises ``ValueError`` for anything else, also for the braces, URN and undashed spellings that ``uuid.UUID`` would
    take, and for the all-zero GUID, which is a placeholder (threats G4, PR-09).
    """
    if not isinstance(value, str) or len(value) != 36:
        raise ValueError("not a GUID")
    parsed = uuid.UUID(value)
    if str(parsed) != value.lower() or parsed.int == 0:
        raise ValueError("not a GUID")
    return str(parsed)


@dataclass(frozen=True, slots=True)
class Subject:
    """Who the upstream says it is: the identity key (threats G4).

    For Entra over any protocol: ``kind`` is ``entra``, ``authority`` the tenant id, ``identifier`` the object id. For
    Pobuca's own sign-in: ``pobuca``, ``password`` and the account id.
    """

    kind: str
    authority: str
    identifier: str

    def __post_init__(self) -> None:
        if not (self.kind and self.authority and self.identifier):
            raise ValueError("every part of a subject is a non-empty string")

    @classmethod
    def entra(cls, tenant_id: str, object_id: str) -> Subject:
        """The key of a person in an Entra directory; raises ``ValueError`` if a part is not a GUID."""
        return cls("entra", parse_guid(tenant_id), parse_guid(object_id))


    @classmethod
    def own(cls, account_id: str) -> Subject:
        """The key of a person who signs in at Pobuca itself."""
        return cls("pobuca", "password", account_id)


@dataclass(frozen=True, slots=True)
class Stamp:
    """The epochs in which something was given out: that of the organisation and that of the account.

    Either rises when everything given out before shall open nothing any more: when the way into the organisation
    changed, or when the person was ended. So a session or a token that was being written at that moment is void as
    well, whoever wrote it (threats FE-06, FE-07, FE-17).

    ``window``: when the break-glass was opened through which the person came; None for every other way in. So what one
    opening gave out is void in the next.
    """

    organization: int
    account: int
    window: datetime | None = None


class Secret:
    """A value that must not be printed or logged; ``reveal`` is the one way to it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("a secret is not pickled")


@dataclass(frozen=True, slots=True)
class Authentication:
    """The upstream says: this subject, in this way, at this time, with these claims.

    Made only by a connector, after every check has passed (a test holds that). ``authenticated_at`` is when the
    person really proved themselves, or None when the upstream did not say. ``groups`` is None when the upstream did
    not say: that is "unknown", never "in no group". ``claims`` are the upstream's own words, verified but untrusted
    as text.
    """

    subject: Subject
    connection: str
    organization: str
    issuer: str
    issued_at: datetime
    authenticated_at: datetime | None
    acr: str
    amr: tuple[str, ...]
    claims: Mapping[str, Any]
    is_guest: bool
    email: str | None
    login_names: tuple[str, ...]
    email_owner_verified: bool = False
    groups: tuple[str, ...] | None = None
    upstream_session: str | None = None
    login_hint: str | None = None
    access_token: Secret | None = field(default=None, repr=False)
    refresh_token: Secret | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Profile:
    """What the directory knows of a person, for the fields of the account.

    ``values``: source name (``graph.jobTitle``, ``id_token.name``) to text. ``photo``: image bytes with their media
    type. ``from_directory``: False where only the sign-in itself could be heard, so that what is missing is unknown.
    """

    values: Mapping[str, str]
    photo: tuple[str, bytes] | None = None
    from_directory: bool = True


SIGN_IN = "sign-in"
INVITATION = "invitation"
SCIM = "scim"
"""Who sets fields without being somebody: ``FieldStamp.by``."""


@dataclass(frozen=True, slots=True)
class FieldStamp:
    """Who set a field of an account, and when.

    ``by``: ``SIGN_IN`` for what the directory said at a sign-in, ``INVITATION`` for what somebody wrote who accepted
    one, ``SCIM`` for the provisioning of the organisation's directory, ``hook:NAME`` for a provisioning hook,
    ``operator``, or the account id of the administrator who edited it.
    """

    by: str
    at: datetime


def stamped(fields: Iterable[str], by: str, at: datetime) -> dict[str, FieldStamp]:
    """The same stamp on each of the fields."""
    return dict.fromkeys(fields, FieldStamp(by, at))


@dataclass(frozen=True, slots=True)
class Account:
    """Pobuca's user. ``attributes`` are the optional fields of the co-worker card, by Pobuca's field names.

    ``attribute_sources`` says for every filled field where its value came from (``graph.jobTitle``, ``edited``), and
    ``attribute_stamps`` who put it there, and when; also of a field that was emptied, which has no source any more. A
    field without a stamp has the value that the account was created with. ``email`` is as written;
    ``email_domain`` is its canonical domain (``addresses.canonical_domain``), None when there is no usable address.
    ``epoch`` rises when all that the account was given ends (``Stamp``).
    """

    id: str
    organization: str
    subject: Subject
    email: str | None
    email_domain: str | None
    email_verified: bool
    first_name: str
    last_name: str
    display_name: str
    role: str
    created_at: datetime
    attributes: Mapping[str, str]
    attribute_sources: Mapping[str, str]
    active: bool = True
    has_photo: bool = False
    epoch: int = 0
    attribute_stamps: Mapping[str, FieldStamp] = field(default_factory=dict)
