"""``broker outbox``: what was not told is listed, shown without the person, and tried again with a trace."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from broker.clock import SystemClock
from broker.store.outbox import OutboxEvent
from tests.support.operated import Operated
from tests.support.outbox import event, make


@pytest.fixture
def waiting(operated: Operated) -> Operated:
    """Three events: one waits, one is dead, one was delivered; and a dead one of another organisation."""
    now = SystemClock().now()
    with operated.records() as records:
        make(records, event("evt_wait", created_at=now), event("evt_dead", created_at=now))
        make(records, event("evt_done", created_at=now), event("evt_other", organization="helios", created_at=now))
        for each in records.outbox.take(now, now, 10):
            if each.id in ("evt_dead", "evt_other"):
                records.outbox.failed(each, "status_500", None)
        records.outbox.delivered("evt_done", now)
    return operated


def names(waiting: Operated, *arguments: str) -> set[str]:
    return {each["id"] for each in waiting.json("outbox", "list", *arguments)["events"]}


def kept(waiting: Operated) -> Sequence[OutboxEvent]:
    with waiting.records() as records:
        return records.outbox.events()


def test_what_waits_and_what_was_given_up_is_listed(waiting: Operated) -> None:
    assert names(waiting) == {"evt_wait", "evt_dead", "evt_other"}
    assert names(waiting, "--dead") == {"evt_dead", "evt_other"}
    assert names(waiting, "--dead", "--organization", "helios") == {"evt_other"}
    assert names(waiting, "--all", "--organization", "aegean-foods") == {"evt_wait", "evt_dead", "evt_done"}
    listed = waiting.done("outbox", "list", "--dead", "--organization", "aegean-foods")
    assert "dead       aegean-foods/connect" in listed
    assert "last error status_500" in listed
    assert listed.endswith("1 event.\n")


def test_an_event_is_shown_without_what_it_says_of_the_person(waiting: Operated) -> None:
    shown = waiting.done("outbox", "show", "evt_dead")
    assert "fields: email\n" in shown
    assert "last_error: status_500\n" in shown
    assert "eleni" not in shown + waiting.done("outbox", "show", "evt_dead", "--json")
    assert "there is no event evt_none" in waiting.refused("outbox", "show", "evt_none")


def test_an_event_is_tried_again_and_the_trail_says_so(waiting: Operated) -> None:
    assert waiting.done("outbox", "retry", "evt_dead") == "1 event will be tried again.\n"
    assert {each.id: each.state for each in kept(waiting)}["evt_dead"] == "waiting"
    entry = waiting.json("audit", "list")["entries"][-1]
    assert (entry["event"], entry["organization"], entry["actor"]) == ("outbox_retried", "aegean-foods", "operator")
    assert entry["detail"] == {"event": "evt_dead", "hook": "connect", "state": "dead", "attempts": "1"}


def test_everything_that_was_given_up_is_tried_again(waiting: Operated) -> None:
    assert waiting.done("outbox", "retry", "--all-dead", "--organization", "helios").startswith("1 event ")
    assert waiting.done("outbox", "retry", "--all-dead").startswith("1 event ")
    assert waiting.done("outbox", "retry", "--all-dead") == "no events will be tried again.\n"
    assert {each.state for each in kept(waiting)} == {"waiting", "delivered"}


def test_what_cannot_be_tried_again_is_said_to_be_so(waiting: Operated) -> None:
    for name in ("evt_done", "evt_none"):
        assert f"there is no event {name}" in waiting.refused("outbox", "retry", name)
    waiting.refused("outbox", "retry", code=2)
    waiting.refused("outbox", "retry", "evt_dead", "--all-dead", code=2)
    waiting.refused("outbox", "retry", "evt_dead", "--organization", "helios", code=2)
