"""Change notifications: posted to the subscribers by a thread of their own (entra-id reference 4.7).

A subscriber has three seconds to answer 2xx. Otherwise it is tried again, after pauses that double, for four hours.
"""

from __future__ import annotations

import heapq
import json
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from broker.clock import Clock
from broker.demo.entra.callbacks import CallbackAnswer, post
from broker.demo.entra.changes import UserChange
from broker.demo.entra.errors import timestamp
from broker.demo.entra.graph_properties import moment_text
from broker.demo.entra.settings import Settings
from broker.demo.entra.subscriptions import Subscription, Subscriptions, change_type_of

# entra-id reference 4.7.
_TIME_TO_ANSWER_SECONDS: Final = 3
_TRIED_FOR_SECONDS: Final = 4 * 3600
_LONGEST_PAUSE_SECONDS: Final = 600

_DELIVERIES: Final = 5_000

MayHear = Callable[[Subscription], bool]


@dataclass(frozen=True, slots=True)
class Notification:
    """One change, as one subscriber is told of it."""

    subscription: Subscription
    change_type: str
    oid: str
    number: int
    client_state: str | None
    attempt: int = 1
    waited_seconds: float = 0

    def body(self) -> bytes:
        resource = f"Users/{self.oid}"
        told: dict[str, Any] = {
            "changeType": self.change_type,
            "clientState": self.client_state,
            "resource": resource,
            "resourceData": {
                "@odata.type": "#Microsoft.Graph.User",
                "@odata.id": resource,
                "id": self.oid,
                "organizationId": self.subscription.tenant_id,
                "sequenceNumber": self.number,
            },
            "subscriptionExpirationDateTime": moment_text(self.subscription.expires_at),
            "subscriptionId": self.subscription.subscription_id,
            "tenantId": self.subscription.tenant_id,
        }
        return json.dumps({"value": [told]}, separators=(",", ":")).encode()


class Notifier:
    """Notes who is to hear of a change, and tells them; ``note`` never waits."""

    def __init__(self, subscriptions: Subscriptions, clock: Clock, settings: Callable[[], Settings], may_hear: MayHear):
        self._subscriptions = subscriptions
        self._clock = clock
        self._settings = settings
        self._may_hear = may_hear
        self._changed = threading.Condition()
        # By when they are due, then by their number: monotonic seconds.
        self._waiting: list[tuple[float, int, Notification]] = []
        self._count = 0
        self._deliveries: deque[dict[str, Any]] = deque(maxlen=_DELIVERIES)
        self._thread: threading.Thread | None = None

    def reset(self) -> None:
        with self._changed:
            self._waiting.clear()
            self._deliveries.clear()

    def forget_deliveries(self) -> None:
        with self._changed:
            self._deliveries.clear()

    def deliveries(self) -> list[dict[str, Any]]:
        """Every attempt, oldest first."""
        with self._changed:
            return list(self._deliveries)

    def waiting(self) -> int:
        """Notifications that are still to be delivered."""
        with self._changed:
            return len(self._waiting)

    def note(self, change: UserChange) -> None:
        """Whoever watches the person will be told of the change."""
        now, settings = self._clock.now(), self._settings()
        change_type = change_type_of(change, settings.soft_delete_notifies)
        if change_type is None:
            return
        for one in self._subscriptions.all(now):
            if one.watches(change, change_type, now) and self._may_hear(one):
                told = Notification(one, change_type, change.key[1], change.number, one.client_state)
                self.put(told, settings.notification_delay_seconds)

    def put(self, notification: Notification, delay_seconds: float = 0) -> None:
        with self._changed:
            self._count += 1
            heapq.heappush(self._waiting, (time.monotonic() + delay_seconds, self._count, notification))
            if self._thread is None:
                self._thread = threading.Thread(target=self._deliver_all, name="change-notifications", daemon=True)
                self._thread.start()
            self._changed.notify()

    def note_handshake(self, url: str, answer: CallbackAnswer) -> None:
        """A validation that took place elsewhere is remembered beside the deliveries."""
        self._remember({"handshake": True, "notificationUrl": url}, answer)

    def _remember(self, what: dict[str, Any], answer: CallbackAnswer) -> None:
        told = {"status": answer.status, "problem": answer.problem, "delivered": answer.is_success}
        with self._changed:
            self._deliveries.append({"time": timestamp(self._clock.now()), "handshake": False, **what, **told})

    # --- the thread

    def _deliver_all(self) -> None:
        while True:
            self._deliver(self._next())

    def _next(self) -> Notification:
        with self._changed:
            while True:
                pause = self._waiting[0][0] - time.monotonic() if self._waiting else None
                if pause is not None and pause <= 0:
                    return heapq.heappop(self._waiting)[2]
                self._changed.wait(pause)

    def _deliver(self, told: Notification) -> None:
        known = self._subscriptions.get(told.subscription.subscription_id, self._clock.now())
        if known is None:
            return
        answer = post(
            known.notification_url,
            told.body(),
            "application/json; charset=utf-8",
            ca_file=self._settings().ca_file,
            timeout_seconds=_TIME_TO_ANSWER_SECONDS,
        )
        what = {
            "subscriptionId": known.subscription_id,
            "notificationUrl": known.notification_url,
            "changeType": told.change_type,
            "resource": f"Users/{told.oid}",
            "attempt": told.attempt,
        }
        self._remember(what, answer)
        if not answer.is_success:
            self._again(told)

    def _again(self, told: Notification) -> None:
        first = self._settings().notification_retry_seconds
        pause = min(first * 2 ** min(told.attempt - 1, 20), _LONGEST_PAUSE_SECONDS)
        waited = told.waited_seconds + pause
        if waited < _TRIED_FOR_SECONDS:
            self.put(replace(told, attempt=told.attempt + 1, waited_seconds=waited), pause)
