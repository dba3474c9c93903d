"""The simulator's control API, for scripts that stand beside a sign-in."""

from __future__ import annotations

from typing import Any

import requests


class ControlError(Exception):
    """The control API did not do what was asked."""


class Control:
    """A few words for ``/_simulator/…``; ``docs/simulator.md`` lists what there is to ask."""

    def __init__(self, session: requests.Session, simulator_url: str) -> None:
        self._session = session
        self._base = f"{simulator_url}/_simulator/"

    def get(self, path: str, **parameters: str) -> Any:
        """The JSON answer to a GET."""
        return self._ask("GET", path, params=parameters)

    def post(self, path: str, content: Any = None) -> Any:
        """The JSON answer to a POST of JSON; None when it has no body."""
        return self._ask("POST", path, json={} if content is None else content)

    def put(self, path: str, content: Any) -> Any:
        """The JSON answer to a PUT of JSON; None when it has no body."""
        return self._ask("PUT", path, json=content)

    def patch(self, path: str, content: Any) -> Any:
        """The JSON answer to a PATCH of JSON; None when it has no body."""
        return self._ask("PATCH", path, json=content)

    def delete(self, path: str) -> Any:
        """The JSON answer to a DELETE; None when it has no body."""
        return self._ask("DELETE", path)

    def reset(self) -> None:
        """Everything at the simulator is as it was at its start."""
        self.post("reset")

    def _ask(self, method: str, path: str, **arguments: Any) -> Any:
        answer = self._session.request(method, self._base + path.lstrip("/"), **arguments)
        if not answer.ok:
            raise ControlError(f"{method} /_simulator/{path}: {answer.status_code} {answer.text[:300]}")
        return answer.json() if answer.content else None
