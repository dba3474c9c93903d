"""PR-02: a receiver that fails, is slow, is killed in the middle and comes back; an outbox whose database goes away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from broker.clock import ManualClock
from broker.hooks.delivering import Deliverer
from broker.hooks.webhook import WebhookApplication
from broker.http_client import HttpClient
from broker.provisioning.hooks import Hook, NoHooks, event_id
from broker.store.directory import DirectoryUnavailable
from broker.store.opening import open_records, prepare_directory
from broker.store.records import Records
from tests.support.directory import own_draft
from tests.support.entropy import SeededEntropy
from tests.support.hooks import FixedHooks, Here, Receiver, client, consulting, secrets
from tests.support.https import Answer
from tests.support.people import NOW

PEOPLE = 12
SLOW = timedelta(milliseconds=250)


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    prepare_directory(tmp_path / "directory.sqlite")
    with closing(open_records(tmp_path / "directory.sqlite")) as opened:
        yield opened


@pytest.fixture
def http() -> Iterator[HttpClient]:
    with closing(client()) as made:
        yield made


def hang(handler: BaseHTTPRequestHandler) -> None:
    handler.rfile.read(1)


def test_pr_02_each_creation_arrives_once_whatever_the_receiver_does(records: Records, http: HttpClient) -> None:
    clock = ManualClock(NOW)
    with Receiver(clock) as receiver:
        hook = Hook("connect", "after", WebhookApplication(http, clock, receiver.url, secrets()))
        flow = consulting(clock, hook)
        deliverer = Deliverer(records.outbox, FixedHooks(aegean_foods=hook), clock, SeededEntropy(), call=SLOW)
        made = []
        for number in range(PEOPLE):
            consulted = flow.consult(own_draft(f"account-{number:02}", created_at=NOW))
            made.append(records.directory.create_account(consulted.draft, consulted.events)[0].id)

        def answer(number: int, body: Mapping[str, Any]) -> Answer:
            wanted = event_id("aegean-foods", "connect", body["data"]["account_id"])
            match number % 5 if number < 2 * PEOPLE else 0:
                case 1:
                    return Answer(500)
                case 2:
                    return Answer(raw=hang)
                case 3:  # It does what is to be done, and dies before it has said so.
                    receiver.take(wanted, body)
                    return Answer(raw=lambda _: None)
                case 4:
                    return Answer(302, headers={"Location": "https://10.0.0.1/"})
                case _:
                    return Answer(204)

        receiver.answer = answer
        for turn in range(300):
            if turn == 7:
                receiver.be_killed()
            if turn == 11:
                receiver.come_back()
            deliverer.turn()
            if not records.outbox.backlog():
                break
            clock.advance(timedelta(minutes=10))
        assert sorted(receiver.effects) == made
        assert {each.state for each in records.outbox.events()} == {"delivered"}
        assert receiver.calls > PEOPLE, "there were repetitions"
        assert receiver.unsigned == 0
        assert set(receiver.taken) == {each.id for each in records.outbox.events()}


def test_pr_02_two_workers_send_nothing_at_the_same_time(records: Records) -> None:
    clock = ManualClock(NOW)
    connect = Here()
    hooks = FixedHooks(aegean_foods=Hook("connect", "after", connect))
    first = Deliverer(records.outbox, hooks, clock, SeededEntropy(1))
    second = Deliverer(records.outbox, hooks, clock, SeededEntropy(2))
    consulted = consulting(clock, *hooks.of("aegean-foods")).consult(own_draft("account-1", created_at=NOW))
    records.directory.create_account(consulted.draft, consulted.events)
    connect.behave = lambda _: second.turn()
    assert first.turn() == 1
    assert len(connect.told) == 1


def test_pr_02_a_database_that_goes_away_loses_nothing(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    connect = Here()
    hook = Hook("connect", "after", connect)
    place = tmp_path / "directory.sqlite"
    prepare_directory(place)
    with closing(open_records(place)) as records:
        consulted = consulting(clock, hook).consult(own_draft("account-1", created_at=NOW))
        records.directory.create_account(consulted.draft, consulted.events)
        deliverer = Deliverer(records.outbox, FixedHooks(aegean_foods=hook), clock, SeededEntropy())
        away = tmp_path / "away.sqlite"

        def go_away(_: object) -> None:
            records.close()
            place.rename(away)
            place.mkdir()  # Nothing can be opened there.

        connect.behave = go_away
        with pytest.raises(DirectoryUnavailable):
            deliverer.turn()
        with pytest.raises(DirectoryUnavailable):
            records.directory.create_account(own_draft("account-2"), consulted.events)
    place.rmdir()
    away.rename(place)
    with closing(open_records(place)) as records:
        assert records.directory.account("account-2") is None
        connect.behave = lambda _: None
        clock.advance(timedelta(minutes=4))
        assert Deliverer(records.outbox, FixedHooks(aegean_foods=hook), clock, SeededEntropy()).turn() == 1
        assert {each.id for each in connect.told} == {consulted.events[0].id}
        assert records.outbox.backlog() == []
        assert Deliverer(records.outbox, NoHooks(), clock, SeededEntropy()).turn() == 0
