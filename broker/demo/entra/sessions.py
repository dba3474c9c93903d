"""Who is signed in at the simulator with which browser, and sign-ins that are under way."""

from __future__ import annotations

import secrets
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from broker.demo.entra.bounded import Bounded
from broker.demo.entra.model import User

# A non-persistent session cookie of Entra is good for 24 hours (entra-id reference 1.7).
SESSION_LIFETIME: Final = timedelta(hours=24)

_LIMIT: Final = 20_000

AccountKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class SignedInAccount:
    """An account of its home tenant, as this browser is signed in with it."""

    key: AccountKey
    sid: str
    authenticated_at: datetime
    session_generation: int
    mfa: bool = False
    # Client and tenant of every application that was signed in to with it.
    applications: tuple[tuple[str, str], ...] = ()


Accounts = Mapping[AccountKey, SignedInAccount]


class BrowserSessions:
    """By the value of the session cookie."""

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        self._browsers: Bounded[Accounts] = Bounded(_LIMIT, lock)

    def reset(self) -> None:
        self._browsers.clear()

    def accounts(self, browser: str | None, now: datetime) -> Accounts:
        """What this browser is signed in with and has not outlived the cookie."""
        found = self._browsers.get(browser) if browser else None
        if not found:
            return {}
        return {key: one for key, one in found.items() if now - one.authenticated_at < SESSION_LIFETIME}

    def sign_in(self, browser: str | None, account: User, now: datetime, *, mfa: bool = False) -> str:
        """Notes an authentication that has just happened; gives the cookie's value. Signing in again keeps ``sid``."""
        with self._lock:
            known = dict(self.accounts(browser, now))
            before = known.get(account.key)
            known[account.key] = SignedInAccount(
                account.key,
                before.sid if before else str(uuid.uuid4()),
                now,
                account.session_generation,
                mfa=mfa or (before.mfa if before else False),
                applications=before.applications if before else (),
            )
            value = browser if browser and self._browsers.get(browser) is not None else secrets.token_urlsafe(48)
            self._browsers.put(value, known)
            return value

    def note_mfa(self, browser: str | None, key: AccountKey) -> None:
        with self._lock:
            known = self._browsers.get(browser) if browser else None
            if browser and known and key in known:
                self._browsers.put(browser, {**known, key: replace(known[key], mfa=True)})

    def note_application(self, browser: str | None, key: AccountKey, client_id: str, tenant_id: str) -> None:
        """An application got an answer with this account: it will want to hear when the session is over."""
        with self._lock:
            known = self._browsers.get(browser) if browser else None
            if browser and known and key in known:
                applications = dict.fromkeys((*known[key].applications, (client_id, tenant_id)))
                changed = replace(known[key], applications=tuple(applications))
                self._browsers.put(browser, {**known, key: changed})

    def sign_out(self, browser: str | None, key: AccountKey) -> SignedInAccount | None:
        """What the browser was signed in with; None when it was not."""
        with self._lock:
            known = self._browsers.get(browser) if browser else None
            if not browser or not known:
                return None
            self._browsers.put(browser, {other: one for other, one in known.items() if other != key})
            return known.get(key)
