"""Change notifications: kept up in a directory, and judged when they arrive.

A notification is only ever a reason to look. Whoever forges or replays one makes us read what the directory says, not
more often than the limits allow.
"""

from __future__ import annotations

import hmac
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from broker.clock import Clock
from broker.entropy import Entropy, digest
from broker.identity import Secret, parse_guid
from broker.store.standings import Standings, Watch
from broker.store.state import StateStore
from broker.watching.directory import DirectoryReader, LookFailed
from broker.watching.looks import Looks

# Graph allows 41,760 minutes for people (entra-id reference, section 4.7). Two days outlive a broker's outage over
# night, and end soon when an organisation leaves.
LIFE: Final = timedelta(days=2)
_RENEW_BEFORE: Final = timedelta(days=1)
# How long a directory may take to make a subscription, and to ask meanwhile whether we want it (10 s).
_HANDSHAKE: Final = timedelta(minutes=1)
# A worker reads again at most so often who has subscriptions, whoever asks.
_KNOWN_FOR: Final = timedelta(seconds=10)
# Notifications in a minute from one address, before they are not read any more; Graph sends from many.
_PER_MINUTE: Final = 300

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Notification:
    """One item of what arrived, in form: nothing of it is believed yet."""

    subscription: str
    client_state: str
    tenant_id: str
    object_id: str


class Subscriber:
    """Keeps a subscription in each directory that can be read."""

    def __init__(
        self, reader: DirectoryReader, state: StateStore, clock: Clock, entropy: Entropy
    ) -> None:
        self._reader = reader
        self._state = state
        self._clock = clock
        self._entropy = entropy

    def keep_up(self, watch: Watch) -> Watch:
        """The watch with a subscription that lasts; without one if the directory would not make it, which is logged:
        the regular looks go on.
        """
        now = self._clock.now()
        ends_at = watch.subscription_expires_at
        if watch.subscription is not None and ends_at is not None and ends_at - now > _RENEW_BEFORE:
            return watch
        try:
            if watch.subscription is not None and ends_at is not None and ends_at > now:
                if self._reader.renew(watch.tenant_id, watch.subscription, now + LIFE):
                    return replace(watch, subscription_expires_at=now + LIFE)
                _log.warning("notifications_ended", org=watch.organization)
            return self._subscribe(watch, now)
        except LookFailed as failure:
            _log.warning("notifications_unavailable", org=watch.organization, detail=failure.detail)
            return watch

    def _subscribe(self, watch: Watch, now: datetime) -> Watch:
        client_state = self._entropy.token()
        expect_handshake(self._state)
        subscription = self._reader.subscribe(watch.tenant_id, Secret(client_state), now + LIFE)
        _log.info("notifications_asked_for", org=watch.organization)
        return replace(
            watch,
            subscription=subscription,
            subscription_expires_at=now + LIFE,
            client_state_digest=digest(client_state),
        )


def expect_handshake(state: StateStore) -> None:
    """From now on, for a minute, a question at the notification address is one that we caused."""
    state.put("notification-handshake", "expected", b"", _HANDSHAKE)


class Notifications:
    """Judges what arrives, and orders looks."""

    def __init__(self, standings: Standings, state: StateStore, looks: Looks, clock: Clock) -> None:
        self._standings = standings
        self._state = state
        self._looks = looks
        self._clock = clock
        self._reading = threading.Lock()
        self._known: Mapping[str, Watch] = {}
        self._known_at: datetime | None = None

    def handshake_is_expected(self) -> bool:
        """Whether one of us is asking a directory for notifications at this moment."""
        return self._state.get("notification-handshake", "expected") is not None

    def may_send(self, source: str) -> bool:
        """Whether this address has not sent too much in this minute."""
        count = self._state.increment("notification-rate", digest(source), timedelta(minutes=1))
        return count <= _PER_MINUTE

    def arrived(self, items: Iterable[Notification]) -> int:
        """Orders a look for every item that proves where it comes from; the number of those."""
        people: dict[str, list[str]] = {}
        refused = 0
        for item in items:
            watch = self._watch_of(item.subscription)
            expected = watch.client_state_digest if watch is not None else None
            proves = hmac.compare_digest(digest(item.client_state), expected or digest(""))
            if watch is None or expected is None or not proves or item.tenant_id != watch.tenant_id:
                refused += 1
                continue
            people.setdefault(watch.organization, []).append(item.object_id)
        for organization, named in people.items():
            self._looks.order(organization, people=tuple(named))
        if refused:
            _log.warning("notification_refused", reason="client_state", number=refused)
        return sum(map(len, people.values()))

    def _watch_of(self, subscription: str) -> Watch | None:
        now = self._clock.now()
        known = self._known.get(subscription)
        if known is not None:
            return known
        with self._reading:
            if self._known_at is None or not timedelta(0) <= now - self._known_at < _KNOWN_FOR:
                watches = self._standings.watches()
                self._known = {watch.subscription: watch for watch in watches if watch.subscription is not None}
                self._known_at = now
        return self._known.get(subscription)


def notification_of(item: object) -> Notification | None:
    """One item of the ``value`` of a notification (entra-id reference, section 4.7), if it is one in form."""
    if not isinstance(item, Mapping):
        return None
    data, state = item.get("resourceData"), item.get("clientState")
    if not isinstance(data, Mapping) or not isinstance(state, str) or not 0 < len(state) <= 128:
        return None
    try:
        return Notification(
            parse_guid(item.get("subscriptionId")), state, parse_guid(item.get("tenantId")), parse_guid(data.get("id"))
        )
    except ValueError:
        return None
