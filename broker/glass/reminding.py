"""Reminds the named people to rehearse before the 90 days are over, so that the break-glass does not rot unseen."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Final, Protocol

import structlog

from broker.clock import Clock
from broker.glass.alarm import Alarm
from broker.glass.windows import REMIND_AFTER, NamedPerson, Windows
from broker.organizations import Organizations
from broker.store.audit import AuditTrail, Entry
from broker.store.directory import DirectoryUnavailable
from broker.store.state import StateStore, StateUnavailable

# How often somebody is reminded who does not rehearse, and how often that is looked at.
_AGAIN_AFTER: Final = timedelta(days=7)
EVERY: Final = timedelta(hours=1)

_log = structlog.get_logger()


class Reminders:
    """Each person is reminded once a week, by whichever worker looks first. ``app.extensions[Reminders.NAME]``."""

    NAME: Final = "glass_reminders"

    def __init__(
        self,
        *,
        windows: Windows,
        organizations: Organizations,
        audit: AuditTrail,
        alarm: Alarm,
        state: StateStore,
        clock: Clock,
    ) -> None:
        self._windows = windows
        self._organizations = organizations
        self._audit = audit
        self._alarm = alarm
        self._state = state
        self._clock = clock

    def remind(self) -> int:
        """Reminds everybody who is due; the number of people. Raises when a store does not answer."""
        reminded = 0
        for organization in self._organizations.current().all():
            if organization.break_glass is None or organization.connection is None:
                continue
            for person in self._windows.named(organization.name):
                reminded += self._remind(person)
        return reminded

    def _remind(self, person: NamedPerson) -> bool:
        now, account = self._clock.now(), person.account
        age = now - person.rehearsed_at if person.rehearsed_at is not None else None
        if not account.active or (age is not None and age <= REMIND_AFTER):
            return False
        if not self._state.add_if_absent("glass_reminder", account.id, b"", _AGAIN_AFTER):
            return False
        days = age.days if age is not None else None
        detail = {"days": "never" if days is None else str(days)}
        self._audit.add(Entry("break_glass_rehearsal_due", account.organization, "broker", now, account.id, detail))
        self._alarm.rehearsal_due(account, days)
        return True


class Reminds(Protocol):
    """``Reminders``, or what asks those of the application that serves now."""

    def remind(self) -> int: ...


class RemindersSweep:
    """One daemon thread of a worker; several workers may each have one."""

    def __init__(self, reminders: Reminds, every: timedelta = EVERY) -> None:
        self._reminders = reminders
        self._every = every
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="glass-reminders", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns when nothing is under way any more."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(self._every.total_seconds()):
            try:
                self._reminders.remind()
            except (DirectoryUnavailable, StateUnavailable) as error:  # The next one comes.
                _log.warning("store_fault", reason="reminders", detail=str(error))
