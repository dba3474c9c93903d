"""How the configuration that serves stands to the one that lies in the files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class ConfigurationState:
    """``version`` names the files that serve, ``taken_at`` is when they began to. ``stale_since``: from when on the
    files are others that cannot be used; None while there are none. ``problems``: how many errors they have.
    """

    version: str
    taken_at: datetime
    stale_since: datetime | None = None
    problems: int = 0

    @property
    def word(self) -> Literal["current", "stale"]:
        return "current" if self.stale_since is None else "stale"

    @property
    def since(self) -> datetime:
        """Since when it is so."""
        return self.stale_since or self.taken_at
