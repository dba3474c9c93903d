"""Who is a guest of the directory (threats UO-16; entra-id reference, section 1.8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def is_guest(claims: Mapping[str, Any], tenant_id: str, issuer: str) -> bool:
    """Whether any of the marks of a guest is there. What cannot be read counts as a mark.

    ``idp`` names another home than this tenant; ``acct`` is not 0; or the sign-in name has the form that Entra gives to
    guests (``#EXT#``, or ``_EXT_`` when the registration asks for names without the hash).
    """
    home = claims.get("idp")
    if home is not None and home not in (issuer, f"https://sts.windows.net/{tenant_id}/"):
        return True
    status = claims.get("acct")
    if status is not None and (isinstance(status, bool) or status not in (0, "0")):
        return True
    names = [claims.get(name) for name in ("upn", "preferred_username")]
    return any(isinstance(name, str) and ("#ext#" in name.casefold() or "_EXT_@" in name) for name in names)
