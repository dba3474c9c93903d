"""The port through which our own API asks what the application that calls it may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class ApiTokenRefused(Exception):
    """The bearer token opens nothing here: RFC 6750 section 3.1, ``invalid_token``, 401. ``reason`` is for the log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class ApiGrant:
    """What an application may do at the API. ``organizations``: whose affairs it may see and change, None for all."""

    client_id: str
    scopes: frozenset[str]
    organizations: tuple[str, ...] | None


class ApiAccess(Protocol):
    """Knows the access tokens that were issued for the API, and no others."""

    def verify(self, bearer: str) -> ApiGrant:
        """What the token of an ``Authorization: Bearer`` header stands for now; raises ``ApiTokenRefused``.

        What the client's file no longer allows is gone at once.
        """
        ...
