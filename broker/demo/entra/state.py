"""Everything one simulator is made of, handed to each of its parts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from broker.clock import Clock
from broker.demo.entra.consent_forgery import ConsentForgeries
from broker.demo.entra.directory import SimulatedDirectory
from broker.demo.entra.faults import Faults
from broker.demo.entra.grants import Grants
from broker.demo.entra.interaction import Interactions
from broker.demo.entra.journal import Journal
from broker.demo.entra.keys import KeyRing
from broker.demo.entra.mutations import TokenMutations
from broker.demo.entra.sessions import BrowserSessions
from broker.demo.entra.settings import Settings


class ShiftedClock:
    """A clock that runs with another one, but wrong by ``offset``."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.offset = timedelta()

    def now(self) -> datetime:
        return self._clock.now() + self.offset


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
    settings: Settings

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
            self.settings = self.settings.at_reset()


def new_simulator(
    directory: SimulatedDirectory, clock: Clock, base_url: str, settings: Settings | None = None
) -> Simulator:
    """A simulator at the start; makes its keys, which takes some tenths of a second."""
    lock = directory.lock
    return Simulator(
        directory,
        ShiftedClock(clock),
        base_url.rstrip("/"),
        KeyRing(base_url.rstrip("/"), clock.now(), lock),
        BrowserSessions(lock),
        Interactions(lock),
        Grants(lock),
        TokenMutations(lock),
        Faults(lock),
        Journal(lock),
        ConsentForgeries(lock),
        settings or Settings(),
    )
