"""The highest change that was ever seen is remembered outside of the records."""

from __future__ import annotations

from datetime import timedelta

import pytest

from broker.clock import ManualClock
from broker.federation.high_water import HighWater
from broker.store.directory import DirectoryUnavailable
from broker.store.state import StateStore


class Counter:
    def __init__(self, generation: int = 0) -> None:
        self.generation = generation

    def __call__(self) -> int:
        return self.generation


def test_nothing_is_remembered_at_first(state_store: StateStore) -> None:
    assert HighWater(state_store, Counter()).highest() == 0


def test_the_highest_one_stays(state_store: StateStore) -> None:
    records = Counter(7)
    known = HighWater(state_store, records)
    for generation in (3, 7, 5, 7):
        known.see(generation)
    assert known.highest() == 7
    assert HighWater(state_store, records).highest() == 7


def test_records_that_went_back_are_not_believed(state_store: StateStore) -> None:
    records = Counter(7)
    known = HighWater(state_store, records)
    known.see(7)
    records.generation = 6
    with pytest.raises(DirectoryUnavailable, match="from change 7 to 6"):
        known.see(6)
    assert known.highest() == 7


def test_a_late_reader_of_records_that_went_on_is_believed(state_store: StateStore) -> None:
    known = HighWater(state_store, Counter(8))
    known.see(8)
    known.see(7)
    assert known.highest() == 8


def test_what_an_operator_accepts_is_remembered_instead(state_store: StateStore) -> None:
    records = Counter(7)
    known = HighWater(state_store, records)
    known.see(7)
    records.generation = 2
    known.accept(2)
    known.see(2)
    assert known.highest() == 2


def test_each_look_remembers_it_for_another_year(state_store: StateStore, clock: ManualClock) -> None:
    known = HighWater(state_store, Counter(7))
    known.see(7)
    clock.advance(timedelta(days=365))
    known.see(7)
    clock.advance(timedelta(days=365))
    if type(state_store).__name__ == "SqliteState":  # Redis has a clock of its own, which does not jump.
        assert known.highest() == 7
