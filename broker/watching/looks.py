"""Looks that are ordered: by a change notification, or by a check that found the trust itself broken.

An order is one record of its organisation in the state store, so that whichever worker looks first carries it out, and
any number of notifications become one look. Two orders at the same moment may lose a named person; the look reads all
changes of the directory as well, so that nobody is lost to it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from pydantic import TypeAdapter

from broker.clock import Clock
from broker.store.state import StateStore, Taken
from broker.watching.directory import Trouble

_KIND: Final = "look"
_ALL: Final = "all"
# An order that nobody carried out is overtaken by the regular looks long before.
_KEPT: Final = timedelta(hours=1)
# People looked at one by one because of an order; more than that the list of changes tells sooner.
MOST_PEOPLE: Final = 20


@dataclass(frozen=True, slots=True)
class Order:
    """``people``: the object ids that were named. ``trouble``: what a check has found. ``at``: when the first word
    arrived.
    """

    at: datetime
    people: tuple[str, ...] = ()
    trouble: Trouble | None = None


_ORDER: Final = TypeAdapter(Order)


class Looks:
    """Orders looks, and hands the orders out, each once."""

    def __init__(self, state: StateStore, clock: Clock) -> None:
        self._state = state
        self._clock = clock
        self._wake: Callable[[], None] | None = None

    def wake_with(self, wake: Callable[[], None]) -> None:
        """What brings this worker's watcher to look at once."""
        self._wake = wake

    def order(self, organization: str, *, people: tuple[str, ...] = (), trouble: Trouble | None = None) -> None:
        """Orders a look at an organisation's directory, and at some people in it."""
        record = self._state.get(_KIND, organization)
        before = _ORDER.validate_json(record) if record is not None else Order(self._clock.now())
        named = tuple(dict.fromkeys((*before.people, *people)))[:MOST_PEOPLE]
        order = replace(before, people=named, trouble=trouble or before.trouble)
        self._state.put(_KIND, organization, _ORDER.dump_json(order), _KEPT, indexes=[_ALL])
        if self._wake is not None:
            self._wake()

    def waiting(self) -> frozenset[str]:
        """The organisations for which there is an order."""
        named = self._state.members(_KIND, _ALL)
        return frozenset(name for name in named if self._state.get(_KIND, name) is not None)

    def take(self, organization: str) -> Order | None:
        """The order for an organisation: from now on this caller's."""
        taken = self._state.take(_KIND, organization)
        return _ORDER.validate_json(taken.value) if isinstance(taken, Taken) else None
