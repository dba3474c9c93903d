"""The highest generation of the organisations' records that was ever seen, kept outside of their database.

A database that was put back from a backup, or a replica that lags behind, does not know that an organisation has been
enforced since. Its generation gives it away: it is lower than what the state store remembers (threats FE-18).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

import structlog

from broker.store.directory import DirectoryUnavailable
from broker.store.state import StateStore

_KIND: Final = "generation"
_KEY: Final = "highest"
# Longer than any backup is kept without a start of the broker in between, which remembers anew.
_REMEMBERED: Final = timedelta(days=400)

_log = structlog.get_logger()


class HighWater:
    """What is remembered. ``generation`` gives the present one. A state store that fails is ``StateUnavailable``."""

    def __init__(self, state: StateStore, generation: Callable[[], int]) -> None:
        self._state = state
        self._generation = generation

    def highest(self) -> int:
        """0 when nothing is remembered."""
        return int(self._state.get(_KIND, _KEY) or b"0")

    def see(self, generation: int) -> None:
        """Remembers a generation that the records have reached; raises ``DirectoryUnavailable`` if they were put back.

        What is known of organisations then is not what was acknowledged, and opens nothing (threats FE-23).
        """
        highest = self.highest()
        # Asked again, since somebody may have made and remembered a change after ``generation`` was read.
        if generation < highest and (now := self._generation()) < highest:
            _log.error("directory_rolled_back", found=now, remembered=highest)
            raise DirectoryUnavailable(f"its records have gone back from change {highest} to {now}")
        self._raise_to(generation)

    def accept(self, generation: int) -> None:
        """Remembers a lower generation instead: an operator says that the database was put back on purpose."""
        self._state.put(_KIND, _KEY, b"%d" % generation, _REMEMBERED)

    def _raise_to(self, generation: int) -> None:
        """Of several at once the highest stays; what stays is remembered for the whole time again."""
        while not self._state.add_if_absent(_KIND, _KEY, b"%d" % generation, _REMEMBERED):
            held = self._state.get(_KIND, _KEY)
            if held is None:
                continue
            value = b"%d" % max(generation, int(held))
            if self._state.compare_and_set(_KIND, _KEY, held, value, _REMEMBERED):
                return
