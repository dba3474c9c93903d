"""Delivers what waits in the outbox: at least once, with the same key each time, until it is taken or given up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog

from broker.clock import Clock
from broker.entropy import Entropy, digest
from broker.provisioning.hooks import Event, Hook, HookFailed, Hooks
from broker.store.outbox import Outbox, OutboxEvent

# Events of one turn, and the time of one call: together less than the lease, so that what is held is being sent.
BATCH: Final = 10
CALL: Final = timedelta(seconds=10)
LEASE: Final = timedelta(minutes=3)
# 5 s, 20 s, 80 s, … and then every six hours, for some four days.
FIRST_PAUSE: Final = timedelta(seconds=5)
_FACTOR: Final = 4
LONGEST_PAUSE: Final = timedelta(hours=6)
MOST_ATTEMPTS: Final = 20
# And no longer than this, when others went first: but with a few attempts, also for what is tried anew by hand.
LONGEST: Final = timedelta(days=7)
LEAST_ATTEMPTS: Final = 3
# What waits for a hook that is down is left alone for so long, so that one attempt finds out whether it is back.
DOWN: Final = timedelta(seconds=10)
# Delivered events are kept so long, without what they said, for whoever asks what became of one.
KEPT: Final = timedelta(days=30)

_log = structlog.get_logger(__name__)


class Deliverer:
    """One turn after the other, from any number of workers: each event is held by one of them."""

    def __init__(self, outbox: Outbox, hooks: Hooks, clock: Clock, entropy: Entropy, *, call: timedelta = CALL) -> None:
        """``call``: the time of one call."""
        self._outbox = outbox
        self._hooks = hooks
        self._clock = clock
        self._entropy = entropy
        self._call = call

    def turn(self, go_on: Callable[[], bool] = lambda: True) -> int:
        """Sends up to ``BATCH`` events whose time has come; how many were taken up, whatever became of them.

        Raises ``DirectoryUnavailable``: what was held then is sent again when the lease is over. Once ``go_on`` says
        no, what was not begun is given back.
        """
        now = self._clock.now()
        held = self._outbox.take(now, now + LEASE, BATCH)
        down: dict[tuple[str, str], datetime] = {}
        for event in held:
            until = down.get((event.organization, event.hook))
            if until is None and go_on() and self._clock.now() < now + LEASE - self._call:
                until = self._deliver(event)
                if until is not None:
                    down[event.organization, event.hook] = until
            else:
                self._outbox.release(event)
        for (organization, hook), until in down.items():
            self._outbox.postpone(organization, hook, until)
        return len(held)

    def forget(self) -> int:
        """Removes what was delivered long ago."""
        return self._outbox.forget(self._clock.now() - KEPT)

    def _deliver(self, event: OutboxEvent) -> datetime | None:
        """Sends one; until when its hook is better left alone, None if there is no reason."""
        hook = next((each for each in self._hooks.of(event.organization) if each.name == event.hook), None)
        try:
            if hook is None:  # Maybe only this worker does not know it, or it comes back.
                raise HookFailed("not_configured", is_down=True)
            self._tell(hook, event)
        except HookFailed as failure:
            return self._failed(event, failure)
        self._outbox.delivered(event.id, self._clock.now())
        _log.info(
            "hook_told",
            org=event.organization,
            hook=event.hook,
            account=event.account_id,
            attempts=event.attempts,
        )
        return None

    def _tell(self, hook: Hook, event: OutboxEvent) -> None:
        # What may be said is what the configuration says now, and no more than what it said then (threats PR-14).
        fields = {name: value for name, value in event.fields.items() if name in hook.fields}
        told = Event(event.id, event.kind, event.organization, event.account_id, event.created_at, fields)
        try:
            hook.application.tell(told, self._call)
        except HookFailed:
            raise
        except Exception as error:  # Code of others: the next event must not suffer for this one.
            _log.error("hook_error", org=event.organization, hook=event.hook, reason="error", exc_info=True)
            raise HookFailed("error") from error

    def _failed(self, event: OutboxEvent, failure: HookFailed) -> datetime | None:
        now = self._clock.now()
        rest = failure.retry_after or timedelta(0)
        dead = failure.is_final or _is_given_up(event, now)
        next_attempt_at = None if dead else now + max(self._pause(event.attempts), rest)
        if self._outbox.failed(event, failure.reason, next_attempt_at):
            self._say(event, failure, dead=dead)
        return now + max(DOWN, rest) if failure.is_down and not failure.is_final else None

    def _pause(self, attempts: int) -> timedelta:
        """Longer each time, and drawn, so that not everything that failed together comes back together."""
        grown: timedelta = min(LONGEST_PAUSE, FIRST_PAUSE * _FACTOR ** min(attempts - 1, 10))
        drawn = int(digest(self._entropy.token(8))[:8], 16) / 0xFFFF_FFFF
        return grown * (0.75 + 0.5 * drawn)

    def _say(self, event: OutboxEvent, failure: HookFailed, *, dead: bool) -> None:
        said = {
            "org": event.organization,
            "hook": event.hook,
            "account": event.account_id,
            "event_id": event.id,
            "reason": failure.reason,
            "attempts": event.attempts,
        }
        if dead:
            detail = "given up; `broker outbox retry` tries it again"
            _log.error("hook_dead_letter", **said, detail=detail, for_operator=True)
        else:
            _log.warning("hook_not_told", **said)


def _is_given_up(event: OutboxEvent, now: datetime) -> bool:
    if event.attempts >= MOST_ATTEMPTS:
        return True
    return event.attempts >= LEAST_ATTEMPTS and now - event.created_at >= LONGEST
