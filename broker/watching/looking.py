"""One look at one directory: who is ended there is ended here, and what is wrong with the trust is found out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from broker.clock import Clock
from broker.endings import Endings
from broker.identity import Secret, Subject
from broker.organizations import Organization
from broker.sessions import Sessions
from broker.store.directory import Directory
from broker.store.standings import Standings, UpstreamGrant, Watch
from broker.watching.checking import Grants
from broker.watching.directory import CursorExpired, DirectoryReader, LookFailed, PersonState, Trouble
from broker.watching.looks import Order
from broker.watching.sealing import Sealing
from broker.watching.subscribing import Subscriber

# Pages of changes in one look; the next look goes on from there. A first reading of 5,000 people is one look.
PAGES: Final = 50
# Redemptions in one look without the application permission: a tenth of a second each, and 1,200 people an hour.
BATCH: Final = 20
# A look gives up reading and asking after this, well before its lease ends.
_LONGEST: Final = timedelta(minutes=1)
# A directory that has not answered for so long is called unreachable: a fault of a few minutes passes by itself.
UNREACHABLE_AFTER: Final = timedelta(minutes=10)
# Troubles that a good redemption disproves, and those that a good reading as an application does.
_OF_THE_TRUST: Final = frozenset({"consent_revoked", "app_disabled"})

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class LookSettings:
    """``every``: the age at which a person's grant is redeemed again without the application permission, and
    ``check_every`` with it, when one person stands for all to show that the consent still holds.
    """

    every: timedelta
    check_every: timedelta


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look gave: the watch as it is now, and why it failed if it did; ``pause``: as long as the directory
    asked to be left alone.
    """

    watch: Watch
    failure: str | None = None
    pause: timedelta = timedelta(0)


@dataclass(slots=True)
class _Notes:
    """What is gathered while looking."""

    began: datetime
    watch: Watch
    read: bool = False
    redeemed: bool = False
    trouble: Trouble | None = None
    failure: str | None = None
    pause: timedelta = timedelta(0)
    delay: timedelta = timedelta(0)
    caught_up: bool = True

    def failed(self, failure: LookFailed) -> None:
        self.failure = failure.detail
        self.trouble = self.trouble or failure.trouble
        self.pause = timedelta(seconds=failure.retry_after_seconds)


class Looker:
    """Looks with what the registration allows: as an application if there is a ``reader``, else with what people left
    at their sign-in. For one worker at a time and organisation.
    """

    def __init__(
        self,
        *,
        standings: Standings,
        directory: Directory,
        sessions: Sessions,
        grants: Grants,
        endings: Endings,
        sealing: Sealing,
        clock: Clock,
        settings: LookSettings,
        holds_grants: Callable[[str], bool],
        reader: DirectoryReader | None = None,
        subscriber: Subscriber | None = None,
    ) -> None:
        """``holds_grants``: whether applications hold something of an account that outlives its sessions."""
        self._standings = standings
        self._directory = directory
        self._sessions = sessions
        self._grants = grants
        self._endings = endings
        self._sealing = sealing
        self._clock = clock
        self._settings = settings
        self._holds_grants = holds_grants
        self._reader = reader
        self._subscriber = subscriber

    def look(self, organization: Organization, watch: Watch | None, order: Order | None) -> Seen:
        """Looks once; what the directory does not answer is in what was seen, and not raised."""
        connection = organization.connection
        if connection is None or connection.tenant_id is None:
            raise ValueError("the organisation has no directory")
        if watch is None or watch.tenant_id != connection.tenant_id:
            watch = Watch(organization.name, connection.tenant_id)
        notes = _Notes(self._clock.now(), watch)
        if self._reader is not None:
            self._read(self._reader, notes, order)
            if self._subscriber is not None and notes.failure is None:
                notes.watch = self._subscriber.keep_up(notes.watch)
        self._redeem(notes)
        return Seen(self._concluded(notes, order), notes.failure, notes.pause)

    # -- as an application ------------------------------------------------------------------------------------

    def _read(self, reader: DirectoryReader, notes: _Notes, order: Order | None) -> None:
        tenant_id = notes.watch.tenant_id
        try:
            for person in order.people if order is not None else ():
                self._judge(notes, reader.person(tenant_id, person), order.at if order is not None else None)
            self._read_changes(reader, notes, tenant_id)
        except LookFailed as failure:
            notes.failed(failure)

    def _read_changes(self, reader: DirectoryReader, notes: _Notes, tenant_id: str) -> None:
        owner = f"cursor {notes.watch.organization}"
        cursor: str | None = None
        if notes.watch.cursor is not None:
            try:
                cursor = self._sealing.open(notes.watch.cursor, owner).reveal()
            except ValueError as error:
                _log.error("watch_cursor_unreadable", org=notes.watch.organization, detail=str(error))
        for _ in range(PAGES):
            try:
                page = reader.changes(tenant_id, cursor)
            except CursorExpired as expired:
                if cursor is None:
                    raise LookFailed("a first reading has no cursor that could expire") from expired
                _log.warning("watch_starts_anew", org=notes.watch.organization, detail=str(expired))
                cursor, notes.watch = None, replace(notes.watch, cursor=None)
                continue
            for state in page.people:
                self._judge(notes, state, None)
            cursor = page.cursor
            notes.watch = replace(notes.watch, cursor=self._sealing.seal(Secret(cursor), owner))
            if page.is_last:
                notes.read = True
                return
            if self._clock.now() - notes.began > _LONGEST:
                break
        notes.read, notes.caught_up = True, False

    def _judge(self, notes: _Notes, state: PersonState, arrived: datetime | None) -> None:
        """Ends the person if the directory's word demands it, and there is something to end."""
        subject = Subject.entra(notes.watch.tenant_id, state.object_id)
        if not state.gone and state.enabled is not False and state.sessions_valid_from is None:
            return
        account = self._directory.account_of(subject)
        if account is None or account.organization != notes.watch.organization:
            return
        grant = self._standings.upstream_grant(account.id)
        if state.gone:
            reason = "deleted"
        elif state.enabled is False:
            reason = "disabled"
        elif state.sessions_valid_from is not None and self._is_older(account.id, grant, state.sessions_valid_from):
            reason = "sessions_revoked"
        else:
            return
        if grant is None and not self._has_sessions(account.id) and not self._holds_grants(account.id):
            return  # Nothing is left to end; a first reading tells of everybody who was ever disabled.
        now = self._clock.now()
        seen_by = "notification" if arrived is not None else "changes"
        self._endings.end_account(account.id, reason, arrived or now, seen_by=seen_by)
        since = arrived or notes.watch.succeeded_at or now
        notes.delay = max(notes.delay, self._clock.now() - since)

    def _is_older(self, account_id: str, grant: UpstreamGrant | None, valid_from: datetime) -> bool:
        """Whether anything that lives was begun before the moment from which on sessions are valid."""
        found = [self._sessions.named(sid) for sid in self._sessions.of_account(account_id)]
        begun = [session.facts.started_at for session in found if session is not None]
        if not begun and grant is not None:
            begun = [grant.obtained_at]
        return any(moment < valid_from for moment in begun)

    def _has_sessions(self, account_id: str) -> bool:
        return any(self._sessions.live(sid) for sid in self._sessions.of_account(account_id))

    # -- with what people left --------------------------------------------------------------------------------

    def _redeem(self, notes: _Notes) -> None:
        """Asks with the grants that were not asked with for longest; as an application reads, one stands for all."""
        name = notes.watch.organization
        age = self._settings.every if self._reader is None else self._settings.check_every
        limit = BATCH if self._reader is None else 1
        for grant in self._standings.upstream_grants(name, limit=limit):
            now = self._clock.now()
            if timedelta(0) <= now - grant.checked_at < age * 0.9 or now - notes.began > _LONGEST:
                break
            if not self._grants.claim(grant):
                continue
            if not self._has_sessions(grant.account_id) and not self._holds_grants(grant.account_id):
                continue  # Nobody uses it; the claim has put it at the end of the row.
            verdict = self._grants.redeem(grant)
            notes.trouble = notes.trouble or verdict.trouble
            if verdict.outcome == "stays":
                notes.redeemed = True
            elif verdict.outcome == "unknown":
                notes.failure = notes.failure or verdict.reason
                break
            elif self._grants.is_still(grant):
                self._endings.end_account(grant.account_id, verdict.reason, self._clock.now(), seen_by="watch")
            if verdict.trouble is not None:
                notes.failure = notes.failure or verdict.reason
                break
            notes.delay = max(notes.delay, now - grant.obtained_at)

    # -- what follows -----------------------------------------------------------------------------------------

    def _concluded(self, notes: _Notes, order: Order | None) -> Watch:
        watch, now = notes.watch, self._clock.now()
        trouble: str | None = notes.trouble
        if trouble is None and order is not None and not notes.redeemed:
            trouble = order.trouble
        if trouble is None and watch.trouble is not None and not self._is_over(watch.trouble, notes):
            trouble = watch.trouble
        if trouble is None and notes.failure is not None:
            since = watch.succeeded_at or watch.looked_at or notes.began
            trouble = "unreachable" if now - since >= UNREACHABLE_AFTER else None
        watch = replace(
            watch,
            looked_at=notes.began,
            trouble=trouble,
            trouble_since=(watch.trouble_since if trouble == watch.trouble else now) if trouble is not None else None,
        )
        if notes.failure is not None or not notes.caught_up:
            return watch
        between = notes.began - watch.succeeded_at if watch.succeeded_at is not None else timedelta(0)
        delay = max(notes.delay if notes.delay > timedelta(0) else between, timedelta(0)).total_seconds()
        longest = max(watch.longest_delay_seconds or 0.0, between.total_seconds(), delay)
        return replace(watch, succeeded_at=notes.began, delay_seconds=delay, longest_delay_seconds=longest)

    def _is_over(self, trouble: str, notes: _Notes) -> bool:
        """Whether this look has shown that what was wrong is not any more."""
        if trouble in _OF_THE_TRUST:
            return notes.redeemed
        if trouble == "permission_missing":
            return self._reader is None or notes.read
        return notes.read or notes.redeemed or notes.failure is None
