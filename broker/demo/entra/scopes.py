"""Scopes as Entra reads them: a name without a resource is a permission of Microsoft Graph (entra-id reference 1.5)."""

from __future__ import annotations

from typing import Final

from broker.demo.entra.errors import refusal
from broker.demo.entra.model import ADMIN_SCOPES, GRAPH_SCOPES, OIDC_SCOPES

GRAPH: Final = "https://graph.microsoft.com"
_DEFAULT: Final = ".default"

_DESCRIBED: Final = {
    "openid": "Sign you in",
    "profile": "View your basic profile",
    "email": "View your email address",
    "offline_access": "Maintain access to data you have given it access to",
    "User.Read": "Sign you in and read your profile",
    "User.ReadBasic.All": "Read all users' basic profiles",
    "User.Read.All": "Read all users' full profiles",
    "GroupMember.Read.All": "Read group memberships",
    "Directory.Read.All": "Read directory data",
    "Organization.Read.All": "Read organization information",
    "User.RevokeSessions.All": "Revoke all sign-in sessions for a user",
}


def delegated_scopes(scope: str, base_url: str, granted: frozenset[str]) -> frozenset[str]:
    """The scopes by their short names; ``.default`` means what has been granted. Raises ``EntraError``."""
    found: set[str] = set()
    for word in scope.split():
        name = permission_name(word, base_url)
        if name == _DEFAULT:
            found |= granted & GRAPH_SCOPES or {"User.Read"}
        elif name in OIDC_SCOPES and name == word:
            found.add(name)
        else:
            match = next((known for known in GRAPH_SCOPES if known.lower() == name.lower()), None)
            if match is None:
                raise refusal(650053, scope=word)
            found.add(match)
    if not found:
        raise refusal(900144, parameter="scope")
    return frozenset(found)


def permission_name(word: str, base_url: str) -> str:
    """``User.Read`` of ``https://graph.microsoft.com/User.Read``; another resource is not known here."""
    for resource in (GRAPH, base_url):
        if word.lower().startswith(f"{resource.lower()}/"):
            return word[len(resource) + 1 :].lstrip("/")
    if "://" in word:
        raise refusal(500011, resource=word.rpartition("/")[0])
    return word


def is_default_of_graph(scope: str, base_url: str) -> bool:
    """Whether ``scope`` is all that client credentials may ask for."""
    return scope in {f"{GRAPH}/{_DEFAULT}", f"{GRAPH}//{_DEFAULT}", f"{base_url}/{_DEFAULT}"}


def described(permission: str) -> str:
    """What a consent page says of it; empty for one that nobody has described."""
    return _DESCRIBED.get(permission, "")


def needs_administrator(scopes: frozenset[str]) -> bool:
    return bool(scopes & ADMIN_SCOPES)
