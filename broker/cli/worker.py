"""One process of ``broker serve`` that serves: what it starts with, and the watch over the configuration."""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from broker import log
from broker.clock import Clock, SystemClock
from broker.federation.load import Configuration, ConfigurationRejected, Finding, load
from broker.reloading.glance import Glance
from broker.reloading.last_good import LastGood
from broker.reloading.reloader import Postponed, Reloader, ReloadThread, Running, Take

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from broker.configuration_state import ConfigurationState
    from broker.metrics_listener import MetricsServer
    from broker.organizations import Organizations

# Seconds between two attempts to start with a configuration whose secrets cannot be had.
_AGAIN_SECONDS: Final = 1.0

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Start:
    """What the first process hands to those that serve: what it read, and where newer readings are kept."""

    running: Running
    last_good: LastGood
    first_process: int = field(default_factory=os.getpid)

    @classmethod
    def read(cls, directory: Path, read: Callable[[Path], Configuration]) -> Start:
        """Reads by ``read``; how the directory looked is noted before, so that no change is missed."""
        sources = Glance.at(directory).sources
        configuration = read(directory)
        return cls(Running(configuration, Glance(sources, configuration.marks)), LastGood())

    def newest(self, clock: Clock) -> Running:
        """The newest reading that serves: the one of the start, or what took its place since.

        Waits while secrets and certificates that a newer one names cannot be had: to start with an older one would
        undo what was changed.
        """
        first = self.running.configuration
        told: tuple[Finding, ...] = ()
        while (reading := self.last_good.get()) is not None and reading != first.reading:
            try:
                return Running(load(first.directory, environ=os.environ, clock=clock, reading=reading))
            except ConfigurationRejected as rejection:
                if rejection.findings != told:
                    told = rejection.findings
                    _log.error("config_rejected", reason="start", findings=[str(finding)[:300] for finding in told])
            _wait(self.first_process)
        return self.running


def load_worker(start: Start) -> WSGIApplication:
    """The application of one worker process, with everything that runs beside it."""
    from broker.app import create_app
    from broker.composition.lasting import Application
    from broker.composition.serving import Serving
    from broker.composition.surroundings import Surroundings

    clock = SystemClock()
    log.configure(clock)
    running = start.newest(clock)
    _wait_for_certificate(running.configuration, start.first_process)
    around = Surroundings.of(running.configuration)
    watch: list[Reloader] = []

    def state() -> ConfigurationState:
        return watch[0].state()

    def create(configuration: Configuration, organizations: Organizations, before: Application | None) -> Application:
        wanted = state if configuration.broker.reload.enabled else None
        return create_app(configuration, around, organizations=organizations, before=before, state=wanted)

    serving = Serving(running.configuration, around, create)
    watch.append(reloader(running, serving.take, clock, start.last_good))
    serving.start_background()
    ReloadThread(watch[0], time.monotonic_ns).start()
    return serving


def serve_metrics(start: Start, listener: MetricsServer) -> None:
    """The process that answers Prometheus, by the configuration of the moment as the workers do."""
    from broker.composition.accepting import accept
    from broker.composition.metrics import federation_metrics
    from broker.composition.surroundings import Surroundings
    from broker.metrics import ConfigurationCollector
    from broker.store.directory import DirectoryUnavailable

    clock = SystemClock()
    log.configure(clock)
    running = start.newest(clock)
    around = Surroundings.of(running.configuration)
    present = [running.configuration]

    def answer(configuration: Configuration) -> None:
        watched = [ConfigurationCollector(watch.state, clock)] if configuration.broker.reload.enabled else []
        listener.answer(federation_metrics(configuration, around), *watched)
        present[0] = configuration

    def take(configuration: Configuration) -> None:
        try:
            accept(present[0], configuration, around)
        except DirectoryUnavailable as error:
            raise Postponed(str(error)) from error
        answer(configuration)

    watch = reloader(running, take, clock)
    answer(running.configuration)
    ReloadThread(watch, time.monotonic_ns).start()
    listener.serve_forever()


def _wait_for_certificate(configuration: Configuration, first_process: int) -> None:
    """Returns when the listener's certificate and key can be used: the server would end with the worker otherwise."""
    tls = configuration.broker.listen.tls
    while tls is not None:
        try:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(configuration.path(tls.certificate), configuration.path(tls.key))
        except OSError as error:
            _log.error("certificate_unusable", reason="start", detail=type(error).__name__)
            _wait(first_process)
        else:
            return


def _wait(first_process: int) -> None:
    time.sleep(_AGAIN_SECONDS)
    if os.getppid() != first_process:
        raise SystemExit(1)


def reloader(running: Running, take: Take, clock: Clock, last_good: LastGood | None = None) -> Reloader:
    """A watch over the configuration of this process."""
    return Reloader(running, take, environ=os.environ, clock=clock, monotonic=time.monotonic_ns, last_good=last_good)
