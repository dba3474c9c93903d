"""The ``claims`` parameter (OpenID Connect Core 5.5): one meaning, bounded, only claims that we declare."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from broker import strict_json
from broker.downstream.oidc import claims
from broker.downstream.oidc.errors import AuthorizationRefused

# Far more than every claim we have, each with every member.
_MAX_CHARACTERS: Final = 8 * 1024
_MAX_VALUES: Final = 16
_MAX_VALUE_CHARACTERS: Final = 255


@dataclass(frozen=True, slots=True)
class ClaimsRequest:
    """What was asked beyond the scopes.

    ``subjects``: only one of these will do, None for anybody. ``acr``: acceptable context classes in order of
    preference.
    """

    id_token: tuple[str, ...] = ()
    userinfo: tuple[str, ...] = ()
    subjects: tuple[str, ...] | None = None
    acr: tuple[str, ...] = ()
    acr_essential: bool = False
    auth_time_essential: bool = False


def parse(text: str | None, released: Collection[str] = ()) -> ClaimsRequest:
    """The request; raises ``AuthorizationRefused`` for anything malformed (threats DO-12).

    ``released``: claims that the application has beside those that are built in.
    """
    if text is None:
        return ClaimsRequest()
    if len(text) > _MAX_CHARACTERS:
        raise _refusal("too long")
    try:
        document = strict_json.parse_object(text)
    except strict_json.JsonRefused as error:
        raise _refusal(str(error)) from error
    id_token, userinfo = _member(document, "id_token"), _member(document, "userinfo")
    names = claims.NAMES.union(released)
    acr = id_token.get("acr") or {}
    auth_time = id_token.get("auth_time") or {}
    return ClaimsRequest(
        id_token=tuple(sorted(names & id_token.keys())),
        userinfo=tuple(sorted(names & userinfo.keys())),
        subjects=_subjects(id_token, userinfo),
        acr=_values(acr) or (),
        acr_essential=acr.get("essential", False) and _values(acr) is not None,
        auth_time_essential=auth_time.get("essential", False),
    )


def _member(document: Mapping[str, Any], name: str) -> Mapping[str, Mapping[str, Any] | None]:
    """One of the two members: an object of claims, each null or an object; what else those say is ignored."""
    asked = document.get(name, {})
    if not isinstance(asked, dict):
        raise _refusal(f"{name} is not an object")
    for wish in asked.values():
        if wish is None:
            continue
        if not isinstance(wish, dict):
            raise _refusal("a claim is neither null nor an object")
        if not isinstance(wish.get("essential", False), bool):
            raise _refusal("essential is not a boolean")
        if not isinstance(wish.get("values", []), list):
            raise _refusal("values is not an array")
    return asked


def _values(wish: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The acceptable values of a claim that is a string; None when any will do."""
    if "value" in wish:
        values = [wish["value"]]
    elif "values" in wish:
        values = wish["values"]
    else:
        return None
    if not 0 < len(values) <= _MAX_VALUES:
        raise _refusal("values is empty or too long")
    if not all(isinstance(value, str) and 0 < len(value) <= _MAX_VALUE_CHARACTERS for value in values):
        raise _refusal("a value is not an acceptable string")
    return tuple(dict.fromkeys(values))


def _subjects(*members: Mapping[str, Mapping[str, Any] | None]) -> tuple[str, ...] | None:
    """What both members accept as ``sub`` (OpenID Connect Core 5.5.1); raises if that is nobody."""
    wishes = [wish for member in members if (wish := _values(member.get("sub") or {})) is not None]
    if not wishes:
        return None
    common = tuple(subject for subject in wishes[0] if all(subject in wish for wish in wishes))
    if not common:
        raise _refusal("two different subjects")
    return common


def _refusal(detail: str) -> AuthorizationRefused:
    return AuthorizationRefused("invalid_request", "claims_param", "The claims parameter is malformed.", detail=detail)
