"""WE-02: headers that claim another host, scheme, path or client address."""

from __future__ import annotations

import itertools

import pytest

from broker.demo.stage import Stage
from tests.attacks.answers import in_process
from tests.support.https import certificate
from tests.support.raw import RawAnswer, exchange
from tests.support.world import World

LIES = (
    "X-Forwarded-Host: evil.example",
    "X-Forwarded-Host: evil.example, evil.example",
    "X-Forwarded-Server: evil.example",
    "X-Host: evil.example",
    "X-Original-URL: /co-workers",
    "X-Rewrite-URL: /co-workers",
    "X-Forwarded-Proto: http",
    "X-Forwarded-Scheme: http",
    "X-Forwarded-Ssl: off",
    "Front-End-Https: off",
    "X-Forwarded-Port: 80",
    "X-Forwarded-Prefix: /evil",
    "X-Script-Name: /evil",
    "Forwarded: for=6.6.6.6;host=evil.example;proto=http",
    "X_Forwarded_Host: evil.example",
    "X_Forwarded_Proto: http",
    "X_Forwarded_For: 6.6.6.6",
    "Script_Name: /evil",
    "X-HTTP-Method-Override: DELETE",
)
HOSTS = (
    b"evil.example",
    b"evil.example:443",
    b"%s.evil.example",
    b"evil.example@%s",
    b"%s@evil.example",
    b"%s, evil.example",
    b"%s evil.example",
    b"%s/evil",
    b"%s#",
    b"%s?x",
    b"%s:443",
    b".",
    b"..",
    b".%s",
    b"a..b",
    b"h" * 70 + b".example",
    b"h" * 7000,
    b"%s:99999999",
    b"%s:",
    b"%s\x00",
    b"[::1]",
    b"127.0.0.1",
    b"localhost",
    b"",
    b"\xff\xfe",
    b"xn--80ak6aa92e.com",
)


def _get(world: World, *headers: bytes, path: bytes = b"/.well-known/openid-configuration") -> RawAnswer:
    lines = [b"GET " + path + b" HTTP/1.1", *headers, b"Connection: close", b"", b""]
    return exchange(world.broker_url, b"\r\n".join(lines), ca_file=str(certificate()[0]))


def _host(world: World) -> bytes:
    return world.broker_url.removeprefix("https://").encode()


def test_we_02_any_other_host_is_refused_and_no_link_is_made_of_it(world: World) -> None:
    for pattern in HOSTS:
        host = pattern.replace(b"%s", _host(world))
        for path in (b"/.well-known/openid-configuration", b"/sign-in", b"/nowhere", b"/static/broker.css"):
            answer = _get(world, b"Host: " + host, path=path)
            assert answer.status == 400, (host, path, answer.status)
            assert b"evil" not in answer.body
            assert answer.header("Location") is None
    assert {line["reason"] for line in world.events("web_rejected", "oauth_rejected")} == {"host"}
    assert _get(world, b"Host: " + _host(world).upper()).status == 200


def test_we_02_two_hosts_or_none_are_refused(world: World) -> None:
    mine, evil = b"Host: " + _host(world), b"Host: evil.example"
    for headers in ((mine, evil), (evil, mine), (mine, mine), (), (b"host: evil.example", mine)):
        assert _get(world, *headers).status == 400, headers


def test_we_02_an_absolute_address_in_the_request_line_changes_nothing(world: World) -> None:
    host = b"Host: " + _host(world)
    for path in (b"https://evil.example/.well-known/openid-configuration", b"http://evil.example/", b"//evil.example/"):
        answer = _get(world, host, path=path)
        assert answer.status in (200, 400, 404)
        assert b"evil" not in answer.body
        assert answer.header("Location") is None


def test_we_02_no_header_changes_a_link_the_issuer_or_a_cookie(world: World) -> None:
    host = b"Host: " + _host(world)
    for lie in LIES:
        answer = _get(world, host, lie.encode())
        assert answer.status == 200
        assert b"evil" not in answer.body
        assert world.broker_url.encode() + b"/token" in answer.body
        started = _get(world, host, lie.encode(), path=b"/sign-in")
        assert started.status == 303
        assert (started.header("Location") or "").startswith("/sign-in/")
        cookie = started.header("Set-Cookie") or ""
        assert "Secure" in cookie
        assert "Path=/" in cookie


@pytest.mark.parametrize(
    ("peer", "forwarded", "seen"),
    [
        ("203.0.113.9", "6.6.6.6", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "6.6.6.6,198.51.100.1 ", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1,", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1:443", "10.0.0.1"),
        ("10.0.0.1", "evil\\r\\nevent: x", "10.0.0.1"),
        ("10.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("::ffff:10.0.0.1", "6.6.6.6", "::ffff:10.0.0.1"),
        ("", "6.6.6.6", ""),
        ("unix:", "6.6.6.6", "unix:"),
    ],
)
def test_we_02_the_clients_address_is_the_trusted_proxys_word_or_the_peers(
    world: World, peer: str, forwarded: str, seen: str
) -> None:
    ask = in_process(world)
    ask("/nowhere", headers={"X-Forwarded-For": forwarded}, environ_base={"REMOTE_ADDR": peer})
    assert [line["src"] for line in world.events("web_rejected")] == [seen]




@pytest.mark.served
def test_we_02_at_the_served_broker_hosts_and_lies_change_nothing_either(served: Stage) -> None:
    host = served.broker_url.removeprefix("https://").encode()
    ca_file = str(served.ca_file)

    def get(*headers: bytes, path: bytes = b"/.well-known/openid-configuration") -> RawAnswer:
        lines = [b"GET " + path + b" HTTP/1.1", *headers, b"Connection: close", b"", b""]
        return exchange(served.broker_url, b"\r\n".join(lines), ca_file=ca_file)

    assert get(b"Host: " + host).status == 200
    for pattern in HOSTS:
        answer = get(b"Host: " + pattern.replace(b"%s", host))
        assert answer.status in (0, 400), pattern
        assert b"evil" not in answer.body
    mine, evil = b"Host: " + host, b"Host: evil.example"
    for headers in ((mine, evil), (evil, mine), (mine, mine), ()):
        assert get(*headers).status in (0, 400), headers
    for lie in LIES:
        answer = get(mine, lie.encode())
        assert (answer.status, b"evil" in answer.body) == (200, False), lie
    # Whose word is a sign-in's address? Nobody is trusted here, however the header is spelled.
    spellings = ("X-Forwarded-For", "X_Forwarded_For", "x-forwarded_for", "Forwarded")
    for one, two in itertools.product(spellings, repeat=2):
        get(mine, f"{one}: 6.6.6.6".encode(), f"{two}: 7.7.7.7".encode(), path=b"/nowhere")
    seen = {event["src"] for event in served.broker_log() if event.get("event") == "web_rejected"}
    assert seen == {"127.0.0.1"}
