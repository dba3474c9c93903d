"""What a claim may be computed from, and which claims no rule writes (threats CR-05, CR-06).

An application gives power by what a claim says. So a claim that is named like a privilege comes from what the
directory's administrators assign, from our configuration or from Pobuca; never from a name, an address or a phone
number that people or their assistants type. And what the protocol itself says in a token is nobody's attribute.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from broker.claims import names
from broker.claims.rules import Expression
from broker.claims.vocabulary import is_trusted

# An address is what many applications know people by, so it is the account's own, in whatever spelling.
ADDRESS_CLAIMS: Final = frozenset({"email", "preferred_username", "upn", "username", "mail", "unique_name", "login"})
_ADDRESSES: Final = frozenset({"account.email", "identity.email"})

# Words that make the name of a claim one of privilege, wherever in the name they stand: "isAdmin", "user-roles",
# "https://example.org/claims/groups".
PRIVILEGE_WORDS: Final = frozenset(
    {"role", "roles", "group", "groups", "permission", "permissions", "entitlement", "entitlements", "privilege"}
    | {"privileges", "authority", "authorities", "admin", "admins", "administrator", "administrators", "superuser"}
    | {"sudo", "staff", "owner", "owners", "root", "wids", "access", "grant", "grants", "capability", "capabilities"}
    | {"rights", "scopes", "scp", "tenant", "tid", "oid", "org", "organization", "organisation", "organizations"}
    | {"organisations", "clearance", "membership", "memberships", "teams", "acl", "policy", "policies"}
)
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

# The domain of the account's address takes part in who may come in.
_EMAIL_SOURCES: Final = frozenset(
    {"upstream.email", "claims.email", "claims.preferred_username", "claims.upn", "graph.mail"}
    | {"graph.userPrincipalName"}
)


def is_privilege(claim: str) -> bool:
    """Whether the name of a claim speaks of privileges."""
    return any(word.lower() in PRIVILEGE_WORDS for word in _WORD.findall(claim))


def is_reserved(claim: str) -> bool:
    """Whether a rule may not write this claim at all: the protocol's own (threats CR-06)."""
    return claim in names.RESERVED


def refuse_source(claim: str, value: Expression | None, when: Expression | None) -> str | None:
    """Why these expressions may not make this claim, as a sentence; None if they may, or if no rule writes it."""
    if is_reserved(claim):
        return None  # That has a finding of its own.
    read = [each for expression in (value, when) if expression is not None for each in expression.reads]
    if claim.lower() in ADDRESS_CLAIMS and value is not None:
        return _complaint(claim, (each for each in value.reads if each not in _ADDRESSES and not is_trusted(each)))
    if is_privilege(claim):
        return _complaint(claim, (each for each in read if not is_trusted(each)))
    return None


def refuse_field(field: str, value: Expression) -> str | None:
    """Why this expression may not fill this field of an account, as a sentence; None if it may."""
    if field != "email":
        return None
    wrong = sorted(each for each in value.reads if each not in _EMAIL_SOURCES)
    if wrong:
        return f"email is not filled from {wrong[0]}: its domain takes part in who may come in"
    if not value.reads:
        return "email is filled from an address, not from a text that is the same for everybody"
    return None


def _complaint(claim: str, wrong: Iterable[str]) -> str | None:
    first = min(wrong, default=None)
    if first is None:
        return None
    return (
        f"{claim} gives privileges, and {first} is text that people can change: use groups, app roles, ids, "
        "account.role or what the organisation's file says"
        if is_privilege(claim)
        else f"{claim} is what applications know people by: it comes from account.email and not from {first}"
    )
