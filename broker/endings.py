"""Endings: what the directory or an administrator ended is ended everywhere, and applications hear of it.

An ending is written together with the risen epoch, which voids at once, on every worker, all that was given out before.
What follows here is the tidying up: sessions are deleted, and every application that can hear is told. It may be
interrupted anywhere and is then done again, by whichever worker comes first.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, Protocol

import structlog

from broker.clock import Clock
from broker.downstream.responder import Responder
from broker.organizations import Organizations
from broker.sessions import Sessions
from broker.store.audit import AuditTrail, Entry
from broker.store.directory import Directory, DirectoryUnavailable
from broker.store.standings import Ending, Standings
from broker.store.state import StateStore, StateUnavailable

# Longer than carrying out one ending takes; after that its worker is taken for dead, and another one begins again.
_CLAIM: Final = timedelta(minutes=1)
# How often a worker looks for endings that nobody carried out; a look costs one query for an empty table.
SWEEP_EVERY: Final = timedelta(seconds=15)
# Entries read at a time of one account's part of the trail.
_PAGE: Final = 100

_log = structlog.get_logger(__name__)


class Endings:
    """Ends accounts, and carries out what is noted."""

    def __init__(
        self,
        *,
        standings: Standings,
        audit: AuditTrail,
        directory: Directory,
        organizations: Organizations,
        sessions: Sessions,
        state: StateStore,
        clock: Clock,
    ) -> None:
        self._standings = standings
        self._audit = audit
        self._directory = directory
        self._organizations = organizations
        self._sessions = sessions
        self._state = state
        self._clock = clock
        self._responders: list[Responder] = []

    def register(self, responder: Responder) -> None:
        """Makes known who has to hear, at composition."""
        self._responders.append(responder)

    def end_account(
        self, account_id: str, reason: str, noticed: datetime, *, actor: str = "directory", seen_by: str = "check"
    ) -> Ending | None:
        """Ends all that an account was given, at once, and carries that out; None if there is no such account.

        ``noticed``: when it came to our knowledge (an answer, a notification). ``seen_by``: by which way, for the
        audit trail. Raises ``DirectoryUnavailable``; that it could not be carried out yet is no error.
        """
        ending = self._standings.end_account(account_id, reason, self._clock.now())
        if ending is None:
            return None
        detail = {"reason": reason, "noticed_at": _written(noticed), "seen_by": seen_by}
        self._note(ending, actor, detail)
        self.carry_out()
        return ending

    def carry_out(self) -> int:
        """Carries out every ending that is noted and that no other worker has in hand; the number carried out."""
        done = 0
        for ending in self._standings.endings():
            try:
                done += self._carry_out(ending)
            except StateUnavailable as error:
                _log.warning("ending_postponed", reason=ending.reason, ending=ending.id, detail=str(error))
                break
            except DirectoryUnavailable:
                raise
            except Exception:  # One that cannot be carried out must not hold up the others.
                _log.error("ending_failed", reason=ending.reason, ending=ending.id, exc_info=True)
        return done

    def _carry_out(self, ending: Ending) -> bool:
        if not self._state.add_if_absent("ending", ending.id, b"", _CLAIM):
            return False
        if ending.kind == "account":
            organization = self._end_account(ending)
            account: str | None = ending.name
        else:
            organization, account = ending.name, None
            self._end_organization(ending)
        told_at = self._clock.now()
        detail = {
            "ending": ending.id,
            "reason": ending.reason,
            "ended_at": _written(ending.noted_at),
            "told_at": _written(told_at),
        }
        self._audit.add(Entry("ending_carried_out", organization, "broker", told_at, account, detail))
        self._standings.carried_out(ending.id)
        seconds = (told_at - ending.noted_at).total_seconds()
        _log.info(
            "ending_carried_out",
            org=organization,
            account=account,
            reason=ending.reason,
            kind=ending.kind,
            seconds=seconds,
        )
        return True

    def _end_account(self, ending: Ending) -> str | None:
        account = self._directory.account(ending.name)
        if account is not None and not self._is_noted(ending):
            # Whoever ended it died before the trail said so.
            self._note(ending, "directory", {"reason": ending.reason})
        epoch = account.epoch if account is not None else None
        for responder in self._responders:
            responder.person_ended(ending.name)
        self._end_sessions(self._sessions.of_account(ending.name), account_epoch=epoch)
        return account.organization if account is not None else None

    def _end_organization(self, ending: Ending) -> None:
        organization = self._organizations.current().get(ending.name)
        for responder in self._responders:
            responder.organization_ended(ending.name)
        epoch = organization.epoch if organization is not None else None
        self._end_sessions(self._sessions.of_organization(ending.name), organization_epoch=epoch)

    def _end_sessions(
        self, sids: Iterable[str], *, account_epoch: int | None = None, organization_epoch: int | None = None
    ) -> None:
        """Those from before the ending: one that was opened since, in the new epoch, stays."""
        for sid in sids:
            session = self._sessions.named(sid)
            if session is None:
                continue
            stamp = session.facts.stamp
            if account_epoch is not None and stamp.account == account_epoch:
                continue
            if organization_epoch is not None and stamp.organization == organization_epoch:
                continue
            self._sessions.end_named(sid)

    def _is_noted(self, ending: Ending) -> bool:
        after = 0
        while entries := self._audit.entries(account=ending.name, after=after, limit=_PAGE):
            if any((each.entry.detail or {}).get("ending") == ending.id for each in entries):
                return True
            after = entries[-1].number
        return False

    def _note(self, ending: Ending, actor: str, detail: dict[str, str]) -> None:
        account = self._directory.account(ending.name)
        organization = account.organization if account is not None else None
        detail = {**detail, "ending": ending.id, "ended_at": _written(ending.noted_at)}
        self._audit.add(Entry("account_ended", organization, actor, ending.noted_at, ending.name, detail))
        _log.warning("account_ended", org=organization, account=ending.name, reason=ending.reason)


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


class CarriesOut(Protocol):
    """``Endings``, or what asks those of the application that serves now."""

    def carry_out(self) -> int: ...


class EndingsSweep:
    """Carries out in the background of a worker what another one left behind."""

    def __init__(self, endings: CarriesOut, every: timedelta = SWEEP_EVERY) -> None:
        self._endings = endings
        self._every = every
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="endings", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns when nothing is under way any more."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(self._every.total_seconds()):
            try:
                self._endings.carry_out()
            except (DirectoryUnavailable, StateUnavailable) as error:  # The next one comes.
                _log.warning("store_fault", reason="endings", detail=str(error))
            except Exception:  # Nobody would notice that this worker carries out nothing any more.
                _log.error("ending_failed", reason="error", exc_info=True)
