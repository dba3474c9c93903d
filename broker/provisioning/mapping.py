"""From what the directory knows to the fields of a new account (entra-id reference, section 7). Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from broker.addresses import canonical_address
from broker.errors import NotAllowed
from broker.identity import Authentication, Profile
from broker.organizations import Organization
from broker.provisioning.text import clean

# Characters. The directory's own limits, since Pobuca's are not published (entra-id reference, sections 4.1 and 10.8).
LIMITS: Final[Mapping[str, int]] = {
    "first_name": 64,
    "last_name": 64,
    "display_name": 256,
    "email": 254,
    "job_title": 128,
    "work_phone": 64,
    "mobile_phone": 64,
    "department": 64,
    "work_street": 1024,
    "work_city": 128,
    "work_state": 128,
    "work_postal_code": 40,
    "work_country": 128,
    "office": 128,
    "language": 35,
    "employee_id": 64,
}

_CORE: Final = ("email", "first_name", "last_name", "display_name")


@dataclass(frozen=True, slots=True)
class MappedProfile:
    """The fields of an account to be, and where each came from."""

    email: str
    email_domain: str
    email_verified: bool
    first_name: str
    last_name: str
    display_name: str
    attributes: Mapping[str, str]
    sources: Mapping[str, str]


def map_profile(profile: Profile, authentication: Authentication, organization: Organization) -> MappedProfile:
    """Applies the organisation's table; raises ``NotAllowed`` if the directory gives no usable e-mail address.

    The address is Pobuca's user name, so it is never invented (entra-id reference, section 7).
    """
    fields: dict[str, str] = {}
    sources: dict[str, str] = {}
    for name, candidates in organization.attributes.items():
        found = _first(profile.values, candidates, name)
        if found is not None:
            sources[name], fields[name] = found
    if "language" not in fields and organization.default_language:
        sources["language"], fields["language"] = "organization", organization.default_language
    email = fields.get("email")
    if email is None:
        raise NotAllowed("profile", "the directory gives no e-mail address", explanation="no_email")
    domain = canonical_address(email).domain
    _fill_names(fields, sources, email)
    return MappedProfile(
        email=email,
        email_domain=domain,
        email_verified=_is_verified(email, domain, authentication, organization),
        first_name=fields["first_name"],
        last_name=fields["last_name"],
        display_name=fields["display_name"],
        attributes={name: value for name, value in fields.items() if name not in _CORE},
        sources=sources,
    )


def _first(values: Mapping[str, str], candidates: Sequence[str], name: str) -> tuple[str, str] | None:
    for source in candidates:
        value = clean(values.get(source, ""), LIMITS[name])
        if not value or (name == "email" and not _is_usable_address(value)):
            continue
        return source, value
    return None


def _is_usable_address(text: str) -> bool:
    # "#EXT#" marks the made-up principal name of a guest: it looks like an address and no mail arrives there.
    if "#EXT#" in text.upper():
        return False
    try:
        canonical_address(text)
    except ValueError:
        return False
    return True


def _fill_names(fields: dict[str, str], sources: dict[str, str], email: str) -> None:
    """Names that the directory left out: from the display name, else from the address; "-" where Pobuca needs one."""
    shown = fields.get("display_name", "")
    first, _, rest = shown.partition(" ")
    if "first_name" not in fields:
        fields["first_name"] = first or email.partition("@")[0][: LIMITS["first_name"]]
        sources["first_name"] = f"{sources['display_name']}, first word" if first else f"{sources['email']}, local part"
    if "last_name" not in fields:
        derived = rest.strip()[: LIMITS["last_name"]].rstrip()
        fields["last_name"] = derived or "-"
        sources["last_name"] = f"{sources['display_name']}, rest" if derived else "none"
    if not shown:
        names = [fields["first_name"], fields["last_name"] if fields["last_name"] != "-" else ""]
        fields["display_name"] = " ".join(filter(None, names))
        sources["display_name"] = "first and last name"


def _is_verified(email: str, domain: str, authentication: Authentication, organization: Organization) -> bool:
    """True only if the upstream vouches for the domain's owner and the domain is the organisation's (threats UO-15)."""
    if authentication.email is None or not authentication.email_owner_verified or domain not in organization.domains:
        return False
    try:
        return canonical_address(authentication.email) == canonical_address(email)
    except ValueError:
        return False
