"""What has been given out: authorization codes, refresh tokens, access tokens (entra-id reference 1.6, 1.7)."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from broker.demo.entra.bounded import Bounded
from broker.demo.entra.errors import refusal

# entra-id reference 1.7.
CODE_LIFETIME: Final = timedelta(minutes=10)
REFRESH_INACTIVITY: Final = timedelta(days=90)

_LIMIT: Final = 20_000


@dataclass(frozen=True, slots=True)
class Authorization:
    """A person (or, without one, the application itself) has been allowed something."""

    client_id: str
    tenant_id: str
    # The user object; None for client credentials.
    oid: str | None
    scopes: frozenset[str]
    # The person's words for the scopes, in their order, to be said back.
    scope: str
    auth_time: datetime | None = None
    sid: str = ""
    nonce: str | None = None
    mfa: bool = False
    # Authentication contexts that were asked for and satisfied.
    contexts: tuple[str, ...] = ()
    # Whether the client says that it understands Continuous Access Evaluation (cp1).
    evaluates_continuously: bool = False
    session_generation: int = 0


@dataclass(frozen=True, slots=True)
class Code:
    authorization: Authorization
    # The first segment of the path it was asked for at; it must be redeemed there.
    segment: str
    redirect_uri: str
    challenge: str | None
    challenge_method: str
    issued_at: datetime
    redeemed: bool = False


@dataclass(frozen=True, slots=True)
class RefreshToken:
    authorization: Authorization
    issued_at: datetime
    # Set from outside: Entra refuses this token with that number.
    refused_with: int | None = None


@dataclass(frozen=True, slots=True)
class AccessToken:
    authorization: Authorization
    expires_at: datetime


class Grants:
    """All of them; nothing here looks like a JWT, so that nobody is tempted to read it."""

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        self._codes: Bounded[Code] = Bounded(_LIMIT, lock)
        self._refresh_tokens: Bounded[RefreshToken] = Bounded(_LIMIT, lock)
        self._access_tokens: Bounded[AccessToken] = Bounded(_LIMIT, lock)

    def reset(self) -> None:
        self._codes.clear()
        self._refresh_tokens.clear()
        self._access_tokens.clear()

    def issue_code(self, code: Code) -> str:
        value = "1.ARoA" + secrets.token_urlsafe(180)
        self._codes.put(value, code)
        return value

    def code(self, value: str) -> Code:
        """Looks without redeeming; raises ``EntraError``."""
        found = self._codes.get(value)
        if found is None:
            raise refusal(70000)
        if found.redeemed:
            raise refusal(54005)
        return found

    def redeem(self, value: str) -> Code:
        """Takes the code, once: of several callers one wins, the others get 54005."""
        with self._lock:
            found = self.code(value)
            self._codes.put(value, replace(found, redeemed=True))
            return found

    def issue_refresh_token(self, authorization: Authorization, now: datetime) -> str:
        value = "1.ARoA" + secrets.token_urlsafe(240)
        self._refresh_tokens.put(value, RefreshToken(authorization, now))
        return value

    def refresh_token(self, value: str) -> RefreshToken:
        """Stays good after it was used: the next one does not revoke it. Raises ``EntraError``."""
        found = self._refresh_tokens.get(value)
        if found is None:
            raise refusal(70000)
        return found

    def refuse_refresh(self, code: int, concerns: Callable[[Authorization], bool]) -> int:
        """From now on every existing refresh token so concerned is refused with ``code``; returns how many."""
        count = 0
        with self._lock:
            for value, token in self._refresh_tokens.items():
                if concerns(token.authorization):
                    self._refresh_tokens.put(value, replace(token, refused_with=code))
                    count += 1
        return count

    def issue_access_token(self, authorization: Authorization, expires_at: datetime) -> str:
        value = "EwB" + secrets.token_urlsafe(240)
        self._access_tokens.put(value, AccessToken(authorization, expires_at))
        return value

    def access_token(self, value: str, now: datetime) -> AccessToken | None:
        found = self._access_tokens.get(value)
        return found if found is not None and now < found.expires_at else None
