"""How the fields of an account are filled: the built-in table, and what an organisation may say instead.

entra-id reference, section 7 (a reconstruction: the product's own table is not public, so an organisation can replace
a row). What is derived when no source has a value (the first word of the display name, and so on) is provisioning's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from broker.claims.rules import AttributeRule, Expression
from broker.federation.rule_shapes import AttributeRow
from broker.location import Location

_TABLE: Final[Mapping[str, tuple[str, ...]]] = {
    "first_name": ("graph.givenName", "id_token.given_name"),
    "last_name": ("graph.surname", "id_token.family_name"),
    "display_name": ("graph.displayName", "id_token.name"),
    "email": ("graph.mail", "graph.userPrincipalName", "id_token.email", "id_token.preferred_username"),
    "job_title": ("graph.jobTitle",),
    "work_phone": ("graph.businessPhones",),
    "mobile_phone": ("graph.mobilePhone",),
    "department": ("graph.department",),
    "work_street": ("graph.streetAddress",),
    "work_city": ("graph.city",),
    "work_state": ("graph.state",),
    "work_postal_code": ("graph.postalCode",),
    "work_country": ("graph.country", "id_token.ctry"),
    "office": ("graph.officeLocation",),
    "language": ("graph.preferredLanguage", "id_token.xms_pl"),
    "employee_id": ("graph.employeeId",),
}

BUILT_IN: Final[Mapping[str, AttributeRule]] = {
    field: AttributeRule(field, sources) for field, sources in _TABLE.items()
}

# entra-id reference, section 4.1: the properties of the user that are one text, and section 1.8.
SOURCES: Final[tuple[str, ...]] = (
    "graph.displayName",
    "graph.givenName",
    "graph.surname",
    "graph.mail",
    "graph.userPrincipalName",
    "graph.jobTitle",
    "graph.department",
    "graph.companyName",
    "graph.officeLocation",
    "graph.businessPhones",
    "graph.mobilePhone",
    "graph.faxNumber",
    "graph.streetAddress",
    "graph.city",
    "graph.state",
    "graph.postalCode",
    "graph.country",
    "graph.preferredLanguage",
    "graph.employeeId",
    "id_token.name",
    "id_token.given_name",
    "id_token.family_name",
    "id_token.email",
    "id_token.preferred_username",
    "id_token.upn",
    "id_token.ctry",
    "id_token.xms_pl",
)

# The domain of the address takes part in who may come in, so it is never filled from free text (threats CR-05).
EMAIL_SOURCES: Final[tuple[str, ...]] = (
    "graph.mail",
    "graph.userPrincipalName",
    "id_token.email",
    "id_token.preferred_username",
    "id_token.upn",
)

# What the broker itself says about an account or in a token; a directory never fills it (threats CR-05, CR-06).
RESERVED: Final[tuple[str, ...]] = (
    "acr",
    "active",
    "amr",
    "at_hash",
    "aud",
    "auth_time",
    "azp",
    "c_hash",
    "email_verified",
    "exp",
    "groups",
    "iat",
    "id",
    "iss",
    "jti",
    "nbf",
    "nonce",
    "organization",
    "role",
    "roles",
    "scope",
    "sid",
    "sub",
    "subject",
    "tenant_id",
    "tid",
)


def row_of(field: str, row: AttributeRow, value: Expression | None, location: Location) -> AttributeRule:
    """A row of a file; what it leaves out is as in the built-in table. ``value`` is its compiled expression."""
    sources = sources_of(row)
    if not sources and value is None and row.on != "never":
        sources = BUILT_IN[field].sources
    return AttributeRule(field, sources, value, row.on, location)


def merged(rows: Mapping[str, AttributeRule]) -> Mapping[str, AttributeRule]:
    """The built-in table with an organisation's rows in place of its own, in the order of the table."""
    return {**BUILT_IN, **rows}


def sources_of(row: AttributeRow) -> tuple[str, ...]:
    """The sources that one row names, first one first."""
    match row.from_:
        case None:
            return ()
        case str() as one:
            return (one,)
        case several:
            return tuple(several)
