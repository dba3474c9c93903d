"""From what the directory knows to the fields of an account (entra-id reference, section 7). Pure.

At the first sign-in every field; at a later one those that the directory keeps, by the organisation's table: ``always``
and ``if_empty``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from broker.addresses import canonical_address
from broker.claims.facts import Facts, attribute_values
from broker.claims.judging import fill
from broker.claims.rules import AttributeRule, Values
from broker.errors import NotAllowed
from broker.identity import Account, Authentication, Profile
from broker.organizations import Organization
from broker.provisioning.text import clean
from broker.store.directory import EDITABLE_ATTRIBUTES, EDITABLE_NAMES, FILLABLE, NO_LAST_NAME, Fill, news

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


def map_profile(profile: Profile, said: Authentication | Facts, organization: Organization) -> MappedProfile:
    """Applies the organisation's table; raises ``NotAllowed`` if the directory gives no usable e-mail address.

    The address is Pobuca's user name, so it is never invented (entra-id reference, section 7).
    """
    fields: dict[str, str] = {}
    sources: dict[str, str] = {}
    values = _variables(organization, said, profile)
    for name, rule in organization.attributes.items():
        found = _found(rule, values, profile.values)
        if found is not None:
            sources[name], fields[name] = found
    if "language" not in fields and organization.default_language:
        sources["language"], fields["language"] = "organization", organization.default_language
    email = fields.get("email")
    if email is None:
        raise NotAllowed("profile", "the directory gives no e-mail address", explanation="no_email")
    domain = canonical_address(email).domain
    fill_names(fields, sources, email)
    return MappedProfile(
        email=email,
        email_domain=domain,
        email_verified=is_verified(email, domain, said, organization),
        first_name=fields["first_name"],
        last_name=fields["last_name"],
        display_name=fields["display_name"],
        attributes={name: value for name, value in fields.items() if name not in _CORE},
        sources=sources,
    )


def kept_by_directory(organization: Organization) -> tuple[AttributeRule, ...]:
    """The rows whose fields are written again at later sign-ins; none unless the organisation says so.

    Never the address: it takes part in who may come in (threats FE-14, PR-11). Nor, with it, anything that is no field
    of the table (threats PR-06).
    """
    rules = organization.attributes.values()
    return tuple(rule for rule in rules if rule.on in ("always", "if_empty") and rule.field in FILLABLE)


def asks_directory(rules: tuple[AttributeRule, ...]) -> bool:
    """Whether a row of these needs more than what the sign-in itself says."""
    return any(_reads_directory(rule) for rule in rules)


def fills_again(
    profile: Profile, said: Authentication | Facts, organization: Organization, account: Account
) -> dict[str, Fill]:
    """What a later sign-in changes of an account: only fields that the directory keeps.

    An ``always`` field of which the directory has no value any more is emptied; a name stays, since nobody is without
    one. Where the directory could not be asked, what only it knows stays as well.
    """
    fills: dict[str, Fill] = {}
    values = _variables(organization, said, profile)
    for rule in kept_by_directory(organization):
        if _reads_directory(rule) and not profile.from_directory:
            continue
        found = _found(rule, values, profile.values)
        if found is not None:
            fills[rule.field] = Fill(found[1], found[0], only_if_empty=rule.on == "if_empty")
        elif rule.field == "language" and organization.default_language:
            fills[rule.field] = Fill(organization.default_language, "organization", only_if_empty=rule.on == "if_empty")
        elif rule.on == "always" and rule.field in EDITABLE_ATTRIBUTES:
            fills[rule.field] = Fill(None, "")
    return news(account, fills)


def with_fills(account: Account, fills: Mapping[str, Fill]) -> Account:
    """The account as it will be when they are written; for who must be judged by it before."""
    attributes = dict(account.attributes)
    names: dict[str, Any] = {}
    for name, change in fills.items():
        if change.value is None:
            attributes.pop(name, None)
        elif name in EDITABLE_NAMES:
            names[name] = change.value
        else:
            attributes[name] = change.value
    return replace(account, attributes=attributes, **names)


def _variables(organization: Organization, said: Authentication | Facts, profile: Profile) -> Values:
    """What expressions see, once for all of them; nothing is made where there are none."""
    if not any(rule.value is not None for rule in organization.attributes.values()):
        return Values({})
    return attribute_values(_facts(said), profile.values)


def _facts(said: Authentication | Facts) -> Facts:
    return said if isinstance(said, Facts) else Facts.of(said)


def _reads_directory(rule: AttributeRule) -> bool:
    reads = rule.value.reads if rule.value is not None else rule.sources
    return any(name == "graph" or name.startswith("graph.") for name in reads)


def _found(rule: AttributeRule, values: Values, said: Mapping[str, str]) -> tuple[str, str] | None:
    """The source and the cleaned value of a field, None if there is none.

    Raises ``LoginFailed`` if an expression cannot be decided.
    """
    found = fill(rule, values, said, partial(_usable, rule.field))
    return (found[1], found[0]) if found is not None else None


def _usable(field: str, text: str) -> str:
    """As it may be kept; empty if it may not."""
    # Cleaning takes time with the length, and an expression may make much out of little.
    value = clean(text[: 4 * LIMITS[field]], LIMITS[field])
    return "" if field == "email" and not is_usable_address(value) else value


def is_usable_address(text: str) -> bool:
    """Whether mail can be meant to arrive there."""
    # "#EXT#" marks the made-up principal name of a guest: it looks like an address and no mail arrives there.
    if "#EXT#" in text.upper():
        return False
    try:
        canonical_address(text)
    except ValueError:
        return False
    return True


def fill_names(fields: dict[str, str], sources: dict[str, str], email: str) -> None:
    """Names that the directory left out: from the display name, else from the address; "-" where Pobuca needs one."""
    shown = fields.get("display_name", "")
    first, _, rest = shown.partition(" ")
    if "first_name" not in fields:
        fields["first_name"] = first or email.partition("@")[0][: LIMITS["first_name"]]
        sources["first_name"] = f"{sources['display_name']}, first word" if first else f"{sources['email']}, local part"
    if "last_name" not in fields:
        derived = rest.strip()[: LIMITS["last_name"]].rstrip()
        fields["last_name"] = derived or NO_LAST_NAME
        sources["last_name"] = f"{sources['display_name']}, rest" if derived else "none"
    if not shown:
        names = [fields["first_name"], fields["last_name"] if fields["last_name"] != NO_LAST_NAME else ""]
        fields["display_name"] = " ".join(filter(None, names))
        sources["display_name"] = "first and last name"


def is_verified(email: str, domain: str, said: Authentication | Facts, organization: Organization) -> bool:
    """True only if the upstream vouches for the domain's owner and the domain is the organisation's (threats UO-15)."""
    facts = _facts(said)
    if not facts.email or not facts.email_verified or domain not in organization.domains:
        return False
    try:
        return canonical_address(facts.email) == canonical_address(email)
    except ValueError:
        return False
