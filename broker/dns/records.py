"""The port for looking up what somebody has put into the DNS."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class DnsUnanswered(Exception):
    """No resolver gave an answer: nothing may be concluded."""


class TextRecords(Protocol):
    """TXT records."""

    def lookup(self, name: str) -> Sequence[str]:
        """The texts at an absolute name, none if there are none; raises ``DnsUnanswered``."""
        ...
