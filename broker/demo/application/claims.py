"""Claims as a table that a developer can read: name, value, and what it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

_MEANING: Final = {
    "iss": "who says all this: the issuer",
    "sub": "the person's account; the key to store, together with iss",
    "aud": "for whom the token is: this application",
    "azp": "the application that asked",
    "exp": "good until",
    "iat": "issued at",
    "auth_time": "when the person really signed in",
    "nonce": "ties the token to the request of this browser",
    "at_hash": "ties the access token to this ID token",
    "acr": "how strong the sign-in was",
    "amr": "by which means the person signed in",
    "sid": "the session at the broker",
    "name": "display name",
    "given_name": "first name",
    "family_name": "last name",
    "preferred_username": "what the person types to sign in; not a key",
    "email": "e-mail address; it can change, so it is not a key",
    "email_verified": "whether the organisation owns that address",
    "phone_number": "phone",
    "address": "postal address",
    "locale": "language",
    "updated_at": "when the account last changed",
    "organization": "Pobuca's customer",
    "roles": "what the person may do here, by their groups in the directory",
}

_TIMES: Final = ("exp", "iat", "nbf", "auth_time", "updated_at")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    name: str
    value: str
    meaning: str


def rows(claims: Mapping[str, Any]) -> list[Row]:
    """The claims in the order in which they came."""
    return [Row(name, _shown(name, value), _MEANING.get(name, "")) for name, value in claims.items()]


def _shown(name: str, value: Any) -> str:
    if name in _TIMES and isinstance(value, int) and not isinstance(value, bool):
        return f"{value} ({datetime.fromtimestamp(value, UTC):%Y-%m-%d %H:%M:%S} UTC)"
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
