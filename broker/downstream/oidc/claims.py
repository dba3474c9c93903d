"""What applications may learn of an account: every claim we can fill, the scope it belongs to, and where it comes from.

A claim that has no truthful value is absent, never null or empty (OpenID Connect Core 5.3.2). Nothing outside this
table ever leaves (threats DO-12, L6).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from broker.claims.names import RESERVED
from broker.clock import epoch_seconds
from broker.identity import Account
from broker.organizations import Organization

# RFC 5646 section 2.1, as far as a directory's preferredLanguage goes: language, script, region, variants.
_LANGUAGE_TAG: Final = re.compile(
    r"[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?(-([A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*", re.ASCII
)

# In an ID token these say what the provider vouches for, so nobody's attribute is named like one.
PROTOCOL_CLAIMS: Final = RESERVED


@dataclass(frozen=True, slots=True)
class Person:
    """Whose claims are asked for."""

    account: Account
    organization: Organization | None


@dataclass(frozen=True, slots=True)
class Claim:
    """``read`` gives the value, or None when there is none."""

    name: str
    scope: str
    read: Callable[[Person], Any]


def _attribute(name: str) -> Callable[[Person], str | None]:
    return lambda person: person.account.attributes.get(name) or None


def _family_name(person: Person) -> str | None:
    # "-" is what provisioning writes where the directory gives no last name and Pobuca needs one: nobody's name.
    name = person.account.last_name
    return name if name != "-" else None


def _locale(person: Person) -> str | None:
    tag = person.account.attributes.get("language", "")
    return tag if _LANGUAGE_TAG.fullmatch(tag) else None


def _phone_number(person: Person) -> str | None:
    return person.account.attributes.get("work_phone") or person.account.attributes.get("mobile_phone") or None


def _phone_number_verified(person: Person) -> bool | None:
    # The directory's administrators typed it; nobody ever called it.
    return False if _phone_number(person) else None


def _email_verified(person: Person) -> bool | None:
    return person.account.email_verified if person.account.email else None


# OpenID Connect Core 5.1.1.
_ADDRESS: Final[Mapping[str, str]] = {
    "street_address": "work_street",
    "locality": "work_city",
    "region": "work_state",
    "postal_code": "work_postal_code",
    "country": "work_country",
}


def _address(person: Person) -> dict[str, str] | None:
    attributes = person.account.attributes
    parts = {member: attributes[name] for member, name in _ADDRESS.items() if attributes.get(name)}
    if not parts:
        return None
    town = " ".join(filter(None, (parts.get("postal_code"), parts.get("locality"))))
    lines = (parts.get("street_address"), town, parts.get("region"), parts.get("country"))
    return {"formatted": "\n".join(filter(None, lines)), **parts}


def _organization(person: Person) -> dict[str, str]:
    """Pobuca's own claim: where the person works, and as what."""
    account = person.account
    said = {
        "id": account.organization,
        "name": person.organization.display_name if person.organization else None,
        "role": account.role,
        "department": account.attributes.get("department"),
        "job_title": account.attributes.get("job_title"),
        "office": account.attributes.get("office"),
    }
    return {name: value for name, value in said.items() if value}


CLAIMS: Final[tuple[Claim, ...]] = (
    Claim("name", "profile", lambda person: person.account.display_name or None),
    Claim("given_name", "profile", lambda person: person.account.first_name or None),
    Claim("family_name", "profile", _family_name),
    Claim("locale", "profile", _locale),
    # An account is written once, at the first sign-in, and not changed afterwards.
    Claim("updated_at", "profile", lambda person: epoch_seconds(person.account.created_at)),
    Claim("email", "email", lambda person: person.account.email or None),
    Claim("email_verified", "email", _email_verified),
    Claim("phone_number", "phone", _phone_number),
    Claim("phone_number_verified", "phone", _phone_number_verified),
    Claim("address", "address", _address),
    Claim("organization", "organization", _organization),
)

NAMES: Final = frozenset(claim.name for claim in CLAIMS)

# OpenID Connect Core section 11: asks for a refresh token. It stands for no claim.
OFFLINE: Final = "offline_access"

# In the order in which metadata lists them.
SCOPES: Final[tuple[str, ...]] = ("openid", *dict.fromkeys(claim.scope for claim in CLAIMS), OFFLINE)


def names_of(scopes: Collection[str]) -> frozenset[str]:
    """The claims that these scopes stand for (OpenID Connect Core 5.4)."""
    return frozenset(claim.name for claim in CLAIMS if claim.scope in scopes)


def allowed(scopes: Collection[str], names: Collection[str]) -> frozenset[str]:
    """Of these claims, those that belong to a scope which the party may ask for (threats DO-12)."""
    return names_of(scopes) & frozenset(names)


def release(person: Person, names: Collection[str]) -> dict[str, Any]:
    """The claims of these names that have a value."""
    values = {claim.name: claim.read(person) for claim in CLAIMS if claim.name in names}
    return {name: value for name, value in values.items() if value is not None}
