"""What one change means: that the broker becomes stricter or laxer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from broker.location import Location

Direction = Literal["weaker", "stronger", "different"]


@dataclass(frozen=True, slots=True)
class Effect:
    """What one change means. ``weaker``: it lets in more people, or gives out more. ``different``: neither can be said.

    ``subject``: the organisation or application that it is about; empty for the broker itself. ``place``: the rule.
    """

    direction: Direction
    subject: str
    sentence: str
    place: Location | None = None


def wider(subject: str, key: str, old: Sequence[Any], new: Sequence[Any]) -> Iterator[Effect]:
    """A list whose items each permit something."""
    before, after = {str(item) for item in old}, {str(item) for item in new}
    for item in sorted(after - before):
        yield Effect("weaker", subject, f"{key} takes in {item}")
    for item in sorted(before - after):
        yield Effect("stronger", subject, f"{key} has {item} no more")
