"""What Graph and the ID token say of a person, as sources for the fields of an account (entra-id
reference, section 7).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

# Characters. The longest property of Graph, the street address, has 1024 (entra-id reference, section 4.1).
_MAX: Final = 1024
_ID_TOKEN_CLAIMS: Final = (
    "name",
    "given_name",
    "family_name",
    "email",
    "preferred_username",
    "upn",
    "ctry",
    "xms_pl",
)


def profile_values(me: Mapping[str, Any], claims: Mapping[str, Any]) -> dict[str, str]:
    """Every source that has a text: ``graph.<property>`` and ``id_token.<claim>``.

    Of Graph's lists only ``businessPhones`` counts, and there the one entry that it can have.
    """
    values: dict[str, str] = {}
    for name, value in me.items():
        if name.isidentifier():
            _keep(values, f"graph.{name}", value)
    phones = me.get("businessPhones")
    if isinstance(phones, list) and phones:
        _keep(values, "graph.businessPhones", phones[0])
    for name in _ID_TOKEN_CLAIMS:
        _keep(values, f"id_token.{name}", claims.get(name))
    return values


def _keep(values: dict[str, str], source: str, value: object) -> None:
    if isinstance(value, str) and value.strip():
        values[source] = value[:_MAX]
