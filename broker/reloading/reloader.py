"""Looks at the configuration directory, and has what lies there take effect when it is quiet, whole and good.

A file may be half-written, a folder half-copied, a link just on its way to another target: so nothing is read before
the directory has been quiet for a moment, and what was read counts only if nothing changed meanwhile. What cannot be
used changes nothing: the last good reading serves on, and log, health and metrics say that it is not that of the files.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Final, Protocol

import structlog

from broker.clock import Clock
from broker.configuration_state import ConfigurationState
from broker.federation.configuration import Configuration
from broker.federation.files import Reading
from broker.federation.findings import ConfigurationRejected, Finding, has_errors, printable
from broker.federation.load import load
from broker.reloading.glance import Glance
from broker.reloading.last_good import LastGood
from broker.reloading.restart import needs_restart, waits_for_restart

EVERY: Final = timedelta(milliseconds=100)
# Longer than a program pauses between the writes of one file, and between two files that it saves.
QUIET: Final = timedelta(milliseconds=300)
# What was refused for a reason outside of the files (a certificate that begins tomorrow) is tried again so often.
REFUSED_AGAIN: Final = timedelta(seconds=30)
# A store that did not answer is usually back within seconds.
POSTPONED_AGAIN: Final = timedelta(seconds=2)
# A directory that is written to without a pause is told, since nothing of it takes effect.
_RESTLESS: Final = timedelta(seconds=30)
# Looking may take this part of a core: with very many files it is done less often, but never more seldom than that.
_SHARE: Final = 0.02
_SELDOM_SECONDS: Final = 1.0

_TOLD: Final = 20

_log = structlog.get_logger()


class NotTaken(Exception):
    """The reading is good in itself and must not take effect; the findings say why."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("; ".join(str(finding) for finding in findings))
        self.findings = tuple(findings)


class Postponed(Exception):
    """Whether the reading may take effect cannot be said now, since a store does not answer."""


class Take(Protocol):
    """Has a configuration take effect, as a whole; raises ``NotTaken`` or ``Postponed``, and then nothing changed."""

    def __call__(self, configuration: Configuration) -> None: ...


def version_of(reading: Reading | None) -> str:
    """A short name for the files of a reading, the same on every worker."""
    digest = hashlib.sha256()
    for name, content in sorted(reading.contents.items()) if reading is not None else ():
        for part in (name.encode("utf-8", "surrogateescape"), content if isinstance(content, bytes) else b""):
            digest.update(len(part).to_bytes(8) + part)
    return digest.hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Running:
    """What serves, and how the directory looked when it was read; None if it was not read from there."""

    configuration: Configuration
    glance: Glance | None = None


class Reloader:
    """One of each process that serves by the configuration. ``look`` is called again and again, by one thread."""

    def __init__(
        self,
        running: Running,
        take: Take,
        *,
        environ: Mapping[str, str],
        clock: Clock,
        monotonic: Callable[[], int],
        last_good: LastGood | None = None,
    ) -> None:
        """``monotonic``: nanoseconds on the machine's monotonic clock, the same for all processes."""
        self._running = running.configuration
        self._directory = running.configuration.directory
        self._take = take
        self._environ = environ
        self._clock = clock
        self._monotonic = monotonic
        self._last_good = last_good
        self._examined = running.glance
        self._named: tuple[Path, ...] = tuple(running.configuration.marks)
        self._moving: Glance | None = None
        self._moving_since = self._restless_since = 0
        self._again_at: int | None = None
        self._told: tuple[Finding, ...] = ()
        self._state = ConfigurationState(version_of(self._running.reading), clock.now())

    def state(self) -> ConfigurationState:
        """How what serves stands to the files."""
        return self._state

    @property
    def is_wanted(self) -> bool:
        """Whether the configuration that serves wants to be watched."""
        return self._running.broker.reload.enabled

    def look(self) -> None:
        """One look; reads only what changed and has been quiet since, or what is due to be tried again."""
        now = self._monotonic()
        seen = Glance.at(self._directory, self._named)
        if seen == self._examined:
            self._moving = None
            if self._again_at is not None and now >= self._again_at:
                self._examine(seen, now)
            return
        if seen != self._moving:
            if self._moving is None:
                self._restless_since = now
            self._moving, self._moving_since = seen, now
            if now - self._restless_since > _nanoseconds(_RESTLESS):
                self._restless_since = now
                _log.warning("config_restless", reason="reload", detail="files change without a pause: none is read")
        elif now - self._moving_since >= _nanoseconds(QUIET):
            self._examine(seen, now)

    def _examine(self, seen: Glance, began: int) -> None:
        found: Configuration | ConfigurationRejected
        try:
            found = load(self._directory, environ=self._environ, clock=self._clock)
        except ConfigurationRejected as rejection:
            found = rejection
        after = Glance.at(self._directory, found.marks)
        self._named = tuple(found.marks)
        if after.sources != seen.sources or after.named != found.marks:
            self._moving = None  # Something changed while it was read: look again.
            return
        self._examined, self._moving, self._again_at = after, None, None
        if isinstance(found, ConfigurationRejected):
            self._refuse([finding for finding in found.findings if finding.severity == "error"], began)
        elif (found.reading, found.marks) == (self._running.reading, self._running.marks):
            self._returned()
        else:
            self._try(found, began)

    def _try(self, found: Configuration, began: int) -> None:
        fixed = sorted(needs_restart(self._running, found))
        if has_errors(fixed):
            self._refuse(fixed, began)
            return
        try:
            self._take(found)
        except NotTaken as refusal:
            self._refuse(refusal.findings, began)
        except Postponed as reason:
            self._stay_stale(0)
            self._again_at = began + _nanoseconds(POSTPONED_AGAIN)
            _log.warning("config_postponed", reason="store", detail=str(reason))
        except Exception:  # Whatever a new application dies of: the one that serves goes on.
            _log.error("config_rejected", reason="error", exc_info=True)
            self._stay_stale(1)
            self._again_at = began + _nanoseconds(REFUSED_AGAIN)
        else:
            self._taken(found, began)

    def _taken(self, found: Configuration, began: int) -> None:
        before, self._running = self._running, found
        self._told = ()
        self._state = ConfigurationState(version_of(found.reading), self._clock.now())
        if self._last_good is not None and found.reading is not None:
            self._last_good.put(found.reading, began)
        _log.info(
            "config_reloaded",
            version=self._state.version,
            files=_changed(before.reading, found.reading),
            milliseconds=(self._monotonic() - began) // 1_000_000,
        )
        for finding in found.warnings:
            if finding not in before.warnings:
                _log.warning("config_warning", detail=str(finding))
        if (sentence := waits_for_restart(before, found)) is not None:
            _log.warning("config_warning", detail=sentence)

    def _returned(self) -> None:
        """The files are again what serves already."""
        self._told = ()
        if self._state.stale_since is not None:
            self._state = replace(self._state, stale_since=None, problems=0)
            _log.info("config_current", version=self._state.version)

    def _refuse(self, findings: Sequence[Finding], began: int) -> None:
        self._stay_stale(len(findings))
        self._again_at = began + _nanoseconds(REFUSED_AGAIN)
        if tuple(findings) == self._told:
            return
        self._told = tuple(findings)
        _log.error(
            "config_rejected",
            reason=findings[0].code if findings else "error",
            version=self._state.version,
            problems=len(findings),
            findings=[str(finding)[:300] for finding in findings[:_TOLD]],
        )

    def _stay_stale(self, problems: int) -> None:
        since = self._state.stale_since or self._clock.now()
        self._state = replace(self._state, stale_since=since, problems=problems)


def _nanoseconds(span: timedelta) -> int:
    return span // timedelta(microseconds=1) * 1000


def _changed(before: Reading | None, after: Reading | None) -> list[str]:
    old = before.contents if before is not None else {}
    new = after.contents if after is not None else {}
    names = [name for name in sorted({*old, *new}) if old.get(name) != new.get(name)]
    return [printable(name) for name in names[:_TOLD]]


class ReloadThread:
    """One daemon thread of a process."""

    def __init__(self, reloader: Reloader, monotonic: Callable[[], int], every: timedelta = EVERY) -> None:
        self._reloader = reloader
        self._monotonic = monotonic
        self._every = every.total_seconds()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reload", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns when no look is under way any more."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        pause = self._every
        while self._reloader.is_wanted and not self._stopped.wait(pause):
            began = self._monotonic()
            try:
                self._reloader.look()
            except Exception:  # Nobody would notice that this worker does not look any more.
                _log.error("config_look_failed", reason="error", exc_info=True)
            took = (self._monotonic() - began) / 1_000_000_000
            pause = max(self._every, min(took / _SHARE, _SELDOM_SECONDS))
