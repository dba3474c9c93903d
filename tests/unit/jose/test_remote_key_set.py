"""Key sets of others over the wire: rollover works, strangers cause no traffic, and a broken
document changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from broker.clock import ManualClock
from broker.http_client import MAX_BODY_BYTES, HttpClient
from broker.jose.errors import TokenRejected
from broker.jose.remote_key_set import RemoteKeySet, RemoteKeySets
from broker.refreshing import Unavailable
from tests.support.https import Answer, LocalHttps, certificate
from tests.support.jose import public, rsa_key
from tests.support.people import NOW


class Case:
    """A served key set and its reader; renewals by the side happen at once."""

    def __init__(self, server: LocalHttps, http: HttpClient) -> None:
        self.server = server
        self.clock = ManualClock(NOW)
        self.publish("one", "two")
        self.http = http
        self.keys = RemoteKeySet(f"{server.origin}/keys", http, self.clock, background=lambda work: work())

    def publish(self, *names: str, **members: Any) -> None:
        self.answer(json.dumps({"keys": [public(rsa_key(name), **members) for name in names]}).encode())

    def answer(self, body: bytes, status: int = 200) -> None:
        self.server.respond_with(lambda _: Answer(status, body))

    @property
    def fetches(self) -> int:
        return len(self.server.received)


@pytest.fixture
def case() -> Iterator[Case]:
    http = HttpClient(
        allowed_private_addresses=["127.0.0.0/8"], ca_bundle=str(certificate()[0]), timeout=timedelta(seconds=60)
    )
    with LocalHttps() as server:
        yield Case(server, http)
        http.close()


def test_keys_are_fetched_once_and_found_by_name(case: Case) -> None:
    assert [case.keys.key(name).kid for name in ("one", "two", "one")] == ["one", "two", "one"]
    assert case.fetches == 1


def test_a_key_that_appears_is_found_at_once(case: Case) -> None:
    case.keys.key("one")
    case.publish("one", "three")
    assert case.keys.key("three").kid == "three"
    assert case.fetches == 2


def test_a_flood_of_unknown_names_causes_one_fetch_in_five_minutes_and_known_keys_serve_on(case: Case) -> None:
    case.keys.key("one")
    for number in range(500):
        with pytest.raises(TokenRejected) as caught:
            case.keys.key(f"unknown-{number}")
        assert caught.value.reason == "kid"
        assert case.keys.key("one").kid == "one"
    assert case.fetches == 2
    case.clock.advance(timedelta(minutes=5))
    with pytest.raises(TokenRejected):
        case.keys.key("unknown")
    assert case.fetches == 3


def test_an_unknown_name_at_the_very_first_fetch_causes_no_second(case: Case) -> None:
    with pytest.raises(TokenRejected):
        case.keys.key("unknown")
    assert case.fetches == 1


def test_a_key_that_was_withdrawn_stops_working_with_the_next_renewal(case: Case) -> None:
    case.keys.key("one")
    case.publish("two")
    case.clock.advance(timedelta(hours=1))
    case.keys.key("one")  # This reader was served while the renewal was made.
    with pytest.raises(TokenRejected):
        case.keys.key("one")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"<html>busy</html>", 200),
        (b"", 200),
        (b'{"keys": []}', 200),
        (b"x" * (MAX_BODY_BYTES + 1), 200),
        (json.dumps({"keys": [public(rsa_key("small", 1024))]}).encode(), 200),
        (json.dumps({"keys": [public(rsa_key("three"))]}).encode(), 500),
        (json.dumps({"keys": [public(rsa_key("three"))]}).encode(), 302),
    ],
    ids=["html", "empty", "no keys", "huge", "weak", "status 500", "redirect"],
)
def test_a_broken_document_is_refused_and_the_last_good_keys_serve_for_a_day(
    case: Case, body: bytes, status: int
) -> None:
    case.keys.key("one")
    case.answer(body, status)
    case.clock.advance(timedelta(hours=23))
    assert case.keys.key("one").kid == "one"
    case.clock.advance(timedelta(hours=1))
    with pytest.raises(Unavailable) as caught:
        case.keys.key("one")
    assert caught.value.reason == "jwks"
    case.publish("one")
    assert case.keys.key("one").kid == "one"


def test_every_address_has_its_own_set(case: Case) -> None:
    sets = RemoteKeySets(case.http, case.clock)
    first, second = sets.at(f"{case.server.origin}/a"), sets.at(f"{case.server.origin}/b")
    assert first is sets.at(f"{case.server.origin}/a")
    first.key("one")
    case.publish("two")
    second.key("two")
    with pytest.raises(TokenRejected):
        second.key("one")
    assert [received.path for received in case.server.received] == ["/a", "/b", "/b"]
