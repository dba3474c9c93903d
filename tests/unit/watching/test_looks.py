"""Looks are ordered by any worker and carried out by one."""

from __future__ import annotations

from datetime import timedelta

from broker.clock import ManualClock
from broker.store.state import StateStore
from broker.watching.looks import MOST_PEOPLE, Looks, Order


def test_an_order_is_taken_once(state_store: StateStore, clock: ManualClock) -> None:
    looks = Looks(state_store, clock)
    looks.order("aegean-foods", people=("a",))
    other = Looks(state_store, clock)
    assert other.waiting() == {"aegean-foods"}
    assert other.take("aegean-foods") == Order(clock.now(), ("a",))
    assert looks.take("aegean-foods") is None
    assert looks.waiting() == frozenset()


def test_orders_of_one_organisation_become_one_from_the_first_word_on(
    state_store: StateStore, clock: ManualClock
) -> None:
    looks = Looks(state_store, clock)
    first = clock.now()
    looks.order("aegean-foods", people=("a", "b"))
    clock.advance(timedelta(seconds=3))
    looks.order("aegean-foods", people=("b", "c"), trouble="consent_revoked")
    looks.order("aegean-foods")
    looks.order("helios-shipping")
    assert looks.waiting() == {"aegean-foods", "helios-shipping"}
    assert looks.take("aegean-foods") == Order(first, ("a", "b", "c"), "consent_revoked")


def test_a_flood_names_no_more_people_than_are_looked_at(state_store: StateStore, clock: ManualClock) -> None:
    looks = Looks(state_store, clock)
    for number in range(200):
        looks.order("aegean-foods", people=(str(number),))
    order = looks.take("aegean-foods")
    assert order is not None
    assert len(order.people) == MOST_PEOPLE


def test_an_order_wakes_the_watcher_of_its_own_worker(state_store: StateStore, clock: ManualClock) -> None:
    looks, woken = Looks(state_store, clock), []
    looks.wake_with(lambda: woken.append(1))
    looks.order("aegean-foods")
    assert woken == [1]
