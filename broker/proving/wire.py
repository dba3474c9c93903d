"""The port by which the attempts of a proof reach the broker."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class WireAnswer:
    """What came back. ``headers`` by lower-case name; ``cookies``: those that were set, by name."""

    status: int
    headers: Mapping[str, str]
    cookies: Mapping[str, str] = field(repr=False)
    body: str = field(repr=False)

    @property
    def location(self) -> str:
        """Where it leads, or the empty text."""
        return self.headers.get("location", "")

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; the empty one if it is none."""
        try:
            value = json.loads(self.body)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}


class Wire(Protocol):
    """Sends one request to the broker; redirects are not followed."""

    def send(
        self,
        method: str,
        path: str,
        *,
        form: Mapping[str, str] | None = None,
        json_body: Any = None,
        cookies: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> WireAnswer:
        """``path`` below the public URL, with its query. Raises ``WireDown`` if nothing answers."""
        ...


class WireDown(Exception):
    """The broker did not answer."""
