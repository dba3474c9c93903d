"""SS-07: Redis stopped, hung, read-only or full, while people are in the middle of something."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.attacks.answers import ALWAYS_SECRET, next_code, require_headers, require_token_error
from tests.attacks.refusals import page_code, require_no_secret
from tests.servers import RedisServer, redis_server
from tests.support.world import Foundation, World, answered, has_session, world_on


@pytest.fixture(scope="module")
def own_redis() -> Iterator[RedisServer]:
    """A Redis that may be stopped; it keeps what was acknowledged."""
    with redis_server(durable=True) as server:
        yield server


@pytest.fixture
def broker(own_redis: RedisServer, foundation: Foundation, tmp_path: Path) -> Iterator[World]:
    """A broker over it."""
    own_redis.command("FLUSHALL")
    stores = {
        "state": {"kind": "redis", "url": own_redis.url},
        "directory": {"kind": "sqlite", "path": "../directory.sqlite"},
    }
    with world_on(foundation, tmp_path / "world", settings={"stores": stores}) as world:
        yield world


@contextmanager
def _stopped(server: RedisServer) -> Iterator[None]:
    server.stop()
    try:
        yield
    finally:
        server.start()


@contextmanager
def _read_only(server: RedisServer) -> Iterator[None]:
    server.command("REPLICAOF", "127.0.0.1", "1")
    try:
        yield
    finally:
        server.command("REPLICAOF", "NO", "ONE")


@contextmanager
def _full(server: RedisServer) -> Iterator[None]:
    server.command("CONFIG", "SET", "maxmemory", "1")
    try:
        yield
    finally:
        server.command("CONFIG", "SET", "maxmemory", "0")


def _require_busy(answer: requests.Response) -> None:
    assert (answer.status_code, page_code(answer)) == (503, "busy")
    assert int(answer.headers["Retry-After"]) > 0
    assert "Location" not in answer.headers
    assert "Set-Cookie" not in answer.headers
    require_headers(answer)


def _require_busy_json(answer: requests.Response) -> None:
    assert answer.status_code == 503
    require_token_error(answer, "temporarily_unavailable")
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize("fault", ["stopped", "paused", "read_only", "full"])
def test_ss_07_while_redis_fails_nobody_gets_in_and_nothing_is_concluded(
    broker: World, own_redis: RedisServer, fault: str
) -> None:
    world = broker
    browser, tokens = world.signed_in()
    code = next_code(world, browser)
    upstream = world.browser()
    answer = world.at_upstream(upstream, world.to_upstream(upstream))
    waiting = world.browser()
    choice = world.broker_url + world.go(waiting, world.authorize_url()).headers["Location"]
    known = len(world.log_text())
    broken = {
        "stopped": _stopped(own_redis),
        "paused": own_redis.paused(),
        "read_only": _read_only(own_redis),
        "full": _full(own_redis),
    }[fault]
    reads_work = fault in ("read_only", "full")
    with broken:
        _require_busy(world.go(world.browser(), world.authorize_url()))
        if fault != "paused":  # A hung Redis may carry out later what was sent to it: this one is not to be spent.
            _require_busy(answer.deliver(upstream))
            _require_busy_json(world.redeem(code))
        assert not has_session(upstream)
        if not reads_work:
            # Neither "no such session" nor "not revoked": nobody can tell.
            _require_busy(world.go(browser, world.authorize_url(prompt="none")))
            _require_busy(world.go(browser, "/"))
            _require_busy_json(world.userinfo(tokens.access_token))
            assert world.go(browser, "/health/ready").status_code == 503
        _require_busy(waiting.post(choice, data={"action": "microsoft"}, allow_redirects=False, timeout=30))
        assert world.go(browser, "/health/live").status_code == 200
        assert world.go(browser, "/jwks").status_code == 200
    told = {(line["event"], line["reason"]) for line in world.events() if line["level"] != "info"}
    # That a refusal cannot be explained later is said beside it, and refuses nothing.
    assert told == {("store_fault", "store"), ("explanation_not_kept", "store")}, told
    require_no_secret(world.log_text()[known:], (code, tokens.access_token, *ALWAYS_SECRET))
    assert world.accounts() == 1
    # It recovers by itself, and what was acknowledged is still there.
    assert "code" in answered(world.go(browser, world.authorize_url(prompt="none")))
    assert world.userinfo(tokens.access_token).status_code == 200
    assert world.redeem(code).status_code == 200
    if fault == "full":  # Taking goes on where there is no room to write: that answer is spent, and begun anew.
        assert page_code(answer.deliver(upstream)) == "start_again"
        answer = world.at_upstream(upstream, world.to_upstream(upstream))
    assert "code" in answered(answer.deliver(upstream))
    left = waiting.post(choice, data={"action": "microsoft"}, allow_redirects=False, timeout=30)
    assert left.headers["Location"].startswith(world.simulator_url)


def test_ss_07_a_code_that_was_spent_before_the_fault_stays_spent(broker: World, own_redis: RedisServer) -> None:
    code = broker.code(broker.browser())
    tokens = broker.tokens(code)
    own_redis.restart()
    again = broker.redeem(code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert broker.userinfo(tokens.access_token).status_code == 401
