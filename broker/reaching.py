"""Whether the others that a configuration names can be reached: many at once, each at its place in a file.

What to ask of whom is the composition root's to say (``composition.online``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from broker.federation.findings import Finding, printable
from broker.location import Location

# Some organisations are one host; it shall not take this for an attack.
_AT_ONCE: Final = 8


class Unreachable(Exception):
    """The other side is not there, or not what it should be; a sentence that goes on after what was asked."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One question. ``location``: the key that names who is asked; ``ask`` has a time limit of its own and raises
    ``Unreachable``.
    """

    location: Location
    what: str
    ask: Callable[[], None]


def reach_all(probes: Sequence[Probe], within: timedelta) -> list[Finding]:
    """What was found, in the order of the files; who had no turn ``within`` the time has a warning."""
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="reaching") as pool:
        asked = {pool.submit(probe.ask): probe for probe in probes}
        _, waiting = wait(asked, timeout=within.total_seconds())
        for future in waiting:
            future.cancel()
        # Those that have begun end within their own limits; the others never begin.
    return sorted(finding for future, probe in asked.items() if (finding := _finding(future, probe)) is not None)


def _finding(future: Future[None], probe: Probe) -> Finding | None:
    place = (probe.location.file, probe.location.line, probe.location.column)
    if future.cancelled():
        return Finding(*place, "online", f"{probe.what} was not asked, since time was over", "warning")
    error = future.exception()
    if error is None:
        return None
    if isinstance(error, Unreachable):
        return Finding(*place, "online", f"{probe.what}: {printable(str(error))}")
    raise error
