"""Unfinished flows: each bound to one browser, each finished at most once (threats G2, UO-13, DO-26).

Two records. A ``PendingLogin`` waits on the sign-in page and may be read again, so that *Back* works. A
``Transaction`` waits for the upstream and is taken in one step. Both name the browser by the digest of a cookie that
only that browser has.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from pydantic import TypeAdapter

from broker.clock import Clock
from broker.entropy import Entropy, digest, readable
from broker.errors import LoginFailed
from broker.messages import LoginRequest, PendingLogin, Transaction
from broker.organizations import Connection
from broker.store.state import StateStore, Taken

# Threats G2: a transaction lives ten minutes at most; Entra's own code lives about as long.
LIFETIME: Final = timedelta(minutes=10)

_PENDING: Final = TypeAdapter(PendingLogin)
_TRANSACTION: Final = TypeAdapter(Transaction)


@dataclass(frozen=True, slots=True)
class LoginCookie:
    """The cookie that ties one login to one browser; ``suffix`` keeps parallel logins apart."""

    suffix: str
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Demand:
    """What an upstream sign-in is asked for, beyond the login request itself."""

    connection: Connection
    redirect_uri: str
    login_hint: str | None = None
    upstream_acr: str | None = None
    previous_authentication: datetime | None = None
    replaced_sid: str | None = None


class Transactions:
    """Opens and takes them."""

    def __init__(self, store: StateStore, clock: Clock, entropy: Entropy) -> None:
        self._store = store
        self._clock = clock
        self._entropy = entropy

    def new_cookie(self) -> LoginCookie:
        """A fresh tie to one browser."""
        return LoginCookie(self._entropy.token(6), self._entropy.token())

    def new_sign_in(self) -> str:
        """A short id for what is about to begin: it finds a sign-in again, and opens nothing."""
        return readable(self._entropy.token(8))

    def pend(self, request: LoginRequest, cookie: LoginCookie) -> str:
        """Records a login that waits for the person's choice; its handle."""
        handle = self._entropy.token()
        now = self._clock.now()
        pending = PendingLogin(request, digest(cookie.value), cookie.suffix, now, now + LIFETIME)
        self._store.put("pending", digest(handle), _PENDING.dump_json(pending), LIFETIME)
        return handle

    def pending(self, handle: str, cookies: Mapping[str, str]) -> tuple[PendingLogin, LoginCookie]:
        """The waiting login of this very browser; raises ``LoginFailed`` if it is not, or no longer, there."""
        record = self._store.get("pending", digest(handle))
        if record is None:
            raise LoginFailed("state", "no such pending login", explanation="start_again")
        pending = _PENDING.validate_json(record)
        suffix = pending.cookie_suffix
        value = _require_browser(pending.browser_digest, suffix, pending.expires_at, cookies, self._clock)
        return pending, LoginCookie(suffix, value)

    def open(self, request: LoginRequest, demand: Demand, cookie: LoginCookie) -> tuple[str, Transaction]:
        """Records that this browser goes to the upstream; the ``state`` to send along, and the record."""
        state = self._entropy.token()
        now = self._clock.now()
        connection = demand.connection
        transaction = Transaction(
            request=request,
            browser_digest=digest(cookie.value),
            cookie_suffix=cookie.suffix,
            connection=connection.name,
            organization=connection.organization,
            tenant_id=connection.tenant_id,
            nonce=self._entropy.token(),
            code_verifier=self._entropy.token(),
            redirect_uri=demand.redirect_uri,
            started_at=now,
            expires_at=now + LIFETIME,
            previous_authentication=demand.previous_authentication,
            upstream_acr=demand.upstream_acr,
            login_hint=demand.login_hint,
            replaced_sid=demand.replaced_sid,
        )
        self._store.put("transaction", digest(state), _TRANSACTION.dump_json(transaction), LIFETIME)
        return state, transaction

    def peek(self, state: str, cookies: Mapping[str, str]) -> Transaction:
        """The transaction of this ``state``, for its own browser, left where it is: for a page of our own on the way.

        Raises ``LoginFailed``. What such a page finds out is worth nothing until ``take`` has given the same one.
        """
        record = self._store.get("transaction", digest(state))
        if record is None:
            raise LoginFailed("state", "no such transaction", explanation="start_again")
        transaction = _TRANSACTION.validate_json(record)
        _require_browser(
            transaction.browser_digest, transaction.cookie_suffix, transaction.expires_at, cookies, self._clock
        )
        return transaction

    def take(self, state: str, cookies: Mapping[str, str]) -> Transaction:
        """The transaction of this ``state``, for its own browser, once; raises ``LoginFailed`` otherwise.

        It is consumed before the browser is compared: a state that reached another browser is worth nothing afterwards.
        """
        taken = self._store.take("transaction", digest(state))
        if not isinstance(taken, Taken):
            raise LoginFailed("state", "no such transaction", explanation="start_again")
        transaction = _TRANSACTION.validate_json(taken.value)
        _require_browser(
            transaction.browser_digest, transaction.cookie_suffix, transaction.expires_at, cookies, self._clock
        )
        return transaction


def _require_browser(
    browser_digest: str, suffix: str, expires_at: datetime, cookies: Mapping[str, str], clock: Clock
) -> str:
    if clock.now() >= expires_at:
        raise LoginFailed("state", "expired", explanation="start_again")
    value = cookies.get(suffix)
    if value is None:
        raise LoginFailed("state", "the login cookie is missing", explanation="start_again")
    if not hmac.compare_digest(digest(value), browser_digest):
        raise LoginFailed("state", "another browser", explanation="start_again")
    return value
