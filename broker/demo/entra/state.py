"""Everything one simulator is made of, handed to each of its parts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from broker.clock import Clock
from broker.demo.entra.consent_forgery import ConsentForgeries
from broker.demo.entra.delta import DeltaTokens
from broker.demo.entra.directory import SimulatedDirectory
from broker.demo.entra.faults import Faults
from broker.demo.entra.grants import Grants
from broker.demo.entra.interaction import Interactions
from broker.demo.entra.journal import Journal
from broker.demo.entra.keys import KeyRing
from broker.demo.entra.mutations import TokenMutations
from broker.demo.entra.notifications import Notifier
from broker.demo.entra.sessions import BrowserSessions
from broker.demo.entra.settings import Settings
from broker.demo.entra.subscriptions import MAY_WATCH, Subscription, Subscriptions


class ShiftedClock:
    """A clock that runs with another one, but wrong by ``offset``."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.offset = timedelta()

    def now(self) -> datetime:
        return self._clock.now() + self.offset


@dataclass(slots=True)
class Chosen:
    """The settings in force; who needs them asks anew each time."""

    settings: Settings


@dataclass(slots=True)
class Simulator:
    directory: SimulatedDirectory
    clock: ShiftedClock
    # Without a slash at the end. Login and Graph share it; their paths do not collide.
    base_url: str
    keys: KeyRing
    sessions: BrowserSessions
    interactions: Interactions
    grants: Grants
    mutations: TokenMutations
    faults: Faults
    journal: Journal
    consent_forgeries: ConsentForgeries
    delta_tokens: DeltaTokens
    subscriptions: Subscriptions
    notifier: Notifier
    chosen: Chosen

    @property
    def settings(self) -> Settings:
        """As they are now."""
        return self.chosen.settings

    def reset(self) -> None:
        """Back to the start: world, keys, clock; nobody is signed in, nothing is given out, nothing is broken."""
        with self.directory.lock:
            self.directory.reset()
            self.keys.reset()
            self.clock.offset = timedelta()
            self.sessions.reset()
            self.interactions.reset()
            self.grants.reset()
            self.mutations.reset()
            self.faults.reset()
            self.journal.clear()
            self.consent_forgeries.reset()
            self.delta_tokens.reset()
            self.subscriptions.reset()
            self.notifier.reset()
            self.chosen.settings = self.settings.at_reset()


def new_simulator(
    directory: SimulatedDirectory, clock: Clock, base_url: str, settings: Settings | None = None
) -> Simulator:
    """A simulator at the start; makes its keys, which takes some tenths of a second."""
    lock = directory.lock
    shifted, chosen, subscriptions = ShiftedClock(clock), Chosen(settings or Settings()), Subscriptions(lock)
    notifier = Notifier(subscriptions, shifted, lambda: chosen.settings, partial(_may_hear, directory))
    directory.on_change(notifier.note)
    return Simulator(
        directory,
        shifted,
        base_url.rstrip("/"),
        KeyRing(base_url.rstrip("/"), clock.now(), lock),
        BrowserSessions(lock),
        Interactions(lock),
        Grants(lock),
        TokenMutations(lock),
        Faults(lock),
        Journal(lock),
        ConsentForgeries(lock),
        DeltaTokens(lock),
        subscriptions,
        notifier,
        chosen,
    )


def _may_hear(directory: SimulatedDirectory, subscription: Subscription) -> bool:
    """A tenant tells nothing to an application that it has thrown out, or that has lost the permission."""
    principal = directory.service_principal(subscription.client_id, subscription.tenant_id)
    if principal is None or principal.state != "present":
        return False
    return bool((principal.application_permissions | principal.tenant_wide_scopes) & MAY_WATCH)
