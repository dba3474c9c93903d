"""The groups of Aegean Foods: a real-looking few, and series that reach the borders of the overage rules.

A JWT names at most 200 groups and a SAML assertion at most 150 (entra-id reference 1.9), so there are people in 150,
151, 200, 201 and 217 of them, most of them through nesting.
"""

from __future__ import annotations

import uuid
from typing import Final

from broker.demo.entra.model import Group

TENANT_A: Final = "5b5e363c-6ca9-4f41-8070-9565fe497145"

STAFF: Final = "0d6c1c0e-5a0f-4a1b-9a55-7d2f8f3f6b11"
CRETE_SALES: Final = "c1f7e0c2-44b8-4d43-8a0d-0f6f4d7d2a90"
NEWSLETTER: Final = "6f9f7c3e-2d4b-4c55-9d0a-5a1d5f0c7e21"

_NAMESPACE: Final = uuid.UUID(TENANT_A)
# In the series, this many groups hold the person directly; every other group is reached through one of them.
_DIRECT: Final = 20


def series_id(size: int, number: int) -> str:
    """The id of group ``number`` of the series with ``size`` groups; the same at every start."""
    return str(uuid.uuid5(_NAMESPACE, f"group {number} of {size}"))


def direct_groups(size: int) -> frozenset[str]:
    """The groups that a person in the whole series is a direct member of."""
    return frozenset(series_id(size, number) for number in range(_DIRECT))


def _series(size: int) -> list[Group]:
    def outer(number: int) -> frozenset[str]:
        return frozenset({series_id(size, number + _DIRECT)} if number + _DIRECT < size else ())

    return [
        Group(series_id(size, number), TENANT_A, f"Series {size}, group {number + 1}", member_of=outer(number))
        for number in range(size)
    ]


GROUPS: Final = (
    Group(STAFF, TENANT_A, "Staff"),
    Group(CRETE_SALES, TENANT_A, "Crete sales", member_of=frozenset({STAFF})),
    Group(NEWSLETTER, TENANT_A, "Newsletter readers", security_enabled=False),
    *(group for size in (150, 151, 200, 201, 217) for group in _series(size)),
)
