"""Our own sessions: one browser of one account (threats SS-01, SS-04).

The browser holds a random handle; the store knows its digest, which is also the session's public ``sid``. Opening one
and waking a dormant one each take an ``Admission``, so neither can be done without asking the gate.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from pydantic import TypeAdapter

from broker.admission import Admission
from broker.clock import Clock
from broker.entropy import Entropy, digest
from broker.errors import NotAllowed
from broker.identity import Account, Authentication
from broker.messages import Session
from broker.store.state import StateStore

# The idle time is counted in steps of a minute, so that a busy session is not rewritten at every request.
_TOUCH: Final = timedelta(minutes=1)

_SESSION: Final = TypeAdapter(Session)


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """When a session ends by itself: unused for ``idle``, or ``absolute`` after its start."""

    idle: timedelta
    absolute: timedelta


@dataclass(frozen=True, slots=True)
class DormantSession:
    """A stored session that nobody has admitted yet: facts to judge by, not a way in."""

    facts: Session

    @property
    def account_id(self) -> str:
        return self.facts.account_id

    @property
    def connection(self) -> str:
        return self.facts.connection


class Sessions:
    """Opens, finds, wakes and ends them."""

    def __init__(self, store: StateStore, clock: Clock, entropy: Entropy, lifetimes: Lifetimes) -> None:
        self._store = store
        self._clock = clock
        self._entropy = entropy
        self._lifetimes = lifetimes

    def open(
        self, admission: Admission, account: Account, authentication: Authentication, replaced_sid: str | None
    ) -> tuple[Session, str]:
        """A new session and its handle; the one that the browser held before ends (threats SS-01)."""
        if admission.account_id != account.id or admission.subject != authentication.subject:
            raise NotAllowed("membership", "admission of somebody else")
        now = self._clock.now()
        handle = self._entropy.token()
        ends = now + self._lifetimes.absolute
        session = Session(
            sid=digest(handle),
            account_id=account.id,
            organization=account.organization,
            connection=authentication.connection,
            authenticated_at=authentication.authenticated_at,
            acr=authentication.acr,
            amr=authentication.amr,
            login_names=authentication.login_names,
            login_hint=authentication.login_hint,
            upstream_session=authentication.upstream_session,
            stamp=admission.stamp,
            started_at=now,
            last_used_at=now,
            expires_at=min(ends, admission.until) if admission.until is not None else ends,
        )
        self._write(session)
        if replaced_sid is not None:
            self._store.delete("session", replaced_sid)
        return session, handle

    def find(self, handle: str) -> DormantSession | None:
        """The stored session of this handle, if it has not ended."""
        return self._read(digest(handle))

    def named(self, sid: str) -> DormantSession | None:
        """The stored session of this name, if it has not ended: to judge whether an ending concerns it."""
        return self._read(sid)

    def live(self, sid: str) -> bool:
        """Whether the session of this name has not ended: for grants that live no longer than it."""
        return self._read(sid) is not None

    def resume(self, admission: Admission, dormant: DormantSession) -> Session:
        """Wakes a dormant session for the account that was admitted; it counts as used now."""
        session = dormant.facts
        own = (session.account_id, session.connection, session.stamp)
        if (admission.account_id, admission.connection, admission.stamp) != own:
            raise NotAllowed("membership", "admission of somebody else")
        now = self._clock.now()
        if now - session.last_used_at >= _TOUCH:
            session = replace(session, last_used_at=now)
            self._write(session)
        return session

    def end(self, handle: str) -> bool:
        """Ends the session of this handle; True if there was one."""
        return self._store.delete("session", digest(handle))

    def of_account(self, account_id: str) -> frozenset[str]:
        """The ``sid`` of every session of an account; some may have ended since."""
        return self._store.members("session", _of_account(account_id))

    def count(self, account_id: str) -> int:
        """How many sessions of an account have not ended."""
        return sum(self.live(sid) for sid in self.of_account(account_id))

    def of_organization(self, organization: str) -> frozenset[str]:
        """The ``sid`` of every session of an organisation's people; some may have ended since."""
        return self._store.members("session", _of_organization(organization))

    def end_named(self, sid: str) -> bool:
        """Ends the session of this name; True if there was one."""
        return self._store.delete("session", sid)

    def _read(self, key: str) -> DormantSession | None:
        record = self._store.get("session", key)
        if record is None:
            return None
        session = _SESSION.validate_json(record)
        return DormantSession(session) if self._clock.now() < self._ends_at(session) else None

    def _write(self, session: Session) -> None:
        remaining = self._ends_at(session) - self._clock.now()
        if remaining > timedelta(0):
            indexes = (_of_account(session.account_id), _of_organization(session.organization))
            self._store.put("session", session.sid, _SESSION.dump_json(session), remaining, indexes=indexes)

    def _ends_at(self, session: Session) -> datetime:
        return min(session.expires_at, session.last_used_at + self._lifetimes.idle)


def _of_account(account_id: str) -> str:
    return f"account:{account_id}"


def _of_organization(organization: str) -> str:
    return f"organization:{organization}"
