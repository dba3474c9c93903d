"""The periodic look at the directory of each federated organisation.

Each organisation is looked at by one worker at a time, by a lease in the state store; all others go on with the next
one. What a look learns is written down before the lease ends, so that the next worker goes on from there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from broker.alerts import Alerts
from broker.clock import Clock
from broker.entropy import Entropy
from broker.organizations import Organization, Organizations
from broker.store.directory import DirectoryUnavailable
from broker.store.standings import Standings, Watch
from broker.store.state import StateStore, StateUnavailable
from broker.watching.checking import DIRECTORY_KIND
from broker.watching.looking import Looker
from broker.watching.looks import Looks

# Longer than any look takes (``looking``): so many pages and redemptions, 5 s each at most, are given up before.
LEASE: Final = timedelta(minutes=3)
# Between two looks at one directory that were ordered.
LEAST_APART: Final = timedelta(seconds=1)
# A look comes up to this much of its period early, so that not all of them come together (threats SS-13).
_JITTER: Final = 0.1

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """``every``: time between two looks. ``credential_ends_at``: of our credential at Entra, if it is known."""

    every: timedelta
    credential_ends_at: datetime | None = None


class Watcher:
    """Looks where it is time, or where a look was ordered. Safe for threads and for any number of workers."""

    def __init__(
        self,
        *,
        organizations: Organizations,
        standings: Standings,
        state: StateStore,
        looks: Looks,
        looker: Looker,
        alerts: Alerts,
        clock: Clock,
        entropy: Entropy,
        settings: WatchSettings,
    ) -> None:
        self._organizations = organizations
        self._standings = standings
        self._state = state
        self._looks = looks
        self._looker = looker
        self._alerts = alerts
        self._clock = clock
        self._entropy = entropy
        self._settings = settings

    def tick(self) -> int:
        """Looks at every directory whose turn it is; the number of looks. Raises when a store does not answer."""
        if self._settings.credential_ends_at is not None:
            self._alerts.credential_ends(self._settings.credential_ends_at, self._federated())
        ordered = self._looks.waiting()
        watches = {watch.organization: watch for watch in self._standings.watches()}
        looked = 0
        for organization in self._federated():
            watch = watches.pop(organization.name, None)
            if (organization.name in ordered and self._may_be_ordered(watch)) or self._is_due(organization, watch):
                looked += self._leased(organization)
        for left in watches:  # Not federated any more.
            self._standings.drop_watch(left)
        return looked

    def _federated(self) -> Iterator[Organization]:
        for organization in self._organizations.current().all():
            connection = organization.connection
            if connection is not None and connection.kind == DIRECTORY_KIND and connection.tenant_id is not None:
                yield organization

    def _may_be_ordered(self, watch: Watch | None) -> bool:
        """Not many times a second, however many notifications are sent or repeated: the order waits a moment."""
        looked_at = watch.looked_at if watch is not None else None
        return looked_at is None or not timedelta(0) <= self._clock.now() - looked_at < LEAST_APART

    def _is_due(self, organization: Organization, watch: Watch | None) -> bool:
        if watch is None or watch.looked_at is None:
            return True
        since = self._clock.now() - watch.looked_at
        if since < timedelta(0):  # The clock jumped back.
            return True
        drawn = hashlib.sha256(f"{organization.name} {watch.looked_at.isoformat()}".encode()).digest()[0] / 255
        return since >= self._settings.every * (1 - _JITTER * drawn)

    def _leased(self, organization: Organization) -> bool:
        if self._state.get("watch-pause", organization.name) is not None:
            return False
        began = self._clock.now()
        if not self._state.add_if_absent("watch-lease", organization.name, b"", LEASE):
            return False
        try:
            self._look(organization)
        except (DirectoryUnavailable, StateUnavailable):
            raise
        except Exception:  # One organisation's oddity must not keep the others from being looked at.
            _log.error("watch_failed", org=organization.name, reason="error", exc_info=True)
        finally:
            if self._clock.now() - began < LEASE:  # After that it may be another worker's.
                self._state.delete("watch-lease", organization.name)
        return True

    def _look(self, organization: Organization) -> None:
        before = self._standings.watch(organization.name)
        seen = self._looker.look(organization, before, self._looks.take(organization.name))
        after = seen.watch
        self._standings.keep_watch(after)
        if seen.pause > timedelta(0):
            self._state.put("watch-pause", organization.name, b"", seen.pause)
        known = before.trouble if before is not None and before.tenant_id == after.tenant_id else None
        self._alerts.trust_changed(organization, known, after.trouble)
        if seen.failure is not None:
            _log.warning("watch_failed", org=organization.name, reason=after.trouble or "passing", detail=seen.failure)
