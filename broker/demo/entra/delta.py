"""Delta queries of people: who is there, and afterwards only what has changed (entra-id reference 4.7).

A round is fixed when it begins; its pages are read with skip tokens, and its last page gives the delta token that the
next round begins with. Both are opaque and may be used again.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from broker.demo.entra.bounded import Bounded
from broker.demo.entra.changes import UserChange
from broker.demo.entra.directory import SimulatedDirectory
from broker.demo.entra.graph_properties import DEFAULT, changed_properties, values
from broker.demo.entra.model import User

_LIMIT: Final = 2_000


@dataclass(frozen=True, slots=True)
class DeltaQuery:
    """What was asked at the first request; tokens carry it on."""

    tenant_id: str
    # None: the properties that come unasked, and only they are watched.
    select: tuple[str, ...] | None = None
    # Object ids; empty: everybody.
    only: frozenset[str] = frozenset()

    @property
    def watched(self) -> tuple[str, ...]:
        return DEFAULT if self.select is None else self.select


@dataclass(frozen=True, slots=True)
class Round:
    """The answer to a query, whole; ``start`` is where the next page begins."""

    query: DeltaQuery
    objects: tuple[dict[str, Any], ...]
    # Of the log of changes, when the round began: the next round goes on from there.
    position: int
    start: int = 0


@dataclass(frozen=True, slots=True)
class _Mark:
    query: DeltaQuery
    position: int
    issued_at: datetime


class DeltaTokens:
    """Those that were given out."""

    def __init__(self, lock: threading.RLock) -> None:
        self._rounds: Bounded[Round] = Bounded(_LIMIT, lock)
        self._marks: Bounded[_Mark] = Bounded(_LIMIT, lock)

    def reset(self) -> None:
        """All of them are too old now."""
        self._rounds.clear()
        self._marks.clear()

    def put_round(self, rest: Round) -> str:
        token = secrets.token_urlsafe(60)
        self._rounds.put(token, rest)
        return token

    def round(self, token: str) -> Round | None:
        return self._rounds.get(token)

    def put_mark(self, query: DeltaQuery, position: int, now: datetime) -> str:
        token = secrets.token_urlsafe(60)
        self._marks.put(token, _Mark(query, position, now))
        return token

    def mark(self, token: str, now: datetime, lifetime_seconds: float) -> tuple[DeltaQuery, int] | None:
        """The query and where it got to; None when the token is unknown or too old."""
        found = self._marks.get(token)
        if found is None or (now - found.issued_at).total_seconds() > lifetime_seconds:
            return None
        return found.query, found.position


def first_round(directory: SimulatedDirectory, query: DeltaQuery) -> Round:
    """Everybody who is there. Properties that have no value are left out."""
    with directory.lock:
        people = [
            user
            for user in directory.users()
            if user.tenant_id == query.tenant_id and not user.deleted and (not query.only or user.oid in query.only)
        ]
        objects = tuple(_whole(query, user) for user in people)
        return Round(query, objects, directory.changes.position)


def later_round(directory: SimulatedDirectory, query: DeltaQuery, position: int, *, minimal: bool) -> Round | None:
    """What has changed since; None when that is not known any more. ``minimal``: only the properties that have."""
    with directory.lock:
        changes = directory.changes.since(position)
        if changes is None:
            return None
        befores: dict[str, User | None] = {}
        for change in changes:
            if _concerns(query, change):
                befores.setdefault(change.key[1], change.before)
        objects = [
            _changed(query, oid, before, directory.user(query.tenant_id, oid), minimal=minimal)
            for oid, before in befores.items()
        ]
        return Round(query, tuple(one for one in objects if one is not None), directory.changes.position)


def _concerns(query: DeltaQuery, change: UserChange) -> bool:
    tenant_id, oid = change.key
    return tenant_id == query.tenant_id and (not query.only or oid in query.only)


def _changed(
    query: DeltaQuery, oid: str, before: User | None, now: User | None, *, minimal: bool
) -> dict[str, Any] | None:
    """How a person is told of; None: not at all."""
    was_there = before is not None and not before.deleted
    if now is None:
        return {"id": oid, "@removed": {"reason": "deleted"}} if before is not None else None
    if now.deleted:
        return {"id": oid, "@removed": {"reason": "changed"}} if was_there else None
    if before is None or before.deleted:
        return _whole(query, now)
    changed = changed_properties(before, now) & set(query.watched)
    if not changed:
        return None
    said = _with_value(values(now, query.watched)) | values(now, sorted(changed))
    if minimal:
        said = values(now, sorted(changed))
    return _in_order(query.watched, said) | {"id": oid}


def _whole(query: DeltaQuery, user: User) -> dict[str, Any]:
    return _with_value(values(user, query.watched)) | {"id": user.oid}


def _with_value(said: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if value is not None and value != []}


def _in_order(names: Iterable[str], said: dict[str, Any]) -> dict[str, Any]:
    return {name: said[name] for name in names if name in said}
