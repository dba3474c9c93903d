"""What people write about themselves and each other: one line of text, of the lengths that accounts have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from broker.provisioning.mapping import LIMITS
from broker.provisioning.text import clean

NAMES: Final = ("first_name", "last_name")


class Missing(ValueError):
    """A field that must be filled is empty. ``field`` names it."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


def require_names(first_name: str, last_name: str) -> tuple[str, str]:
    """First and last name, cleaned; raises ``Missing``."""
    names = cleaned({"first_name": first_name, "last_name": last_name})
    for field in NAMES:
        if not names[field]:
            raise Missing(field)
    return names["first_name"], names["last_name"]


def cleaned(fields: Mapping[str, str]) -> dict[str, str]:
    """Each field as it may be kept; raises ``KeyError`` for one that no account has."""
    return {name: clean(value[: 4 * LIMITS[name]], LIMITS[name]) for name, value in fields.items()}
