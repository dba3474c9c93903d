"""Who is signed in at the sample application: in memory, since it ends with the demonstration."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final

# A demonstration has a handful of browsers; the oldest session gives way to a new one.
_MOST_SESSIONS: Final = 1000


@dataclass(frozen=True, slots=True)
class Call:
    """One call from this application to the provider, without a browser."""

    method: str
    url: str
    status: int


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What the provider said about the person. All of it is verified."""

    claims: Mapping[str, Any]
    """Of the ID token."""
    userinfo: Mapping[str, Any]
    scope: str
    calls: tuple[Call, ...]

    @property
    def name(self) -> str:
        """What to call the person; not everybody's directory has a name."""
        for candidate in (self.userinfo.get("name"), self.userinfo.get("email"), self.claims["sub"]):
            if candidate:
                return str(candidate)
        return ""

    @property
    def organization(self) -> str:
        """The organisation's name, or nothing when the scope did not ask for it."""
        said = self.userinfo.get("organization")
        if isinstance(said, Mapping):
            return str(said.get("name") or said.get("display_name") or said.get("id") or "")
        return str(said or "")

    def as_json(self) -> dict[str, Any]:
        """Everything, for a script."""
        return {
            "id_token_claims": dict(self.claims),
            "userinfo": dict(self.userinfo),
            "scope": self.scope,
            "back_channel": [{"method": call.method, "url": call.url, "status": call.status} for call in self.calls],
        }


class SignedInBrowsers:
    """The application's own sessions, by an unguessable handle in the browser's cookie."""

    def __init__(self) -> None:
        self._sessions: OrderedDict[str, SignedIn] = OrderedDict()
        self._lock = Lock()

    def open(self, signed_in: SignedIn) -> str:
        """Remembers the person under a new handle of 256 bits."""
        handle = secrets.token_urlsafe(32)
        with self._lock:
            self._sessions[handle] = signed_in
            while len(self._sessions) > _MOST_SESSIONS:
                self._sessions.popitem(last=False)
        return handle

    def get(self, handle: str | None) -> SignedIn | None:
        """The person, or None for nobody."""
        with self._lock:
            return self._sessions.get(handle) if handle else None

    def end(self, handle: str | None) -> None:
        with self._lock:
            self._sessions.pop(handle or "", None)
