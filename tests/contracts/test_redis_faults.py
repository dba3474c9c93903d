"""The state store when Redis misbehaves (threats SS-07, SS-08, SS-09): it says so, concludes nothing, and recovers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from broker.clock import ManualClock
from broker.identity import Secret
from broker.store.state import AlreadyTaken, StateUnavailable, Taken
from broker.store.state_redis import SWEEP_AFTER, RecordsMayBeEvicted, RedisState
from tests.servers import RedisServer, free_port, redis_server
from tests.support import https
from tests.support.losing_proxy import losing_proxy
from tests.support.opening import PATIENTLY

_T = TypeVar("_T")
TTL = timedelta(minutes=10)
QUICKLY = timedelta(milliseconds=200)

OPERATIONS: dict[str, Callable[[RedisState], object]] = {
    "put": lambda store: store.put("session", "k", b"v", TTL),
    "put with an index": lambda store: store.put("session", "k", b"v", TTL, indexes=["account:1"]),
    "get": lambda store: store.get("session", "k"),
    "take": lambda store: store.take("session", "k"),
    "take with a mark": lambda store: store.take("session", "k", mark=b"m", mark_ttl=TTL),
    "delete": lambda store: store.delete("session", "k"),
    "add_if_absent": lambda store: store.add_if_absent("session", "k", b"v", TTL),
    "compare_and_set": lambda store: store.compare_and_set("session", "k", b"v", b"w", TTL),
    "members": lambda store: store.members("session", "account:1"),
    "delete_index": lambda store: store.delete_index("session", "account:1"),
    "increment": lambda store: store.increment("attempts", "k", TTL),
    "ping": lambda store: store.ping(),
    "check_eviction_policy": lambda store: store.check_eviction_policy(),
}
WRITES = {"put", "put with an index", "add_if_absent", "increment"}


@pytest.fixture(scope="module")
def own_redis() -> Iterator[RedisServer]:
    """A Redis of these tests alone: they stop it, pause it and turn its settings."""
    with redis_server() as server:
        yield server


@pytest.fixture
def server(own_redis: RedisServer) -> RedisServer:
    own_redis.command("FLUSHALL")
    own_redis.command("CONFIG", "RESETSTAT")
    return own_redis


@pytest.fixture
def store(server: RedisServer, clock: ManualClock) -> Iterator[RedisState]:
    with closing(RedisState(server.url, clock, answer_within=PATIENTLY)) as opened:
        yield opened


@pytest.fixture
def hasty_store(server: RedisServer, clock: ManualClock) -> Iterator[RedisState]:
    """A store that gives up soon. On a busy machine it may do so although Redis lives: ask it ``eventually``."""
    with closing(RedisState(server.url, clock, answer_within=QUICKLY)) as opened:
        yield opened


def eventually(operation: Callable[[], _T]) -> _T:
    """The first answer; what came before it were no answers."""
    for _ in range(300):
        with suppress(StateUnavailable):
            return operation()
    pytest.fail("no answer")


def calls(server: RedisServer, *commands: str) -> int:
    """How often the server has carried out any of these commands."""
    lines = server.command("INFO", "commandstats").splitlines()
    counted = {line.split(":")[0].removeprefix("cmdstat_"): line for line in lines if line.startswith("cmdstat_")}
    return sum(int(counted[name].split("calls=")[1].split(",")[0]) for name in commands if name in counted)


def test_a_redis_that_is_down_makes_every_operation_say_so_and_is_found_again(
    server: RedisServer, store: RedisState
) -> None:
    for operation in OPERATIONS.values():
        operation(store)
    server.stop()
    try:
        for operation in OPERATIONS.values():
            with pytest.raises(StateUnavailable):
                operation(store)
    finally:
        server.start()
    for operation in OPERATIONS.values():
        operation(store)


def test_a_restart_between_two_operations_goes_unnoticed(server: RedisServer, store: RedisState) -> None:
    store.put("session", "k", b"v", TTL)
    server.restart()
    store.put("session", "k", b"v", TTL)
    assert store.take("session", "k") == Taken(b"v")


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_a_redis_that_hangs_makes_an_operation_say_so_and_no_late_answer_meets_another_question(
    server: RedisServer, hasty_store: RedisState, operation: Callable[[RedisState], object]
) -> None:
    eventually(lambda: hasty_store.put("session", "k", b"the late answer", TTL))
    eventually(lambda: hasty_store.put("session", "other", b"right", TTL))
    with server.paused():
        for _ in range(2):  # On a connection from before, and on a new one.
            with pytest.raises(StateUnavailable):
                operation(hasty_store)
    for _ in range(3):
        assert eventually(lambda: hasty_store.get("session", "other")) == b"right"


def test_a_take_whose_answer_was_lost_is_not_sent_again(server: RedisServer, clock: ManualClock) -> None:
    with (
        losing_proxy(server.port) as proxy,
        closing(RedisState(f"redis://127.0.0.1:{proxy.port}/0", clock, answer_within=PATIENTLY)) as store,
    ):
        store.put("code", "k", b"v", TTL)
        assert store.take("code", "another") is None
        before = calls(server, "evalsha")
        proxy.lose_answer_to = b"{code:k}"
        with pytest.raises(StateUnavailable):
            store.take("code", "k", mark=b"m", mark_ttl=TTL)
        assert proxy.lost == 1
        assert calls(server, "evalsha") == before + 1
        assert store.take("code", "k") == AlreadyTaken(b"m")


@pytest.mark.parametrize("name", sorted(WRITES))
def test_a_redis_that_may_not_write_makes_a_write_say_so(server: RedisServer, store: RedisState, name: str) -> None:
    server.command("REPLICAOF", "127.0.0.1", "1")
    try:
        with pytest.raises(StateUnavailable):
            OPERATIONS[name](store)
    finally:
        server.command("REPLICAOF", "NO", "ONE")
    OPERATIONS[name](store)


@pytest.mark.parametrize("name", sorted(WRITES))
def test_a_full_redis_makes_a_write_say_so_and_forgets_nothing(
    server: RedisServer, store: RedisState, name: str
) -> None:
    store.put("session", "before", b"v", TTL, indexes=["account:2"])
    server.command("CONFIG", "SET", "maxmemory", "1")
    try:
        with pytest.raises(StateUnavailable):
            OPERATIONS[name](store)
        assert store.get("session", "before") == b"v"
        assert store.take("session", "k") is None
        assert store.delete("session", "before"), "what makes room is possible"
    finally:
        server.command("CONFIG", "SET", "maxmemory", "0")


def test_scripts_that_redis_forgot_are_told_again(server: RedisServer, store: RedisState) -> None:
    store.put("session", "k", b"v", TTL)
    server.command("SCRIPT", "FLUSH")
    store.put("session", "k", b"w", TTL)
    server.command("SCRIPT", "FLUSH")
    assert store.take("session", "k") == Taken(b"w")


def test_a_value_that_is_not_ours_concludes_nothing(server: RedisServer, store: RedisState) -> None:
    server.command("RPUSH", "pobuca:r:{session:k}", "x")
    for name in ("get", "put", "take", "compare_and_set"):
        with pytest.raises(StateUnavailable):
            OPERATIONS[name](store)


def test_a_durable_redis_remembers_through_a_crash(clock: ManualClock) -> None:
    with redis_server(durable=True) as server, closing(RedisState(server.url, clock, answer_within=PATIENTLY)) as store:
        store.put("session", "k", b"v", TTL, indexes=["account:1"])
        store.put("code", "k", b"v", TTL)
        store.take("code", "k", mark=b"m", mark_ttl=TTL)
        server.kill()
        server.start()
        assert store.take("code", "k") == AlreadyTaken(b"m")
        assert store.members("session", "account:1") == {"k"}
        assert store.get("session", "k") == b"v"


# --- what stays in Redis ----------------------------------------------------------------------------------------------


def lives(server: RedisServer) -> dict[str, timedelta]:
    """Every key, and how long Redis keeps it."""
    keys = [line for line in server.command("KEYS", "*").splitlines() if line.startswith("pobuca")]
    return {key: timedelta(milliseconds=int(server.command("PTTL", key).strip().lstrip(":"))) for key in keys}


def test_every_key_has_a_life_that_ends_after_the_record_and_soon(
    server: RedisServer, store: RedisState, clock: ManualClock
) -> None:
    for operation in OPERATIONS.values():
        operation(store)
    store.put("session", "gone", b"v", timedelta(), indexes=["account:3"])
    store.put("session", "long", b"v", 2 * TTL, indexes=["account:1"])
    store.put("session", "short", b"v", TTL, indexes=["account:1"])
    store.put("code", "k", b"v", TTL)
    store.take("code", "k", mark=b"m", mark_ttl=2 * TTL)
    store.increment("attempts", "k", TTL)
    index = lives(server)["pobuca:i:{session:account:1}"]
    assert index > 2 * TTL, "that of its longest record, although a shorter one was entered later"
    clock.advance(2 * TTL)
    store.put("session", "new", b"v", TTL, indexes=["account:1"])
    store.increment("attempts", "k", TTL)
    found = lives(server)
    assert len(found) > 6
    longest = {"pobuca:r:{session:long}", "pobuca:i:{session:account:1}", "pobuca:r:{code:k}"}
    for key, life in found.items():
        shortest = timedelta() if key.endswith((":gone}", ":account:3}")) else TTL
        assert shortest < life <= (2 * TTL if key in longest else TTL) + SWEEP_AFTER + timedelta(milliseconds=1), key


def test_an_index_forgets_the_keys_of_expired_records(
    server: RedisServer, store: RedisState, clock: ManualClock
) -> None:
    for number in range(50):
        store.put("session", str(number), b"v", TTL, indexes=["account:1"])
        clock.advance(TTL / 2)
    assert len(store.members("session", "account:1")) <= 2
    assert server.command("ZCARD", "pobuca:i:{session:account:1}").strip() == ":2"


def test_no_operation_walks_through_the_keys_and_a_put_is_one_round_trip(
    server: RedisServer, store: RedisState
) -> None:
    for operation in OPERATIONS.values():
        operation(store)
    before = calls(server, "evalsha")
    store.put("session", "k", b"v", TTL, indexes=["account:1", "connection:x"])
    assert calls(server, "evalsha") == before + 1
    assert calls(server, "eval", "multi", "exec") == 0
    assert calls(server, "keys", "scan", "sscan", "zscan", "hscan") == 0


def test_two_namespaces_in_one_redis_do_not_meet(server: RedisServer, clock: ManualClock) -> None:
    with (
        closing(RedisState(server.url, clock, namespace="one", answer_within=PATIENTLY)) as one,
        closing(RedisState(server.url, clock, namespace="two", answer_within=PATIENTLY)) as two,
    ):
        one.put("session", "k", b"v", TTL, indexes=["account:1"])
        assert two.get("session", "k") is None
        assert two.delete_index("session", "account:1") == 0


# --- settings of Redis ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-lru", "volatile-ttl", "allkeys-random"])
def test_ss_08_a_redis_that_may_evict_is_refused(server: RedisServer, store: RedisState, policy: str) -> None:
    server.command("CONFIG", "SET", "maxmemory", "100mb")
    server.command("CONFIG", "SET", "maxmemory-policy", policy)
    try:
        with pytest.raises(RecordsMayBeEvicted, match=policy):
            store.check_eviction_policy()
        server.command("CONFIG", "SET", "maxmemory", "0")
        assert store.check_eviction_policy() is None, "without a limit it never evicts"
        server.command("CONFIG", "SET", "maxmemory", "100mb")
        server.command("CONFIG", "SET", "maxmemory-policy", "noeviction")
        assert store.check_eviction_policy() is None
    finally:
        server.command("CONFIG", "SET", "maxmemory", "0")
        server.command("CONFIG", "SET", "maxmemory-policy", "noeviction")


def test_ss_08_a_redis_that_does_not_tell_its_policy_gives_a_warning(server: RedisServer, clock: ManualClock) -> None:
    server.command("ACL", "SETUSER", "broker", "on", ">secret", "~*", "+@all", "-info", "-config")
    with closing(
        RedisState(server.url, clock, username="broker", password=Secret("secret"), answer_within=PATIENTLY)
    ) as store:
        store.put("session", "k", b"v", TTL)
        assert "noeviction" in str(store.check_eviction_policy())


def test_a_wrong_password_concludes_nothing(server: RedisServer, clock: ManualClock) -> None:
    server.command("ACL", "SETUSER", "reader", "on", ">right", "~*", "+@all")
    for password, answers in (("right", True), ("wrong", False)):
        with closing(
            RedisState(server.url, clock, username="reader", password=Secret(password), answer_within=PATIENTLY)
        ) as store:
            if answers:
                store.ping()
            else:
                with pytest.raises(StateUnavailable, match="AuthenticationError"):
                    store.get("session", "k")


def test_tls_is_spoken_with_a_server_of_the_given_authority_only(clock: ManualClock) -> None:
    certificate, key = https.certificate()
    port = free_port()
    files = ("--tls-cert-file", str(certificate), "--tls-key-file", str(key), "--tls-ca-cert-file", str(certificate))
    both = ("--bind", "127.0.0.1", "127.0.0.2")
    with redis_server(options=("--tls-port", str(port), "--tls-auth-clients", "no", *files, *both)):
        url = f"rediss://localhost:{port}/0"
        for _ in range(20):  # A server may send tickets of TLS 1.3 before or after a new connection is looked at.
            with closing(RedisState(url, clock, ca_bundle=certificate, answer_within=PATIENTLY)) as store:
                store.put("session", "k", b"v", TTL)
                assert store.get("session", "k") == b"v"
        for host, authority in (("localhost", None), ("127.0.0.2", certificate)):
            url = f"rediss://{host}:{port}/0"
            with closing(RedisState(url, clock, ca_bundle=authority, answer_within=PATIENTLY)) as store:
                with pytest.raises(StateUnavailable) as refused:
                    store.ping()
                assert "certificate verify failed" in str(refused.value.__cause__)


def test_a_local_socket_will_do(tmp_path: Path, clock: ManualClock) -> None:
    with redis_server(options=("--unixsocket", str(tmp_path / "s"))) as server:
        assert server.port
        with closing(RedisState(f"unix://{tmp_path / 's'}", clock, answer_within=PATIENTLY)) as store:
            store.put("session", "k", b"v", TTL)
            assert store.take("session", "k") == Taken(b"v")


FORKING = """
import os, sys
from datetime import timedelta
from broker.clock import SystemClock
from broker.store.opening import open_state
store = open_state(sys.argv[1], SystemClock())
store.put("fork", "parent", b"p", timedelta(minutes=1))
child = os.fork()
for number in range(300):
    name = "child" if child == 0 else "parent"
    store.put("fork", name, b"%s %d" % (name.encode(), number), timedelta(minutes=1))
    if store.get("fork", name) != b"%s %d" % (name.encode(), number):
        os._exit(1)
if child == 0:
    os._exit(0)
_, status = os.waitpid(child, 0)
sys.exit(status != 0 or store.get("fork", "child") != b"child 299")
"""


def test_a_process_that_is_forked_after_opening_has_connections_of_its_own(server: RedisServer) -> None:
    assert subprocess.run([sys.executable, "-c", FORKING, server.url], check=False, timeout=60).returncode == 0
