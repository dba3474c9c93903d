"""The contract of ``StateStore`` when many call at one moment: one winner, and nothing lost (threats G3, SS-09)."""

from __future__ import annotations

from pathlib import Path

from broker.store.state import AlreadyTaken, StateStore, Taken
from tests.contracts import racing
from tests.contracts.racing import TTL, Race, Racers


def test_of_fifty_takers_one_gets_the_record(state_store: StateStore, state_location: Path | str, race: Race) -> None:
    state_store.put("code", "one", b"v", TTL)
    results = race(racing.take, 50, state_location)
    assert results.count(Taken(b"v")) == 1
    assert results.count(None) == 49


def test_of_fifty_takers_with_a_mark_all_but_one_get_the_mark_of_that_one(
    state_store: StateStore, state_location: Path | str, race: Race
) -> None:
    state_store.put("code", "one", b"v", TTL)
    results = race(racing.take_with_mark, 50, state_location)
    assert results.count(Taken(b"v")) == 1
    marks = {result.mark for result in results if isinstance(result, AlreadyTaken)}
    assert len(marks) == 1
    assert sum(isinstance(result, AlreadyTaken) for result in results) == 49


def test_of_fifty_who_add_one_adds(state_store: StateStore, state_location: Path | str, race: Race) -> None:
    winners = [number for number in race(racing.add_if_absent, 50, state_location) if number is not None]
    assert len(winners) == 1
    assert state_store.get("jti", "one") == b"caller %d" % winners[0]


def test_no_increment_is_lost_and_no_count_is_given_twice(
    state_store: StateStore, state_location: Path | str, race: Race
) -> None:
    counts = [count for share in race(racing.increment_ten_times, 20, state_location) for count in share]
    assert sorted(counts) == list(range(1, 201))
    assert state_store.increment("attempts", "one", TTL) == 201


def test_no_change_by_comparing_overwrites_another(
    state_store: StateStore, state_location: Path | str, race: Race
) -> None:
    state_store.put("list", "one", b"", TTL)
    race(racing.append_by_comparing, 20, state_location)
    assert sorted(state_store.get("list", "one") or b"") == list(range(20))


def test_a_record_that_is_entered_while_its_index_is_deleted_is_deleted_or_stays_in_the_index(
    state_store: StateStore, state_location: Path | str, race: Race
) -> None:
    deleted = sum(race(racing.put_and_delete_index, 20, state_location))
    deleted += state_store.delete_index("session", "account:1")
    assert deleted == 16 * 20
    assert sum(state_store.delete_index("session", f"connection:{number}") for number in range(20)) == 0


def test_twenty_who_open_a_new_store_at_once_all_can(racers: Racers, tmp_path: Path) -> None:
    assert racers.race(racing.open_new_state, 20, tmp_path / "new.sqlite") == [b"here"] * 20
