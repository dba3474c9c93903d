"""How often a door may be tried."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from broker.clock import ManualClock
from broker.errors import TooMany
from broker.rate_limits import Attempt, Limits, RateLimits
from broker.store.state import StateStore

WINDOW = timedelta(minutes=15)
LIMITS = Limits(WINDOW, person_and_client=3, person=6, client=10, everybody=14)


@pytest.fixture
def limits(state_store: StateStore, clock: ManualClock) -> RateLimits:
    return RateLimits(state_store, clock, {"password": LIMITS, "reset": LIMITS})


def passes(limits: RateLimits, person: str | None, client: str | None, door: str = "password") -> bool:
    try:
        limits.require(door, Attempt(person, client))
    except TooMany:
        return False
    return True


def test_one_client_tries_one_person_so_often(limits: RateLimits) -> None:
    assert [passes(limits, "anna", "192.0.2.1") for _ in range(5)] == [True] * 3 + [False] * 2
    assert passes(limits, "basil", "192.0.2.1")
    assert passes(limits, "anna", "192.0.2.2")


def test_one_client_alone_does_not_use_up_what_a_person_may_try_elsewhere(limits: RateLimits) -> None:
    """Lock-out as a weapon: what was refused to the attacker is not counted against the person (threats WE-03)."""
    for _ in range(50):
        passes(limits, "anna", "192.0.2.1")
    assert [passes(limits, "anna", "198.51.100.9") for _ in range(3)] == [True] * 3


def test_one_person_is_tried_so_often_from_everywhere(limits: RateLimits) -> None:
    assert [passes(limits, "anna", f"192.0.2.{n}") for n in range(8)] == [True] * 6 + [False] * 2


def test_one_client_tries_so_many_people(limits: RateLimits) -> None:
    assert [passes(limits, f"person {n}", "192.0.2.1") for n in range(12)] == [True] * 10 + [False] * 2


def test_everybody_together_tries_so_often(limits: RateLimits) -> None:
    assert [passes(limits, f"p{n}", f"192.0.2.{n}") for n in range(16)] == [True] * 14 + [False] * 2
    assert not passes(limits, None, None)


def test_doors_are_counted_each_for_itself(limits: RateLimits) -> None:
    for _ in range(5):
        passes(limits, "anna", "192.0.2.1")
    assert passes(limits, "anna", "192.0.2.1", "reset")
    with pytest.raises(KeyError):
        limits.require("forgotten", Attempt("anna", "192.0.2.1"))


def test_nothing_is_locked_for_good_and_the_wait_is_told(limits: RateLimits, clock: ManualClock) -> None:
    for _ in range(3):
        limits.require("password", Attempt("anna", "192.0.2.1"))
    with pytest.raises(TooMany) as refusal:
        limits.require("password", Attempt("anna", "192.0.2.1"))
    wait = refusal.value.retry_after_seconds
    assert 0 < wait <= WINDOW.total_seconds()
    clock.advance(timedelta(seconds=wait))
    assert passes(limits, "anna", "192.0.2.1")


@pytest.mark.parametrize(
    ("one", "other"),
    [("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"), ("192.0.2.1", "::ffff:192.0.2.1")],
)
def test_addresses_of_one_customer_are_one_client(limits: RateLimits, one: str, other: str) -> None:
    for _ in range(3):
        limits.require("password", Attempt("anna", one))
    assert not passes(limits, "anna", other)


def test_another_network_is_another_client(limits: RateLimits) -> None:
    for _ in range(3):
        limits.require("password", Attempt("anna", "2001:db8:1:2::1"))
    assert passes(limits, "anna", "2001:db8:1:3::1")


def test_of_many_at_once_no_more_pass_than_may(limits: RateLimits) -> None:
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda _: passes(limits, "anna", "192.0.2.1"), range(24)))
    assert sum(outcomes) == 3


def test_an_attempt_does_not_show_whose_it_is() -> None:
    assert "anna" not in repr(Attempt("anna", "192.0.2.1"))
