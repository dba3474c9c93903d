"""A world whose configuration is exchanged while it serves, by the same parts as in a worker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from broker.app import create_app
from broker.composition.lasting import Application
from broker.composition.serving import Serving
from broker.federation.configuration import Configuration
from broker.federation.load import load
from broker.organizations import Organizations
from broker.reloading.glance import Glance
from broker.reloading.reloader import Reloader, Running
from tests.support.world import ENVIRON, World


@dataclass(slots=True)
class Exchanged:
    """The world's broker, which from now on follows what lies in ``directory``."""

    world: World
    directory: Path
    serving: Serving = field(init=False)
    reloader: Reloader = field(init=False)
    _now: int = 0

    def __post_init__(self) -> None:
        sources = Glance.at(self.directory).sources
        configuration = load(self.directory, environ=ENVIRON, clock=self.world.clock)

        def create(found: Configuration, organizations: Organizations, before: Application | None) -> Application:
            around = self.world.around
            state = self.reloader.state
            return create_app(found, around, organizations=organizations, before=before, state=lambda: state())

        self.reloader = Reloader(
            Running(configuration, Glance(sources, configuration.marks)),
            lambda found: self.serving.take(found),
            environ=ENVIRON,
            clock=self.world.clock,
            monotonic=lambda: self._now,
        )
        self.serving = Serving(configuration, self.world.around, create)
        self.world.foundation.broker.serve(self.serving)

    def settle(self) -> None:
        """Lets enough time pass for a change to be noticed, found quiet, and read."""
        for _ in range(8):
            self._now += 200_000_000
            self.reloader.look()

    def edit(self, name: str, change: Callable[[str], str]) -> None:
        path = self.directory / name
        path.write_text(change(path.read_text()))
