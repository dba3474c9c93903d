"""The names of claims that are taken: what is built in, and what rules never write (threats CR-06)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# What applications can learn of an account without a rule, and the scope that each belongs to (OpenID Connect Core 5.4,
# and Pobuca's own).
BUILT_IN: Final[Mapping[str, str]] = {
    "name": "profile",
    "given_name": "profile",
    "family_name": "profile",
    "locale": "profile",
    "updated_at": "profile",
    "email": "email",
    "email_verified": "email",
    "phone_number": "phone",
    "phone_number_verified": "phone",
    "address": "address",
    "organization": "organization",
}

# Of claims that are not built in.
DEFAULT_SCOPE: Final = "profile"

# Claims of the protocol itself: in a token these say what the provider vouches for, so nobody's attribute is named like
# one (OpenID Connect Core 2, RFC 7519 section 4.1, RFC 7662 section 2.2, RFC 7800, RFC 8417, RFC 8693, RFC 9068).
RESERVED: Final = frozenset(
    {"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "auth_time", "nonce", "acr", "amr", "azp", "sid"}
    | {"at_hash", "c_hash", "s_hash", "sub_jwk", "cnf", "events", "act", "may_act", "client_id", "scope"}
    | {"sub_id", "token_type", "active", "username", "_claim_names", "_claim_sources", "vot", "vtm", "txn", "toe"}
    | {"authorization_details"}
)

# What we vouch for and no expression can: a rule may leave these out, and never compute them.
VOUCHED: Final = frozenset({"email_verified", "phone_number_verified", "updated_at", "address"})


def scope_of(claim: str) -> str:
    """The scope that a claim belongs to where a rule names none."""
    return BUILT_IN.get(claim, DEFAULT_SCOPE)
