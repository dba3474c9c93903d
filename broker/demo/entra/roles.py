"""Directory roles, and which of them may consent for a whole tenant (entra-id reference 3.2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

# Template ids of the built-in roles, the same in every tenant. Custom roles are made by a tenant itself, so their ids
# are known to it only.
_BUILT_IN: Final = {
    "Global Administrator": "62e90394-69f5-4237-9190-012177145e10",
    "Privileged Role Administrator": "e8611ab8-c189-46e8-94e1-60213ab1f814",
    "Application Administrator": "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3",
    "Cloud Application Administrator": "158c047a-c907-4556-b7ef-446551a6b5f7",
    "Security Administrator": "194ae4cb-b126-40b2-bd5b-6091b380977d",
    "Global Reader": "f2ef992c-3afb-46b9-b7cf-a126ee74c451",
    "User Administrator": "fe930be7-5e62-47db-91af-98c3a49a38b1",
}
_CUSTOM: Final = {
    "Consent Manager (custom)": "3b1f2f4e-7a3c-4e0e-9d59-0c5a2f6b8e77",
    "Support Desk (custom)": "a4f0c7b1-52de-4a6b-8a55-6f1f0f2f9c13",
}
ROLES: Final[Mapping[str, str]] = _BUILT_IN | _CUSTOM

# wids tells templates, and a custom role has none.
WITHOUT_TEMPLATE: Final = frozenset(_CUSTOM.values())

# Who may grant delegated permissions for everybody, and who application permissions of Graph as well.
_GRANTS_DELEGATED: Final = frozenset(
    ROLES[name]
    for name in (
        "Global Administrator",
        "Privileged Role Administrator",
        "Application Administrator",
        "Cloud Application Administrator",
        "Consent Manager (custom)",
    )
)
_GRANTS_ANYTHING: Final = frozenset({ROLES["Global Administrator"], ROLES["Privileged Role Administrator"]})


def may_consent_for_everybody(roles: Iterable[str], *, application_permissions: bool = False) -> bool:
    """Whether one of these active roles carries the right; one that is only eligible must not be among them."""
    return bool(set(roles) & (_GRANTS_ANYTHING if application_permissions else _GRANTS_DELEGATED))


def role_id(name: str) -> str:
    """The id of a role that is named by its name; an id stays as it is."""
    return ROLES.get(name, name)
