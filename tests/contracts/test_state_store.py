"""The contract of ``StateStore``: every sentence of the port, over every implementation on its real server."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from broker.clock import ManualClock
from broker.store.opening import open_state
from broker.store.state import AlreadyTaken, StateStore, Taken
from broker.store.state_sqlite import SqliteState

TTL = timedelta(minutes=10)
TICK = timedelta(microseconds=1)
DAY = timedelta(days=1)


@pytest.mark.parametrize("value", [b"", b"text", bytes(range(256)), b"\n0021r\x00" * 200_000], ids=len)
def test_a_record_is_read_as_it_was_written(state_store: StateStore, value: bytes) -> None:
    state_store.put("session", "k", value, TTL)
    assert state_store.get("session", "k") == value
    state_store.put("session", "indexed", value, TTL, indexes=["account:1", "account:2"])
    assert state_store.get("session", "indexed") == value
    assert state_store.take("session", "indexed") == Taken(value)


def test_what_was_never_written_is_absent(state_store: StateStore) -> None:
    assert state_store.get("session", "k") is None
    assert state_store.take("session", "k") is None
    assert state_store.take("session", "k", mark=b"m", mark_ttl=TTL) is None
    assert state_store.delete("session", "k") is False
    assert state_store.compare_and_set("session", "k", b"", b"v", TTL) is False
    assert state_store.get("session", "k") is None


def test_a_key_means_a_record_within_its_kind_only(state_store: StateStore) -> None:
    places = [("a", "b:c"), ("a:b", "c"), ("a%3Ab", "c"), ("a", "b}:c"), ("A", "b:c"), ("a", "B:c"), ("b", "b:c")]
    for number, (kind, key) in enumerate(places):
        assert state_store.add_if_absent(kind, key, str(number).encode(), TTL)
        state_store.put(kind, "member", b"", TTL, indexes=[key])
        assert state_store.increment(kind, key, TTL) == 1
    for number, (kind, key) in enumerate(places):
        assert state_store.get(kind, key) == str(number).encode()
        assert state_store.members(kind, key) == {"member"}


def test_writing_again_replaces_value_and_life(state_store: StateStore, clock: ManualClock) -> None:
    state_store.put("session", "longer", b"1", TTL)
    state_store.put("session", "shorter", b"1", TTL)
    state_store.put("session", "longer", b"2", 2 * TTL)
    state_store.put("session", "shorter", b"2", TTL / 2)
    assert state_store.get("session", "shorter") == b"2"
    clock.advance(TTL / 2)
    assert state_store.get("session", "shorter") is None
    clock.advance(TTL)
    assert state_store.get("session", "longer") == b"2"


READERS: dict[str, Callable[[StateStore], bool]] = {
    "get": lambda store: store.get("session", "k") == b"v",
    "take": lambda store: store.take("session", "k") == Taken(b"v"),
    "take with a mark": lambda store: store.take("session", "k", mark=b"m", mark_ttl=TTL) == Taken(b"v"),
    "delete": lambda store: store.delete("session", "k"),
    "compare_and_set": lambda store: store.compare_and_set("session", "k", b"v", b"w", TTL),
    "add_if_absent": lambda store: not store.add_if_absent("session", "k", b"w", TTL),
    "delete_index": lambda store: store.delete_index("session", "account:1") == 1,
}


@pytest.mark.parametrize("there", READERS.values(), ids=READERS)
def test_a_record_is_there_until_its_last_microsecond_and_then_gone_for_every_reader(
    state_store: StateStore, clock: ManualClock, there: Callable[[StateStore], bool]
) -> None:
    for moment, expected in ((TTL - TICK, True), (TTL, False), (TTL + DAY, False)):
        start = clock.now()
        state_store.delete("session", "k")
        state_store.put("session", "k", b"v", TTL, indexes=["account:1"])
        clock.set(start + moment)
        assert there(state_store) is expected


def test_a_record_without_a_life_is_gone_at_once(state_store: StateStore) -> None:
    state_store.put("session", "k", b"old", TTL)
    state_store.put("session", "k", b"v", timedelta())
    assert state_store.get("session", "k") is None
    state_store.put("session", "k", b"v", -DAY, indexes=["account:1"])
    assert state_store.take("session", "k") is None


def test_lives_of_months_are_kept(state_store: StateStore, clock: ManualClock) -> None:
    state_store.put("refresh", "k", b"v", 400 * DAY, indexes=["account:1"])
    clock.advance(400 * DAY - TICK)
    assert state_store.get("refresh", "k") == b"v"
    assert state_store.members("refresh", "account:1") == {"k"}


# --- take and marks ---------------------------------------------------------------------------------------------------


def test_a_record_is_taken_once(state_store: StateStore) -> None:
    state_store.put("code", "k", b"v", TTL)
    assert state_store.take("code", "k") == Taken(b"v")
    assert state_store.take("code", "k") is None
    assert state_store.get("code", "k") is None


def test_a_mark_is_what_later_takers_get_until_it_expires(state_store: StateStore, clock: ManualClock) -> None:
    state_store.put("code", "k", b"v", TTL)
    assert state_store.take("code", "k", mark=b"grant 1", mark_ttl=2 * TTL) == Taken(b"v")
    assert state_store.take("code", "k", mark=b"grant 2", mark_ttl=9 * TTL) == AlreadyTaken(b"grant 1")
    assert state_store.take("code", "k") == AlreadyTaken(b"grant 1")
    clock.advance(2 * TTL - TICK)
    assert state_store.take("code", "k") == AlreadyTaken(b"grant 1")
    clock.advance(TICK)
    assert state_store.take("code", "k") is None


def test_a_mark_is_no_record(state_store: StateStore) -> None:
    state_store.put("code", "k", b"v", TTL, indexes=["grant:1"])
    state_store.take("code", "k", mark=b"m", mark_ttl=TTL)
    assert state_store.get("code", "k") is None
    assert state_store.compare_and_set("code", "k", b"m", b"w", TTL) is False
    assert state_store.delete("code", "k") is False
    assert state_store.delete_index("code", "grant:1") == 0
    assert state_store.take("code", "k") == AlreadyTaken(b"m"), "and nobody but time removes it"


@pytest.mark.parametrize("how", ["put", "add_if_absent"])
def test_a_record_written_after_a_mark_takes_its_place(state_store: StateStore, how: str) -> None:
    state_store.put("code", "k", b"v", TTL)
    state_store.take("code", "k", mark=b"m", mark_ttl=TTL)
    if how == "put":
        state_store.put("code", "k", b"w", TTL)
    else:
        assert state_store.add_if_absent("code", "k", b"w", TTL)
    assert state_store.take("code", "k") == Taken(b"w")
    assert state_store.take("code", "k") is None


def test_a_mark_comes_with_its_life(state_store: StateStore) -> None:
    state_store.put("code", "k", b"v", TTL)
    with pytest.raises(ValueError, match="mark"):
        state_store.take("code", "k", mark=b"m")
    with pytest.raises(ValueError, match="mark"):
        state_store.take("code", "k", mark_ttl=TTL)
    assert state_store.take("code", "k", mark=b"", mark_ttl=TTL) == Taken(b"v")
    assert state_store.take("code", "k") == AlreadyTaken(b"")


# --- delete, add_if_absent, compare_and_set ---------------------------------------------------------------------------


def test_deleting_says_whether_there_was_a_record(state_store: StateStore) -> None:
    state_store.put("session", "k", b"v", TTL)
    assert state_store.delete("session", "k") is True
    assert state_store.delete("session", "k") is False
    assert state_store.get("session", "k") is None


def test_adding_writes_only_where_nothing_is(state_store: StateStore, clock: ManualClock) -> None:
    assert state_store.add_if_absent("jti", "k", b"1", TTL) is True
    assert state_store.add_if_absent("jti", "k", b"2", 9 * TTL) is False
    assert state_store.get("jti", "k") == b"1"
    clock.advance(TTL)
    assert state_store.add_if_absent("jti", "k", b"3", TTL) is True
    assert state_store.get("jti", "k") == b"3"


def test_comparing_replaces_only_what_is_as_expected(state_store: StateStore, clock: ManualClock) -> None:
    state_store.put("refresh", "k", b"1", TTL)
    for wrong in (b"", b"2", b"1 ", b"11"):
        assert state_store.compare_and_set("refresh", "k", wrong, b"x", TTL) is False
    assert state_store.get("refresh", "k") == b"1"
    clock.advance(TTL - TICK)
    assert state_store.compare_and_set("refresh", "k", b"1", b"2", TTL) is True
    clock.advance(TTL - TICK)
    assert state_store.get("refresh", "k") == b"2", "its life starts anew"
    clock.advance(TICK)
    assert state_store.get("refresh", "k") is None


# --- indexes ----------------------------------------------------------------------------------------------------------


def test_an_index_names_the_keys_that_were_entered(state_store: StateStore) -> None:
    state_store.put("session", "a", b"1", TTL, indexes=["account:1", "connection:x"])
    state_store.put("session", "b", b"2", TTL, indexes=["account:1"])
    state_store.put("session", "c", b"3", TTL)
    state_store.put("code", "d", b"4", TTL, indexes=["account:1"])
    assert state_store.members("session", "account:1") == {"a", "b"}
    assert state_store.members("session", "connection:x") == {"a"}
    assert state_store.members("code", "account:1") == {"d"}
    assert state_store.members("session", "account:2") == frozenset()


def test_deleting_an_index_deletes_the_records_it_names_and_counts_those_that_were_there(
    state_store: StateStore, clock: ManualClock
) -> None:
    state_store.put("session", "short", b"1", TTL / 2, indexes=["account:1"])
    for key in ("a", "b", "taken", "deleted"):
        state_store.put("session", key, b"1", TTL, indexes=["account:1", "connection:x"])
    state_store.put("session", "other", b"1", TTL, indexes=["account:2", "connection:x"])
    state_store.put("code", "a", b"1", TTL, indexes=["account:1"])
    state_store.take("session", "taken")
    state_store.delete("session", "deleted")
    clock.advance(TTL / 2)
    assert state_store.delete_index("session", "account:1") == 2
    assert state_store.members("session", "account:1") == frozenset()
    assert state_store.get("session", "a") is None
    assert state_store.get("session", "b") is None
    assert state_store.get("session", "other") == b"1"
    assert state_store.get("code", "a") == b"1"
    assert state_store.delete_index("session", "account:1") == 0
    assert state_store.delete_index("session", "connection:x") == 1


def test_an_index_of_thousands_is_deleted_whole(state_store: StateStore) -> None:
    for number in range(3000):
        state_store.put("session", str(number), b"1", TTL, indexes=["organization:1"])
    assert len(state_store.members("session", "organization:1")) == 3000
    assert state_store.delete_index("session", "organization:1") == 3000


def test_an_index_lasts_as_long_as_its_longest_record(state_store: StateStore, clock: ManualClock) -> None:
    state_store.put("session", "long", b"1", 10 * TTL, indexes=["account:1"])
    state_store.put("session", "short", b"1", TTL, indexes=["account:1"])
    clock.advance(10 * TTL - TICK)
    state_store.put("session", "shorter", b"1", TICK, indexes=["account:1"])
    assert "long" in state_store.members("session", "account:1")
    assert state_store.delete_index("session", "account:1") == 2


@pytest.mark.parametrize("how", ["compare_and_set", "put without the index"])
def test_a_record_whose_life_is_extended_stays_in_its_indexes(
    state_store: StateStore, clock: ManualClock, how: str
) -> None:
    state_store.put("session", "k", b"1", TTL, indexes=["account:1", "connection:x"])
    if how == "compare_and_set":
        assert state_store.compare_and_set("session", "k", b"1", b"2", 9 * TTL)
    else:
        state_store.put("session", "k", b"2", 9 * TTL)
    clock.advance(TTL)
    state_store.put("session", "another", b"1", TTL, indexes=["account:1", "connection:x"])
    clock.advance(7 * TTL)
    assert "k" in state_store.members("session", "connection:x")
    assert state_store.delete_index("session", "account:1") == 1, "who is signed out everywhere must not be missed"
    assert state_store.get("session", "k") is None


def test_writing_again_may_enter_a_record_in_more_indexes(state_store: StateStore) -> None:
    state_store.put("session", "k", b"1", TTL, indexes=["account:1"])
    state_store.put("session", "k", b"2", TTL, indexes=["account:1", "connection:x", "connection:x"])
    assert state_store.members("session", "account:1") == {"k"}
    assert state_store.members("session", "connection:x") == {"k"}


# --- counters, and the rest -------------------------------------------------------------------------------------------


def test_a_counter_starts_at_one_and_anew_when_the_time_of_its_first_increment_is_over(
    state_store: StateStore, clock: ManualClock
) -> None:
    assert [state_store.increment("attempts", "k", TTL) for _ in range(3)] == [1, 2, 3]
    clock.advance(TTL - TICK)
    assert state_store.increment("attempts", "k", TTL) == 4, "later increments do not lengthen its life"
    clock.advance(TICK)
    assert state_store.increment("attempts", "k", TTL) == 1
    assert state_store.increment("attempts", "other", TTL) == 1


def test_a_counter_and_a_record_of_one_name_are_two_things(state_store: StateStore) -> None:
    state_store.increment("attempts", "k", TTL)
    assert state_store.get("attempts", "k") is None
    assert state_store.add_if_absent("attempts", "k", b"v", TTL)
    assert state_store.increment("attempts", "k", TTL) == 2
    assert state_store.delete("attempts", "k")
    assert state_store.increment("attempts", "k", TTL) == 3


def test_sweeping_removes_what_has_expired_and_nothing_else(state_store: StateStore, clock: ManualClock) -> None:
    for number in range(1200):
        state_store.put("session", f"short {number}", b"1", TTL, indexes=["account:1"])
    state_store.put("session", "long", b"1", 2 * TTL, indexes=["account:1"])
    state_store.put("code", "k", b"1", 2 * TTL)
    state_store.take("code", "k", mark=b"m", mark_ttl=TTL)
    state_store.increment("attempts", "short", TTL)
    state_store.increment("attempts", "long", 2 * TTL)
    clock.advance(TTL)
    assert state_store.sweep() == (1202 if isinstance(state_store, SqliteState) else 0)
    assert state_store.sweep() == 0
    assert state_store.get("session", "long") == b"1"
    assert state_store.increment("attempts", "long", TTL) == 2
    assert state_store.delete_index("session", "account:1") == 1


def test_whoever_opens_the_same_store_sees_the_same_records(
    state_store: StateStore, state_location: Path | str, clock: ManualClock
) -> None:
    state_store.put("session", "k", b"v", TTL, indexes=["account:1"])
    with closing(open_state(state_location, clock)) as other:
        assert other.get("session", "k") == b"v"
        assert other.delete_index("session", "account:1") == 1
    assert state_store.get("session", "k") is None


def test_a_store_that_answers_says_so(state_store: StateStore) -> None:
    state_store.ping()
