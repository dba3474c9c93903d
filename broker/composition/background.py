"""What runs in the background of one worker, beside the requests, whichever application serves at the moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from broker.composition.directory_side import DirectorySide
from broker.composition.domains import RepeatedProofs
from broker.composition.hooks import HookSide
from broker.composition.lasting import Application, Lasting
from broker.composition.surroundings import Surroundings
from broker.disconnecting import DisconnectionSweep
from broker.domain_sweeping import DomainSweeper
from broker.downstream.oidc.back_channel import BackChannel
from broker.endings import EndingsSweep
from broker.federating import Federating
from broker.glass.reminding import Reminders, RemindersSweep
from broker.hooks.background import DeliveryThread
from broker.mailing.background import BackgroundMailer
from broker.sweeping import Sweeper
from broker.watching.background import WatcherThread


@dataclass(frozen=True, slots=True)
class _Now:
    """Stands for the parts of the application that serves, each time anew: a sweep that comes once an hour keeps its
    hour, however often the configuration changes.
    """

    serving: Callable[[], Application]

    def carry_out(self) -> int:
        side: DirectorySide = self.serving().extensions[DirectorySide.NAME]
        return side.endings.carry_out()

    def carry_out_due(self) -> int:
        switch: Federating = self.serving().extensions[Federating.NAME]
        return switch.carry_out_due()

    def remind(self) -> int:
        reminders: Reminders = self.serving().extensions[Reminders.NAME]
        return reminders.remind()

    def prove_again(self, every: timedelta) -> int:  # noqa: ARG002 - the configuration of the moment says it
        proofs: RepeatedProofs = self.serving().extensions[RepeatedProofs.NAME]
        return proofs.prove_again()


class Background:
    """The threads of a worker: those that live as long as it does, and those that belong to one application."""

    def __init__(self, around: Surroundings, serving: Callable[[], Application]) -> None:
        now = _Now(serving)
        self._lasting = (
            Sweeper(around.state),
            DomainSweeper(now, timedelta(0)),
            EndingsSweep(now),
            DisconnectionSweep(now),
            RemindersSweep(now),
        )
        self._serving = serving
        self._watcher: WatcherThread | None = None
        self._delivery: DeliveryThread | None = None

    def start(self) -> None:
        """Begins, with the application that serves now."""
        for each in self._lasting:
            each.start()
        self._begin(self._serving())

    def follow(self, old: Application, new: Application) -> None:
        """Another application serves from now on: what the old one does in the background ends when it has done what
        is under way, for which nobody waits.
        """
        stopping = [each for each in (self._watcher, self._delivery) if each is not None]
        if not stopping:  # Nothing was begun.
            return
        self._begin(new)
        old.extensions[BackChannel.NAME].retire()
        before: Lasting = old.extensions[Lasting.NAME]
        after: Lasting = new.extensions[Lasting.NAME]
        if before.mailer is not after.mailer and isinstance(before.mailer, BackgroundMailer):
            before.mailer.retire()
        for each in stopping:
            threading.Thread(target=each.stop, name="ending", daemon=True).start()

    def _begin(self, app: Application) -> None:
        app.extensions[BackChannel.NAME].start()
        side: DirectorySide = app.extensions[DirectorySide.NAME]
        self._watcher = WatcherThread(side.watcher, side.looks)
        self._watcher.start()
        heard: HookSide = app.extensions[HookSide.NAME]
        self._delivery = heard.thread()
        self._delivery.start()
