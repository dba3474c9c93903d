"""What verified claims say of a person, bounded: it is the tenant's free text, and only ever shown
(threats G4, UO-15).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from broker.addresses import MAX_ADDRESS_OCTETS, canonical_address

# Characters of a text claim, members of a list, and claims of one person that are kept.
_MAX_TEXT: Final = 1024
_MAX_LIST: Final = 250
_MAX_CLAIMS: Final = 64
# Of no meaning to anybody but Entra, or used up by the checks (entra-id reference, section 1.8).
_USED_UP: Final = frozenset({"aio", "rh", "uti", "nonce", "at_hash", "c_hash", "_claim_names", "_claim_sources"})


def email_of(claims: Mapping[str, Any]) -> tuple[str | None, bool]:
    """The address as written, and whether the directory vouches for its domain.

    ``email``, else ``preferred_username`` if it looks like an address. Only for ``email`` itself does ``xms_edov`` say
    that the domain's owner is verified; some directories write it as text or number (section 1.8).
    """
    for name in ("email", "preferred_username"):
        value = claims.get(name)
        if isinstance(value, str) and _is_address(value):
            vouched = claims.get("xms_edov")
            return value.strip(), name == "email" and (
                vouched is True
                or (isinstance(vouched, str) and vouched.casefold() in ("1", "true"))
                or (isinstance(vouched, int) and vouched == 1)
            )
    return None, False


def login_names(claims: Mapping[str, Any]) -> tuple[str, ...]:
    """The names under which the person may be hinted at, in lower case."""
    values = [claims.get(name) for name in ("email", "preferred_username", "upn")]
    names = [value.strip().casefold() for value in values if isinstance(value, str)]
    return tuple(dict.fromkeys(name for name in names if 0 < len(name) <= MAX_ADDRESS_OCTETS))


def groups_in(claims: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The groups in the token; None when it does not list them, which is not the same as none (section 1.9)."""
    groups = claims.get("groups")
    if not isinstance(groups, list) or len(groups) > _MAX_LIST or not all(isinstance(item, str) for item in groups):
        return None
    return tuple(groups)


def has_too_many_groups(claims: Mapping[str, Any]) -> bool:
    """Whether the token says that the person is in more groups than fit, so that Graph has to be asked."""
    elsewhere = claims.get("_claim_names")
    return (isinstance(elsewhere, dict) and "groups" in elsewhere) or claims.get("hasgroups") in (True, "true")


def bounded(claims: Mapping[str, Any]) -> Mapping[str, Any]:
    """The claims worth keeping: texts, numbers, truth values and lists of texts, none of them large."""
    kept: dict[str, Any] = {}
    for name, value in claims.items():
        if name in _USED_UP or len(name) > 128 or len(kept) >= _MAX_CLAIMS:
            continue
        if isinstance(value, bool | int | float) or (isinstance(value, str) and len(value) <= _MAX_TEXT):
            kept[name] = value
        elif isinstance(value, list) and len(value) <= _MAX_LIST:
            texts = tuple(item for item in value if isinstance(item, str) and len(item) <= _MAX_TEXT)
            if len(texts) == len(value):
                kept[name] = texts
    return MappingProxyType(kept)


def _is_address(text: str) -> bool:
    try:
        canonical_address(text)
    except ValueError:
        return False
    return True
