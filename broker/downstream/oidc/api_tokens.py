"""Access tokens of applications that call our own API in their own name (RFC 6749 section 4.4).

Records of a kind of their own: nothing that opens UserInfo opens the API, nor the other way round (threats DO-21).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pydantic import TypeAdapter

from broker.clock import Clock
from broker.downstream.api_access import ApiGrant, ApiTokenRefused
from broker.downstream.oidc import indexes
from broker.downstream.oidc.parties import RelyingParties, RelyingParty
from broker.entropy import Entropy, digest
from broker.store.state import StateStore

_API_TOKEN: Final = "api_token"  # noqa: S105 - the name of a kind of record
# As for other handles: much longer than 256 bits is not worth a digest.
_MAX_HANDLE: Final = 256


@dataclass(frozen=True, slots=True)
class ApiToken:
    """What was given to an application."""

    client_id: str
    scopes: tuple[str, ...]
    issued_at: datetime
    expires_at: datetime


_TOKEN: Final = TypeAdapter(ApiToken)


class ApiTokens:
    """Makes, finds, verifies and ends them: the ``ApiAccess`` of our API."""

    def __init__(
        self, store: StateStore, clock: Clock, entropy: Entropy, parties: RelyingParties, lifetime: timedelta
    ) -> None:
        self._store = store
        self._clock = clock
        self._entropy = entropy
        self._parties = parties
        self.lifetime = lifetime

    def make(self, party: RelyingParty, scopes: tuple[str, ...]) -> str:
        """A token of an application that has proved itself, for scopes that it may have."""
        token, now = self._entropy.token(), self._clock.now()
        record = _TOKEN.dump_json(ApiToken(party.client_id, scopes, now, now + self.lifetime))
        named = (indexes.of_client(party.client_id),)
        self._store.put(_API_TOKEN, digest(token), record, self.lifetime, indexes=named)
        return token

    def find(self, token: str) -> ApiToken | None:
        """What a token stands for, if it is one of these and still good; exact match only (threats DO-24)."""
        record = self._store.get(_API_TOKEN, digest(token)) if len(token) <= _MAX_HANDLE else None
        if record is None:
            return None
        found = _TOKEN.validate_json(record)
        return found if self._clock.now() < found.expires_at else None

    def verify(self, bearer: str) -> ApiGrant:
        """What the application may do now, by its file; raises ``ApiTokenRefused``."""
        found = self.find(bearer)
        if found is None:
            raise ApiTokenRefused("access_token")
        party = self._parties.get(found.client_id)
        if party is None or not party.api_scopes:
            raise ApiTokenRefused("client")
        return ApiGrant(party.client_id, party.api_scopes & frozenset(found.scopes), party.organizations)

    def drop(self, token: str) -> None:
        """Ends this one token."""
        self._store.delete(_API_TOKEN, digest(token))
