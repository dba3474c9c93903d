"""The reading that the running broker serves by, kept where a command can find it.

It names secrets and holds none. Where several machines serve, it is that of the one that read last.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from broker.federation.configuration import Configuration
from broker.federation.files import Reading
from broker.store.state import StateStore

_KIND: Final = "configuration"
_KEY: Final = "served"
# Longer than any broker runs without a start or a change.
_KEPT: Final = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Served:
    """``directory``: from where its relative paths start."""

    directory: Path
    reading: Reading


_SERVED: Final = TypeAdapter(Served)


def keep_served(state: StateStore, configuration: Configuration) -> None:
    """Keeps what serves from now on; raises ``StateUnavailable``."""
    if configuration.reading is not None:
        served = Served(configuration.directory.absolute(), configuration.reading)
        state.put(_KIND, _KEY, _SERVED.dump_json(served), _KEPT)


def served(state: StateStore) -> Served | None:
    """What serves, or None where no broker has said so; raises ``StateUnavailable``."""
    kept = state.get(_KIND, _KEY)
    if kept is None:
        return None
    try:
        return _SERVED.validate_json(kept)
    except ValidationError:  # Of another version of the broker.
        return None
