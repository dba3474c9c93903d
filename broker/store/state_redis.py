"""The state store in Redis: for brokers on several machines. One server, or a primary with its replicas."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.exceptions import NoPermissionError, RedisError, ResponseError
from redis.retry import Retry

from broker.clock import Clock
from broker.identity import Secret
from broker.store.state import AlreadyTaken, StateUnavailable, Taken

ANSWER_WITHIN = timedelta(seconds=1)  # threats SS-07
# Whether something has expired is decided by the broker's clock: every value carries its expiry. Redis's own expiry
# only sweeps, and this much later, so that it never decides first: the leeway for clocks that differ (threats G11).
SWEEP_AFTER = timedelta(seconds=60)

# A place holds a record, "r" + expiry (16 digits, microseconds since 1970) + length (4 digits) of the index names + the
# names, one a line + value; or the mark of whoever took one, "m" + expiry + mark. An index is a sorted set of keys by
# expiry. The scripts build the names of other keys from arguments, which a server allows and a Redis Cluster does not.
_WRITE = """
-- KEYS: place. ARGV: now, expiry, sweep after (ms), value, condition, expected, key, prefix of indexes, their names ...
local now, place, names, entered = tonumber(ARGV[1]), redis.call('GET', KEYS[1]), {}, {}
local live = place and place:sub(1, 1) == 'r' and tonumber(place:sub(2, 17)) > now
local function enter(name)
    if not entered[name] then entered[name] = true; names[#names + 1] = name end
end
local length = 0
if live then
    length = tonumber(place:sub(18, 21))
    for name in place:sub(22, 21 + length):gmatch('[^\\n]+') do enter(name) end
end
if ARGV[5] == 'absent' and live then return 0 end
if ARGV[5] == 'equal' and not (live and place:sub(22 + length) == ARGV[6]) then return 0 end
for i = 9, #ARGV do enter(ARGV[i]) end
local text = table.concat(names, '\\n')
redis.call('SET', KEYS[1], 'r' .. ARGV[2] .. string.format('%04d', #text) .. text .. ARGV[4], 'PX', ARGV[3])
for _, name in ipairs(names) do
    local index = ARGV[8] .. name .. '}'
    redis.call('ZREMRANGEBYSCORE', index, '-inf', ARGV[1])
    redis.call('ZADD', index, ARGV[2], ARGV[7])
    if redis.call('PTTL', index) < tonumber(ARGV[3]) then redis.call('PEXPIRE', index, ARGV[3]) end
end
return 1
"""
_TAKE = """
-- KEYS: place. ARGV: now, then if a mark is to be left: the place with the mark, sweep after (ms)
local place = redis.call('GET', KEYS[1])
if not place or tonumber(place:sub(2, 17)) <= tonumber(ARGV[1]) then return false end
if place:sub(1, 1) == 'r' then
    if ARGV[2] then redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) else redis.call('DEL', KEYS[1]) end
end
return place
"""
_DELETE = """
-- KEYS: places. ARGV: now, then if an index shall be emptied (it is the one key): prefix of places
local places, deleted = KEYS, 0
if ARGV[2] then
    places = redis.call('ZRANGE', KEYS[1], 0, -1)
    redis.call('DEL', KEYS[1])
end
for _, place in ipairs(places) do
    if ARGV[2] then place = ARGV[2] .. place .. '}' end
    local head = redis.call('GETRANGE', place, 0, 16)
    if head:sub(1, 1) == 'r' and tonumber(head:sub(2)) > tonumber(ARGV[1]) then
        redis.call('DEL', place)
        deleted = deleted + 1
    end
end
return deleted
"""
_INCREMENT = """
-- KEYS: counter. ARGV: now, expiry, sweep after (ms)
local expiry = redis.call('HGET', KEYS[1], 'expires')
if expiry and tonumber(expiry) > tonumber(ARGV[1]) then return redis.call('HINCRBY', KEYS[1], 'count', 1) end
redis.call('HSET', KEYS[1], 'expires', ARGV[2], 'count', 1)
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
"""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
_MILLISECOND = timedelta(milliseconds=1)
_LONGEST_NAMES = 9999  # What four digits can say.


class RecordsMayBeEvicted(Exception):
    """Redis may throw records away that have not expired, and with them the memory of what was used or revoked."""


class RedisState:
    """``StateStore`` in Redis; every operation is one command or one script, and one round trip.

    ``url``: ``rediss://``, ``redis://`` or ``unix://``, without user and password. Nothing is connected before the
    first operation, and a process that was forked makes connections of its own. No command is ever sent twice: if the
    answer to a ``take`` is lost, sending it again would find nothing. A connection is looked at before it is used, so
    that one that the server has closed is replaced, and is closed after any failure, so that a late answer meets no
    other question (CVE-2023-28858).
    """

    def __init__(
        self,
        url: str,
        clock: Clock,
        *,
        username: str | None = None,
        password: Secret | None = None,
        ca_bundle: Path | None = None,
        answer_within: timedelta = ANSWER_WITHIN,
        namespace: str = "pobuca",
    ) -> None:
        self._clock = clock
        self._namespace = namespace
        options: dict[str, Any] = {"ssl_ca_certs": str(ca_bundle)} if ca_bundle and url.startswith("rediss:") else {}
        self._client = redis.Redis.from_url(
            url,
            username=username,
            password=password.reveal() if password else None,
            socket_timeout=answer_within.total_seconds(),
            socket_connect_timeout=answer_within.total_seconds(),
            retry=Retry(NoBackoff(), 0),
            protocol=2,  # Nothing that the server sends unasked (RESP 3 pushes) is of use here.
            driver_info=None,
            # One exchange before the first use reads what TLS 1.3 sends by itself after its handshake: it would be
            # taken for an answer that nobody asked for. And the operator sees whose connection it is.
            client_name=namespace,
            **options,
        )
        self._write: Callable[..., Any] = self._client.register_script(_WRITE)
        self._take: Callable[..., Any] = self._client.register_script(_TAKE)
        self._delete: Callable[..., Any] = self._client.register_script(_DELETE)
        self._increment: Callable[..., Any] = self._client.register_script(_INCREMENT)

    def put(self, kind: str, key: str, value: bytes, ttl: timedelta, *, indexes: Sequence[str] = ()) -> None:
        self._write_record(kind, key, value, ttl, indexes=indexes)

    def get(self, kind: str, key: str) -> bytes | None:
        with _answers():
            place: Any = self._client.get(self._place(kind, key))
            if place is None or place[:1] != b"r" or int(place[1:17]) <= self._now():
                return None
            return _value(place)

    def take(
        self, kind: str, key: str, *, mark: bytes | None = None, mark_ttl: timedelta | None = None
    ) -> Taken | AlreadyTaken | None:
        if (mark is None) != (mark_ttl is None):
            raise ValueError("a mark and its time to live come together")
        arguments: list[bytes | str | int] = [self._now()]
        if mark is not None and mark_ttl is not None:
            arguments += [b"m" + self._expiry(mark_ttl).encode() + mark, _sweep_after(mark_ttl)]
        with _answers():
            place = self._take([self._place(kind, key)], arguments)
            if place is None:
                return None
            return Taken(_value(place)) if place[:1] == b"r" else AlreadyTaken(place[17:])

    def delete(self, kind: str, key: str) -> bool:
        with _answers():
            return bool(self._delete([self._place(kind, key)], [self._now()]))

    def add_if_absent(self, kind: str, key: str, value: bytes, ttl: timedelta) -> bool:
        return self._write_record(kind, key, value, ttl, condition="absent")

    def compare_and_set(self, kind: str, key: str, expected: bytes, value: bytes, ttl: timedelta) -> bool:
        return self._write_record(kind, key, value, ttl, condition="equal", expected=expected)

    def members(self, kind: str, index: str) -> frozenset[str]:
        with _answers():
            keys: Any = self._client.zrange(self._index(kind, index), 0, -1)
        return frozenset(key.decode() for key in keys)

    def delete_index(self, kind: str, index: str) -> int:
        with _answers():
            return int(self._delete([self._index(kind, index)], [self._now(), self._place(kind, "")[:-1]]))

    def increment(self, kind: str, key: str, ttl: timedelta) -> int:
        with _answers():
            counter = self._name("c", kind, key)
            return int(self._increment([counter], [self._now(), self._expiry(ttl), _sweep_after(ttl)]))

    def ping(self) -> None:
        with _answers():
            self._client.ping()

    def check_eviction_policy(self) -> str | None:
        """A warning if the server does not tell how it evicts; None if it never does (threats SS-08).

        Raises ``RecordsMayBeEvicted`` if it may evict: our keys all have an expiry, so every policy but ``noeviction``
        reaches them.
        """
        try:
            with _answers():
                memory = self._client.info("memory")
        except StateUnavailable as error:
            if isinstance(error.__cause__, NoPermissionError) or type(error.__cause__) is ResponseError:
                return "Redis does not tell its maxmemory-policy: make sure that it is noeviction"
            raise
        policy = memory.get("maxmemory_policy")
        if policy is None:
            return "Redis does not tell its maxmemory-policy: make sure that it is noeviction"
        if policy != "noeviction" and memory.get("maxmemory") != 0:
            raise RecordsMayBeEvicted(f"set the maxmemory-policy of Redis to noeviction; it is {policy}")
        return None

    def sweep(self) -> int:
        return 0

    def close(self) -> None:
        self._client.close()

    def _write_record(
        self,
        kind: str,
        key: str,
        value: bytes,
        ttl: timedelta,
        *,
        condition: str = "",
        expected: bytes = b"",
        indexes: Sequence[str] = (),
    ) -> bool:
        if any(not name or "\n" in name for name in indexes) or sum(len(name) + 1 for name in indexes) > _LONGEST_NAMES:
            raise ValueError("the names of indexes are short words")
        prefix = self._index(kind, "")[:-1]
        span = [self._now(), self._expiry(ttl), _sweep_after(ttl)]
        with _answers():
            return bool(
                self._write([self._place(kind, key)], [*span, value, condition, expected, key, prefix, *indexes])
            )

    def _place(self, kind: str, key: str) -> str:
        return self._name("r", kind, key)

    def _index(self, kind: str, index: str) -> str:
        return self._name("i", kind, index)

    def _name(self, sort: str, kind: str, key: str) -> str:
        # The colon ends the kind, so a kind holds none: ("a", "b:c") and ("a:b", "c") are two names (threats L10).
        return f"{self._namespace}:{sort}:{{{kind.replace('%', '%25').replace(':', '%3A')}:{key}}}"

    def _now(self) -> int:
        return (self._clock.now() - _EPOCH) // _TICK

    def _expiry(self, ttl: timedelta) -> str:
        expiry = f"{self._now() + ttl // _TICK:016}"
        if len(expiry) != 16:
            raise ValueError("the expiry lies outside the years 1970 to 2286")
        return expiry


def _sweep_after(ttl: timedelta) -> int:
    return max(ttl, timedelta()) // _MILLISECOND + 1 + SWEEP_AFTER // _MILLISECOND


def _value(place: bytes) -> bytes:
    return place[21 + int(place[17:21]) :]


@contextmanager
def _answers() -> Iterator[None]:
    """Whatever Redis or the road to it does wrong, nothing may be concluded from it."""
    try:
        yield
    except (RedisError, OSError) as error:
        raise StateUnavailable(type(error).__name__) from error
