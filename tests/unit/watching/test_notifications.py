"""A notification is a reason to look, if it proves where it comes from, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from broker.clock import ManualClock
from broker.entropy import digest
from broker.store.records import Records
from broker.store.standings import Watch
from broker.store.state import StateStore
from broker.watching.looks import Looks
from broker.watching.subscribing import Notifications, expect_handshake, notification_of
from tests.support.people import ELENI, TENANT_A, TENANT_B

SUBSCRIPTION = "6e04f0f5-9b90-441b-91f5-c79656f22cce"
ITEM: dict[str, Any] = {
    "subscriptionId": SUBSCRIPTION,
    "clientState": "the-client-state",
    "changeType": "updated",
    "resource": f"Users/{ELENI.identifier}",
    "tenantId": TENANT_A,
    "resourceData": {"@odata.type": "#Microsoft.Graph.User", "id": ELENI.identifier},
}


@pytest.fixture
def looks(state_store: StateStore, clock: ManualClock) -> Looks:
    return Looks(state_store, clock)


@pytest.fixture
def notifications(records: Records, state_store: StateStore, looks: Looks, clock: ManualClock) -> Notifications:
    watch = Watch("aegean-foods", TENANT_A, subscription=SUBSCRIPTION, client_state_digest=digest("the-client-state"))
    records.standings.keep_watch(watch)
    records.standings.keep_watch(Watch("helios-shipping", TENANT_B))
    return Notifications(records.standings, state_store, looks, clock)


def test_one_that_proves_itself_orders_a_look_at_its_person(notifications: Notifications, looks: Looks) -> None:
    item = notification_of(ITEM)
    assert item is not None
    assert notifications.arrived([item, item]) == 2
    order = looks.take("aegean-foods")
    assert order is not None
    assert order.people == (ELENI.identifier,)
    assert order.trouble is None


@pytest.mark.parametrize(
    "change",
    [
        {"client_state": "another"},
        {"client_state": digest("the-client-state")},
        {"subscription": TENANT_B},
        {"tenant_id": TENANT_B},
    ],
)
def test_any_other_orders_nothing(notifications: Notifications, looks: Looks, change: dict[str, str]) -> None:
    item = notification_of(ITEM)
    assert item is not None
    assert notifications.arrived([replace(item, **change)]) == 0
    assert looks.waiting() == frozenset()


@pytest.mark.parametrize(
    "change",
    [
        {"subscriptionId": None},
        {"subscriptionId": "../x"},
        {"clientState": None},
        {"clientState": ""},
        {"clientState": "x" * 129},
        {"clientState": 7},
        {"tenantId": "common"},
        {"resourceData": None},
        {"resourceData": {"id": "x"}},
        {"resourceData": []},
    ],
)
def test_what_is_none_in_form_is_none(change: dict[str, Any]) -> None:
    assert notification_of({**ITEM, **change}) is None
    assert notification_of([]) is None


def test_a_subscription_made_by_another_worker_is_known_within_moments(
    notifications: Notifications, records: Records, clock: ManualClock
) -> None:
    item = notification_of(ITEM)
    assert item is not None
    theirs = replace(item, subscription=TENANT_B, tenant_id=TENANT_B)
    assert notifications.arrived([theirs]) == 0
    made = Watch("helios-shipping", TENANT_B, subscription=TENANT_B, client_state_digest=digest("the-client-state"))
    records.standings.keep_watch(made)
    clock.advance(timedelta(seconds=10))
    assert notifications.arrived([theirs]) == 1


def test_one_address_may_send_so_many_in_a_minute(notifications: Notifications, clock: ManualClock) -> None:
    allowed = [notifications.may_send("192.0.2.1") for _ in range(301)]
    assert allowed == [True] * 300 + [False]
    assert notifications.may_send("192.0.2.2")
    clock.advance(timedelta(minutes=1))
    assert notifications.may_send("192.0.2.1")


def test_a_handshake_is_expected_only_while_we_ask(
    notifications: Notifications, state_store: StateStore, clock: ManualClock
) -> None:
    assert not notifications.handshake_is_expected()
    expect_handshake(state_store)
    assert notifications.handshake_is_expected()
    clock.advance(timedelta(minutes=1))
    assert not notifications.handshake_is_expected()
