"""Every route and every grant says what it is: a door, at which rule 0 must stand, or harmless, and why.

The application does not start with a route that says nothing, so that a new way in cannot be forgotten by the proof of
enforcement (``broker org prove``), which tries every door (threats FE-23).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

_F = TypeVar("_F", bound=Callable[..., Any])
_CLAIM: Final = "__pobuca_claim__"
_CLAIMS: Final = "claims"


@dataclass(frozen=True, slots=True)
class Door:
    """A way by which somebody may come in, or be given something that lets them in. ``names`` are of ``DOORS``: more
    than one where it is tried in several ways.
    """

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Harmless:
    """Gives nobody anything that the rules would have to judge; ``why`` in a few words."""

    why: str


Claim = Door | Harmless

# What is proved, in the order of the report: the name and what is tried, in words for an administrator.
DOORS: Final[Mapping[str, str]] = {
    "microsoft": "sign in through another upstream or another directory",
    "password": "sign in with the Pobuca password",
    "password_reset": "ask for a new password by mail",
    "password_reset_link": "use a password reset link",
    "password_change": "choose another Pobuca password while signed in",
    "invitation": "invite somebody",
    "invitation_link": "use an invitation link",
    "co_workers": "administer users here",
    "app_password": "make an app password",
    "app_password_check": "sign in to CardDAV with an app password",
    "session": "go on with an open session",
    "authorization_code": "redeem an authorization code",
    "refresh_token": "use a refresh token",
    "access_token": "use an access token",
    "introspection": "report an access token as good",
    "half_finished": "finish a sign-in that was begun before",
    "connecting": "take over the connection",
    "break_glass": "come in through the break-glass",
    "passkey": "register a passkey",
    "scim": "write accounts as the directory does",
}


class Unclaimed(Exception):
    """Routes or grants that say nothing of themselves; the start is refused."""


def door(*names: str) -> Callable[[_F], _F]:
    """Marks a view or a grant as a way through these doors; raises ``ValueError`` for a name without a proof."""
    unknown = set(names) - DOORS.keys()
    if unknown or not names:
        raise ValueError(f"not a door that anything proves: {', '.join(sorted(unknown))}")
    return _marker(Door(names))


def harmless(why: str) -> Callable[[_F], _F]:
    """Marks a view as harmless."""
    return _marker(Harmless(why))


def claims(views: Mapping[str, Callable[..., Any]], known: Mapping[str, Claim]) -> Mapping[str, Claim]:
    """What each endpoint claims; ``known`` for those that a framework made. Raises ``Unclaimed``."""
    found = {name: known.get(name) or getattr(view, _CLAIM, None) for name, view in views.items()}
    silent = sorted(name for name, claim in found.items() if claim is None)
    if silent:
        raise Unclaimed(f"neither a door nor harmless: {', '.join(silent)}")
    return {name: claim for name, claim in found.items() if claim is not None}


class HasRoutes(Protocol):
    """A web application, as far as its doors are concerned."""

    view_functions: dict[str, Callable[..., Any]]
    extensions: dict[str, Any]


def install(
    application: HasRoutes, known: Mapping[str, Claim], grants: Mapping[str, Callable[..., Any]]
) -> None:
    """Writes down what every route and every grant of the application claims; raises ``Unclaimed``.

    ``known``: routes that a framework made. ``grants``: the functions behind ``grant_type``, by its value.
    """
    every = {**application.view_functions, **{f"grant:{name}": function for name, function in grants.items()}}
    application.extensions[_CLAIMS] = claims(every, known)


def claims_of(application: HasRoutes) -> Mapping[str, Claim]:
    """What was written down."""
    found: Mapping[str, Claim] = application.extensions[_CLAIMS]
    return found


def claim_of(view: Callable[..., Any]) -> Claim | None:
    """What one view or grant function claims."""
    found: Claim | None = getattr(view, _CLAIM, None)
    return found


def _marker(claim: Claim) -> Callable[[_F], _F]:
    def mark(view: _F) -> _F:
        setattr(view, _CLAIM, claim)
        return view

    return mark
