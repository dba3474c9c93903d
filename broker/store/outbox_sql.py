"""The outbox in SQL."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, bindparam, case, delete, func, or_, select, tuple_, update

from broker.store.columns import moment, moment_or_none, ticks
from broker.store.database import Database
from broker.store.outbox import Backlog, NewEvent, OutboxEvent, State
from broker.store.tables import outbox

_OF: Final = bindparam("of_id", type_=outbox.c.id.type)
_IS_DUE: Final = (
    (outbox.c.state == "waiting")
    & (outbox.c.next_attempt_at <= bindparam("now"))
    & or_(outbox.c.leased_until.is_(None), outbox.c.leased_until <= bindparam("now"))
)
_IS_ANY_DUE: Final = select(outbox.c.id).where(_IS_DUE).limit(1)
_DUE: Final = (
    select(outbox)
    .where(_IS_DUE)
    .order_by(outbox.c.next_attempt_at, outbox.c.id)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)  # Who takes at the same moment gets others.
)
_LEASE: Final = (
    update(outbox).where(outbox.c.id == _OF).values(attempts=outbox.c.attempts + 1, leased_until=bindparam("until"))
)
_DELIVERED: Final = (
    update(outbox)
    .where(outbox.c.id == _OF, outbox.c.state != "delivered")
    .values(state="delivered", payload="", delivered_at=bindparam("at"), leased_until=None, last_error=None)
)
# The lease is the caller's as long as nobody took the event after it.
_HELD: Final = update(outbox).where(
    outbox.c.id == _OF,
    outbox.c.state == "waiting",
    outbox.c.attempts == bindparam("of_attempt"),
    outbox.c.leased_until.is_not(None),
)
_FAILED: Final = _HELD.values(
    state=bindparam("new_state"),
    next_attempt_at=bindparam("new_next"),
    leased_until=None,
    last_error=bindparam("error"),
)
_RELEASE: Final = _HELD.values(attempts=outbox.c.attempts - 1, leased_until=None)
_POSTPONE: Final = (
    update(outbox)
    .where(
        outbox.c.organization == bindparam("of_organization"),
        outbox.c.hook == bindparam("of_hook"),
        outbox.c.state == "waiting",
        outbox.c.next_attempt_at < bindparam("until"),
    )
    .values(next_attempt_at=bindparam("until"))
)
_RETRY: Final = (
    update(outbox)
    .where(outbox.c.id == _OF, outbox.c.state != "delivered")
    .values(state="waiting", attempts=0, next_attempt_at=bindparam("now"), leased_until=None)
)
_EVENT: Final = select(outbox).where(outbox.c.id == _OF)
_EVENTS: Final = select(outbox).order_by(outbox.c.created_at, outbox.c.id).limit(bindparam("limit"))
_BACKLOG: Final = (
    select(
        outbox.c.organization,
        outbox.c.hook,
        func.sum(case((outbox.c.state == "waiting", 1), else_=0)).label("waiting"),
        func.sum(case((outbox.c.state == "dead", 1), else_=0)).label("dead"),
        func.min(case((outbox.c.state == "waiting", outbox.c.created_at))).label("oldest"),
    )
    .where(outbox.c.state.in_(("waiting", "dead")))
    .group_by(outbox.c.organization, outbox.c.hook)
    .order_by(outbox.c.organization, outbox.c.hook)
)
_FORGET: Final = delete(outbox).where(outbox.c.state == "delivered", outbox.c.delivered_at < bindparam("before"))


def write_events(database: Database, connection: Connection, events: Iterable[NewEvent]) -> None:
    """Adds them in the transaction at hand, due at once; one that is there already stays as it is."""
    add = database.insert(outbox).on_conflict_do_nothing(index_elements=outbox.primary_key)
    for event in events:
        connection.execute(add, _row_of(event))


class SqlOutbox:
    """``Outbox`` in the directory's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, now: datetime, until: datetime, limit: int) -> Sequence[OutboxEvent]:
        # Most often there is nothing: to find that out takes no lock.
        if not self._database.read(_IS_ANY_DUE, {"now": ticks(now)}):
            return []

        def take(connection: Connection) -> list[OutboxEvent]:
            due = connection.execute(_DUE, {"now": ticks(now), "limit": limit}).all()
            for row in due:
                connection.execute(_LEASE, {"of_id": row.id, "until": ticks(until)})
            return [_event_of(connection.execute(_EVENT, {"of_id": row.id}).one()) for row in due]

        return self._database.write(take)

    def delivered(self, event_id: str, at: datetime) -> bool:
        return self._database.change(_DELIVERED, {"of_id": event_id, "at": ticks(at)})

    def failed(self, event: OutboxEvent, error: str, next_attempt_at: datetime | None) -> bool:
        dead = next_attempt_at is None
        values = {
            "of_id": event.id,
            "of_attempt": event.attempts,
            "new_state": "dead" if dead else "waiting",
            "new_next": ticks(next_attempt_at or event.next_attempt_at),
            "error": error,
        }
        return self._database.change(_FAILED, values)

    def release(self, event: OutboxEvent) -> bool:
        return self._database.change(_RELEASE, {"of_id": event.id, "of_attempt": event.attempts})

    def postpone(self, organization: str, hook: str, until: datetime) -> int:
        values = {"of_organization": organization, "of_hook": hook, "until": ticks(until)}
        return self._database.write(lambda connection: connection.execute(_POSTPONE, values).rowcount)

    def event(self, event_id: str) -> OutboxEvent | None:
        rows = self._database.read(_EVENT, {"of_id": event_id})
        return _event_of(rows[0]) if rows else None

    def events(
        self,
        *,
        state: State | None = None,
        organization: str | None = None,
        after: tuple[datetime, str] | None = None,
        limit: int = 100,
    ) -> Sequence[OutboxEvent]:
        statement: Select[Any] = _EVENTS
        parameters: dict[str, Any] = {"limit": limit}
        if state is not None:
            statement = statement.where(outbox.c.state == bindparam("state"))
            parameters["state"] = state
        if organization is not None:
            statement = statement.where(outbox.c.organization == bindparam("organization"))
            parameters["organization"] = organization
        if after is not None:
            place = tuple_(bindparam("after_at"), bindparam("after_id"))
            statement = statement.where(tuple_(outbox.c.created_at, outbox.c.id) > place)
            parameters |= {"after_at": ticks(after[0]), "after_id": after[1]}
        return [_event_of(row) for row in self._database.read(statement, parameters)]

    def retry(self, event_id: str, now: datetime) -> bool:
        return self._database.change(_RETRY, {"of_id": event_id, "now": ticks(now)})

    def backlog(self) -> Sequence[Backlog]:
        return [
            Backlog(row.organization, row.hook, int(row.waiting), int(row.dead), moment_or_none(row.oldest))
            for row in self._database.read(_BACKLOG, {})
        ]

    def forget(self, before: datetime) -> int:
        values = {"before": ticks(before)}
        return self._database.write(lambda connection: connection.execute(_FORGET, values).rowcount)


def _row_of(event: NewEvent) -> dict[str, Any]:
    return {
        "id": event.id,
        "organization": event.organization,
        "hook": event.hook,
        "account_id": event.account_id,
        "kind": event.kind,
        "payload": json.dumps(dict(event.fields)),
        "state": "waiting",
        "created_at": ticks(event.created_at),
        "attempts": 0,
        "next_attempt_at": ticks(event.created_at),
    }


def _event_of(row: Row[Any]) -> OutboxEvent:
    return OutboxEvent(
        id=row.id,
        organization=row.organization,
        hook=row.hook,
        account_id=row.account_id,
        kind=row.kind,
        fields=json.loads(row.payload) if row.payload else {},
        created_at=moment(row.created_at),
        state=row.state,
        attempts=row.attempts,
        next_attempt_at=moment(row.next_attempt_at),
        leased_until=moment_or_none(row.leased_until),
        last_error=row.last_error,
        delivered_at=moment_or_none(row.delivered_at),
    )
