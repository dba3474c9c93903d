"""Events of the outbox that many tests need."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from broker.identity import Subject
from broker.store.outbox import CREATED, NewEvent
from broker.store.records import Records
from tests.support.directory import draft
from tests.support.people import NOW


def event(event_id: str = "evt_one", **changes: Any) -> NewEvent:
    """That Eleni has an account, for the hook ``connect`` of her organisation."""
    base = NewEvent(
        id=event_id,
        organization="aegean-foods",
        hook="connect",
        account_id=draft().id,
        kind=CREATED,
        fields={"email": "eleni.markou@aegeanfoods.example"},
        created_at=NOW,
    )
    return replace(base, **changes)


def make(records: Records, *events: NewEvent) -> None:
    """Writes them, with an account of nobody else's for each call."""
    name = events[0].id
    records.directory.create_account(draft(id=f"of-{name}", subject=Subject.own(f"of-{name}")), events)
