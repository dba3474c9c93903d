"""What has happened here, for tests and for developers: requests that came in, tokens that went out."""

from __future__ import annotations

import json
import threading
from base64 import urlsafe_b64decode
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any, Final

from flask import Request
from werkzeug.datastructures import MultiDict

# Their values are not remembered, only that they were sent.
_SECRET: Final = frozenset(
    {
        "access_token",
        "client_assertion",
        "client_secret",
        "code",
        "code_verifier",
        "id_token_hint",
        "password",
        "refresh_token",
    }
)
_HIDDEN: Final = "(hidden)"
_REQUESTS: Final = 10_000
_TOKENS: Final = 1_000


class Journal:
    """The last requests and tokens, oldest first."""

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        self._requests: deque[dict[str, Any]] = deque(maxlen=_REQUESTS)
        self._tokens: deque[dict[str, Any]] = deque(maxlen=_TOKENS)

    def clear(self) -> None:
        with self._lock:
            self._requests.clear()
            self._tokens.clear()

    def note_request(self, request: Request, time: str) -> dict[str, Any]:
        """Remembers a request; the entry comes back so that the status can be added."""
        entry: dict[str, Any] = {
            "time": time,
            "method": request.method,
            "path": request.path,
            "query": _shown(request.args),
            "form": _shown(request.form),
            "authorization": request.headers.get("Authorization", "").partition(" ")[0],
            "user_agent": request.headers.get("User-Agent", ""),
            "status": None,
        }
        if "client_assertion" in request.form:
            entry["client_assertion"] = _read_jwt(request.form["client_assertion"])
        with self._lock:
            self._requests.append(entry)
        return entry

    def note_token(self, entry: dict[str, Any]) -> None:
        with self._lock:
            self._tokens.append(entry)

    def requests(self, *, path: str = "", method: str = "") -> list[dict[str, Any]]:
        """Those whose path contains ``path``, and of that method, if given."""
        with self._lock:
            return [
                entry
                for entry in list(self._requests)
                if path in entry["path"] and (not method or entry["method"] == method.upper())
            ]

    def tokens(self) -> list[dict[str, Any]]:
        with self._lock:
            return list(self._tokens)


def _shown(parameters: MultiDict[str, str]) -> dict[str, str | list[str]]:
    return {name: _one(name, values) for name, values in parameters.lists()}


def _one(name: str, values: Iterable[str]) -> str | list[str]:
    said = [_HIDDEN if name in _SECRET else value for value in values]
    return said[0] if len(said) == 1 else said


def _read_jwt(token: str) -> Mapping[str, Any]:
    """Header and claims without the signature; empty for what is no JWT."""
    try:
        header, claims, _ = (part + "=" * (-len(part) % 4) for part in token.split("."))
        return {"header": json.loads(urlsafe_b64decode(header)), "claims": json.loads(urlsafe_b64decode(claims))}
    except (ValueError, RecursionError):
        return {}
