"""Directory roles, and which of them may consent for a whole tenant (entra-id reference, section 3.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

GLOBAL_ADMINISTRATOR: Final = "62e90394-69f5-4237-9190-012177145e10"
PRIVILEGED_ROLE_ADMINISTRATOR: Final = "e8611ab8-c189-46e8-94e1-60213ab1f814"
APPLICATION_ADMINISTRATOR: Final = "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"
CLOUD_APPLICATION_ADMINISTRATOR: Final = "158c047a-c907-4556-b7ef-446551a6b5f7"

_ANYTHING: Final = frozenset({GLOBAL_ADMINISTRATOR, PRIVILEGED_ROLE_ADMINISTRATOR})
_DELEGATED: Final = _ANYTHING | {APPLICATION_ADMINISTRATOR, CLOUD_APPLICATION_ADMINISTRATOR}


def may_consent(claims: Mapping[str, Any], *, application_permissions: bool = False) -> bool:
    """Whether ``wids`` names an active role that may consent for everybody; without the claim nobody may (threats
    UO-18).

    Application permissions of Microsoft Graph need one of the two highest roles. Custom roles have no id that is known
    here, so whoever has nothing else is refused, although Entra would let them.
    """
    roles = claims.get("wids")
    if not isinstance(roles, list):
        return False
    held = {role.lower() for role in roles if isinstance(role, str)}
    return bool(held & (_ANYTHING if application_permissions else _DELEGATED))
