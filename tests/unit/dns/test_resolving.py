"""TXT records from a real DNS server on loopback."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta

import pytest

from broker.dns.records import DnsUnanswered
from broker.dns.resolving import DnsTextRecords
from tests.support.dns import DnsServer, dns_server

NAME = "_pobuca-challenge.acme.example"


@pytest.fixture
def server() -> Iterator[DnsServer]:
    with dns_server() as serving:
        yield serving


def lookup(server: DnsServer, name: str = NAME, within: timedelta = timedelta(seconds=5)) -> list[str]:
    return sorted(DnsTextRecords(["127.0.0.1"], server.port, within).lookup(name))


def test_every_text_at_the_name_is_given(server: DnsServer) -> None:
    server.texts[NAME] = ["one", "two"]
    assert lookup(server) == ["one", "two"]


def test_a_text_in_several_strings_is_one_text(server: DnsServer) -> None:
    server.texts[NAME] = ["x" * 300]
    assert lookup(server) == ["x" * 300]


def test_a_cname_is_followed(server: DnsServer) -> None:
    server.aliases[NAME] = "challenges.dns.example"
    server.texts["challenges.dns.example"] = ["there"]
    assert lookup(server) == ["there"]


def test_no_such_name_and_no_such_record_are_no_texts(server: DnsServer) -> None:
    server.texts[f"below.{NAME}"] = ["elsewhere"]
    assert lookup(server) == []
    assert lookup(server, "_pobuca-challenge.nowhere.example") == []


def test_an_answer_that_is_too_long_for_udp_comes_over_tcp(server: DnsServer) -> None:
    server.texts[NAME] = [f"{number:03}" + "x" * 200 for number in range(10)]
    assert len(lookup(server)) == 10
    assert server.over["tcp"] == 1


def test_no_more_than_a_handful_of_short_texts_is_looked_at(server: DnsServer) -> None:
    server.texts[NAME] = [f"{number}" for number in range(100)]
    assert len(lookup(server)) == 20
    server.texts[NAME] = ["x" * 2000, "short"]
    assert lookup(server) == ["short"]


def test_bytes_that_are_no_text_are_no_error(server: DnsServer) -> None:
    server.texts[NAME] = ["\\255\\254"]
    assert len(lookup(server)) == 1


def test_a_circle_of_cnames_ends(server: DnsServer) -> None:
    server.aliases |= {NAME: "a.example", "a.example": NAME}
    with suppress(DnsUnanswered):  # dnspython takes it for a fault of the server, which is as well.
        assert lookup(server, within=timedelta(seconds=1)) == []


def test_a_server_that_fails_has_not_answered(server: DnsServer) -> None:
    server.behaviour = "fails"
    with pytest.raises(DnsUnanswered):
        lookup(server)


def test_a_server_that_is_silent_has_not_answered(server: DnsServer) -> None:
    server.behaviour = "is silent"
    with pytest.raises(DnsUnanswered):
        lookup(server, within=timedelta(milliseconds=200))


def test_where_nobody_listens_nobody_has_answered() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(DnsUnanswered):
        DnsTextRecords(["127.0.0.1"], port, timedelta(milliseconds=300)).lookup(NAME)


def test_a_name_that_is_too_long_has_no_answer(server: DnsServer) -> None:
    with pytest.raises(DnsUnanswered):
        lookup(server, ".".join(["a" * 63] * 5))
