"""Bytes that no client library sends: over sockets, at the application in this process and at a served broker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.demo.stage import Stage, StageOptions
from tests.properties.held import Held, bounded
from tests.support.https import certificate
from tests.support.raw import RawAnswer, exchange

FORM = b"Content-Type: application/x-www-form-urlencoded"
PATHS = (b"/authorize", b"/upstream/entra/callback", b"/token", b"/userinfo", b"/sign-in/x", b"/sign-out")
TARGETS = (
    b"/authorize?client_id=%",
    b"/authorize?%zz=%zz&client_id=sample",
    b"/authorize?client_id=\xff\xfe",
    b"/authorize?client_id=sample&redirect_uri=\xc0\xaf",
    b"/authorize?" + b"a=b;" * 400,
    b"/authorize?" + b"&" * 400,
    b"/authorize?client_id[]=x&client_id[0]=y",
    b"/authorize?\x01\x02",
    b"/authorize#x?client_id=sample",
    b"/authorize;x=y",
    b"/%61uthorize?client_id=sample",
    b"/authorize%00",
    b"/authorize%2f..",
    b"/./authorize",
    b"/../authorize",
    b"//authorize?client_id=sample",
    b"/AUTHORIZE",
    b"/authorize/%ff",
    b"/%ff%fe",
    b"/%c0%ae%c0%ae/",
    b"*",
    b"authorize",
    b"https://evil.example/authorize",
    b"/upstream/entra/callback?state=%ff&code=%00",
    b"/" + b"a" * 9000,
    b"/authorize?state=" + b"s" * 30_000,
    b"/userinfo?access_token=\xe2\x82",
    b"/static/..%2f..%2fpages.py",
    b"/static/%2e%2e/%2e%2e/etc/passwd",
    b"/sign-in/%00",
    b"/sign-in/" + b"%f0%9f%98%80" * 50,
    b"/co-workers/%00/photo",
)
HEADERS = (
    b"Cookie: __Host-session=\xff\xfe; \x01=\x02",
    b"Cookie: " + b"a=b; " * 1500,
    b"Cookie: =;=;;;=",
    b"Authorization: \xff\xfe",
    b"Authorization: Basic \xc3\xa9",
    b"Accept-Language: \xff;q=nan, *;q=-1, el;q=1e999",
    b"Accept-Language: " + b"a" * 7000,
    b"X: " + b"x" * 7000,
    b"X-Forwarded-For: \xff",
    b"Content-Length: -1",
    b"Content-Length: 1e3",
    b"Content-Length: 5, 5",
    b"Content-Length: 5\r\nContent-Length: 6",
    b"Transfer-Encoding: chunked\r\nContent-Length: 5",
    b"Transfer-Encoding: x",
    b"Content-Type: \xff",
    b"Content-Type: application/x-www-form-urlencoded; charset=\xff",
    b"Expect: 999-x",
    b": x",
    b"\xff: x",
    b"No-Colon-Here",
    b"Bare\rReturn: x",
    b"Referer: javascript:alert(1)",
    b"Range: bytes=0-,0-,0-",
    b"If-Modified-Since: \xff",
    b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
    b"Connection: \xff",
)
BODIES = (
    b"",
    b"=",
    b"&&&&",
    b"%",
    b"a=%zz&%=%",
    b"\xff\xfe\x00",
    b"grant_type=\xff",
    b"code=" + b"%00" * 300,
    b"a" * 100_000,
    b"a=1&" * 3000,
    b"state=x&state=y",
    b"\x00" * 50,
    b"client_id=%ed%a0%80",
    b"{}",
    b"--x--",
)


def _request(host: bytes, target: bytes, *headers: bytes, method: bytes = b"GET", body: bytes | None = None) -> bytes:
    lines = [method + b" " + target + b" HTTP/1.1", b"Host: " + host, *headers, b"Connection: close"]
    if body is not None:
        lines += [FORM, b"Content-Length: %d" % len(body)]
    return b"\r\n".join([*lines, b"", body or b""])


def _all(host: bytes) -> Iterator[bytes]:
    for target in TARGETS:
        yield _request(host, target)
    for header in HEADERS:
        yield _request(host, b"/authorize?client_id=sample", header)
    for path in PATHS:
        for body in BODIES:
            yield _request(host, path, method=b"POST", body=body)
    for method in (b"BREW", b"get", b"\xff", b"TRACE", b"CONNECT", b"G" * 300):
        yield _request(host, b"/authorize", method=method)
    yield b"GET /authorize HTTP/1.1\r\nHost: " + host + b"\r\nHost: evil.example\r\n\r\n"
    yield b"GET /authorize HTTP/1.0\r\n\r\n"


def _require(answer: RawAnswer, request: bytes, broker_url: str) -> None:
    assert answer.status < 500, (request[:200], answer.head[:300])
    assert "evil" not in answer.head, request[:200]
    assert b"Traceback" not in answer.body, request[:200]
    location = answer.header("Location")
    own = location in (None, "/", f"{broker_url}/")
    assert own or str(location).startswith(("/sign-in/", "https://app.pobuca.example/callback?")), location
    if answer.header("Content-Security-Policy") is not None:  # Ours: the server answers some by itself.
        assert answer.header("X-Content-Type-Options") == "nosniff"
        assert answer.header("Referrer-Policy") == "no-referrer"
    assert "__Host-session=" not in answer.head.replace("__Host-session=;", "")


def test_bytes_that_no_library_sends_get_an_answer_in_order_and_change_nothing(held: Held) -> None:
    host = held.world.broker_url.removeprefix("https://").encode()
    ours = 0
    for request in _all(host):
        answer = exchange(held.world.broker_url, request, ca_file=str(certificate()[0]))
        _require(answer, request, held.world.broker_url)
        ours += answer.header("Content-Security-Policy") is not None
    assert ours > 100  # Most of them reach the application.
    held.require_unchanged()


@settings(bounded, max_examples=60)
@given(st.sampled_from(PATHS), st.binary(max_size=40), st.binary(max_size=40), st.binary(max_size=40))
def test_random_bytes_in_address_header_and_body_get_an_answer_in_order(
    held: Held, path: bytes, query: bytes, header: bytes, body: bytes
) -> None:
    target = path + b"?" + bytes(byte for byte in query if byte not in b" \r\n")
    text = bytes(byte for byte in header if byte not in b"\r\n")
    host = held.world.broker_url.removeprefix("https://").encode()
    request = _request(host, target, b"Cookie: " + text, b"X-Odd: " + text, method=b"POST", body=body)
    answer = exchange(held.world.broker_url, request, ca_file=str(certificate()[0]))
    _require(answer, request, held.world.broker_url)
    held.require_unchanged()


@pytest.mark.served
def test_a_served_broker_answers_the_same_bytes_in_order_and_lives_on() -> None:
    with Stage(StageOptions(with_simulator=False, with_application=False)) as stage:
        host = stage.broker_url.removeprefix("https://").encode()
        for request in _all(host):
            answer = exchange(stage.broker_url, request, ca_file=str(stage.ca_file))
            _require(answer, request, stage.broker_url)
        stage.require_running()
        assert stage.session().get(f"{stage.broker_url}/health/ready").status_code == 200
        events = {event.get("event") for event in stage.broker_log()}
        assert "unforeseen_error" not in events
