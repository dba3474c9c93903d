"""The roles that people have in an organisation, as far as the broker gives them itself."""

from __future__ import annotations

from typing import Final

from broker.errors import BadRequest, NotAllowed
from broker.identity import Account
from broker.organizations import ADMINISTRATOR

EDITOR: Final = "editor"
CONTRIBUTOR: Final = "contributor"
"""Also the role of everybody who is invited from outside."""

ROLES: Final = (ADMINISTRATOR, EDITOR, CONTRIBUTOR)


def require_role(role: str) -> str:
    """The role, if there is one of this name; raises ``BadRequest``."""
    if role not in ROLES:
        raise BadRequest("role", f"no such role: {role[:40]!r}")
    return role


def require_administrator(account: Account) -> None:
    """Raises ``NotAllowed`` unless the account administers its organisation.

    Only administrators invite and administer: an editor who could invite would decide who belongs to the organisation.
    """
    if account.role != ADMINISTRATOR:
        raise NotAllowed("not_admin", "not an administrator of the organisation", explanation="not_admin")
