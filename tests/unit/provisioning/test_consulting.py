"""What follows from the answer of a hook that is asked, and from none (threats PR-02, PR-03, PR-06, PR-14)."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest

from broker import tracing
from broker.clock import ManualClock
from broker.errors import Busy, NotAllowed
from broker.identity import FieldStamp
from broker.provisioning.hooks import Answer, Event, Hook, HookFailed, event_id
from broker.provisioning.resting import FAILURES, REST
from tests.support.directory import draft
from tests.support.hooks import Here, consulting
from tests.support.people import NOW

SECONDS = timedelta(seconds=1)


def before(application: Here, name: str = "connect", **changes: Any) -> Hook:
    return Hook(name, "before", application, **changes)


def failing(_: Event) -> Answer:
    raise HookFailed("timeout", is_down=True)


def test_without_hooks_an_account_is_made_as_it_is(clock: ManualClock) -> None:
    asked = consulting(clock).consult(draft())
    assert (asked.draft, asked.events) == (draft(), ())
    assert not consulting(clock).asks("aegean-foods")


def test_pr_14_a_hook_hears_what_the_configuration_names_and_no_more(clock: ManualClock) -> None:
    bare, some = Here(), Here()
    after = Hook("crm", "after", Here(), frozenset({"email", "role"}))
    hooks = (before(bare), before(some, "some", fields=frozenset({"job_title", "office", "work_phone"})), after)
    asked = consulting(clock, *hooks).consult(draft())
    assert bare.asked[0][0].fields == {}
    assert some.asked[0][0].fields == {name: draft().attributes[name] for name in ("job_title", "office")}
    [written] = asked.events
    assert (written.hook, written.fields) == ("crm", {"email": draft().email, "role": "editor"})
    assert written.id == event_id("aegean-foods", "crm", draft().id)


def test_pr_06_an_answer_sets_what_it_may_set_and_nothing_else(clock: ManualClock) -> None:
    said = {
        "employee_id": " 7\u202e\x00 ",
        "display_name": "Ἑλένη",
        "office": "",
        "role": "administrator",
        "email": "attacker@evil.example",
        "organization": "helios-shipping",
        "id": "another",
        "is_admin": "true",
    }
    may_set = frozenset({"employee_id", "display_name", "office", "email", "organization", "id", "is_admin"})
    hook = before(Here(lambda _: Answer(changes=said)), may_set=may_set)
    after = Hook("crm", "after", Here(), frozenset({"employee_id"}))
    asked = consulting(clock, hook, after).consult(draft())
    made = asked.draft
    assert (made.attributes["employee_id"], made.display_name) == ("7", "Ἑλένη")
    assert made.attributes["office"] == draft().attributes["office"], "what is empty changes nothing"
    assert (made.role, made.email, made.organization, made.id) == (
        "editor",
        draft().email,
        "aegean-foods",
        draft().id,
    )
    assert made.attribute_sources["employee_id"] == "hook:connect"
    assert made.attribute_stamps["display_name"] == FieldStamp("hook:connect", draft().created_at)
    assert asked.events[0].fields == {"employee_id": "7"}, "who comes later hears of what the first one said"


def test_a_role_is_set_only_where_the_configuration_lets_it_be(clock: ManualClock) -> None:
    hook = before(Here(lambda _: Answer(changes={"role": "contributor"})), may_set=frozenset({"role"}))
    assert consulting(clock, hook).consult(draft()).draft.role == "contributor"


def test_hooks_are_asked_in_their_order_and_each_sees_what_the_one_before_said(clock: ManualClock) -> None:
    first = Here(lambda _: Answer(changes={"department": "Sales"}))
    second = Here(lambda event: Answer(changes={"job_title": f"of {event.fields['department']}"}))
    hooks = (
        before(first, "first", may_set=frozenset({"department"})),
        before(second, "second", fields=frozenset({"department"}), may_set=frozenset({"job_title"})),
    )
    made = consulting(clock, *hooks).consult(draft()).draft
    assert (made.attributes["department"], made.attributes["job_title"]) == ("Sales", "of Sales")


@pytest.mark.parametrize(
    ("word", "logged"), [("seats", "seats"), ("Eleni Markou <e@x>", "unnamed"), ("a\nb", "unnamed")]
)
def test_a_refusal_is_told_in_our_words_and_nobody_else_is_asked(clock: ManualClock, word: str, logged: str) -> None:
    refusing, next_one = Here(lambda _: Answer(refused=word, explanation="no_place_left")), Here()
    with pytest.raises(NotAllowed) as caught:
        consulting(clock, before(refusing), before(next_one, "next")).consult(draft())
    assert (caught.value.reason, caught.value.explanation) == ("hook_refused", "no_place_left")
    assert caught.value.detail == f"aegean-foods/connect: {logged}"
    assert next_one.asked == []


@pytest.mark.parametrize(
    ("behave", "reason"),
    [
        (failing, "hook_timeout"),
        (lambda _: None, "hook"),
        (lambda _: "yes", "hook"),
        (lambda _: Answer(explanation="<b>"), "hook"),  # type: ignore[arg-type]  # nonsense
        (lambda _: Answer(refused=7), "hook"),  # type: ignore[arg-type]
        (lambda _: Answer(changes={"role": "Root!"}), "hook"),
        (lambda _: Answer(changes={"office": ["a"]}), "hook"),  # type: ignore[dict-item]
        (lambda _: Answer(changes=7), "hook"),  # type: ignore[arg-type]
        (lambda _: 1 // 0, "hook"),
    ],
)
def test_pr_02_no_answer_is_what_the_configuration_says_it_is(clock: ManualClock, behave: Any, reason: str) -> None:
    may_set = frozenset({"role", "office"})
    with pytest.raises(Busy) as caught:
        consulting(clock, before(Here(behave), may_set=may_set)).consult(draft())
    assert (caught.value.reason, caught.value.explanation) == (reason, "busy")
    asked = consulting(clock, before(Here(behave), may_set=may_set, on_failure="continue")).consult(draft())
    assert asked.draft == draft()
    assert [event.id for event in asked.events] == [event_id("aegean-foods", "connect", draft().id)], "it hears later"


def test_pr_03_a_hook_that_fails_again_and_again_is_left_alone_for_a_moment(clock: ManualClock) -> None:
    down = Here(failing)
    asking = consulting(clock, before(down))
    for _ in range(FAILURES + 3):
        with pytest.raises(Busy):
            asking.consult(draft())
    assert len(down.asked) == FAILURES
    clock.advance(REST)
    down.behave = lambda _: Answer()
    asking.consult(draft())
    asking.consult(draft())
    assert len(down.asked) == FAILURES + 2


def test_pr_03_all_hooks_together_have_ten_seconds(clock: ManualClock) -> None:
    def slow(_: Event) -> Answer:
        clock.advance(4 * SECONDS)
        return Answer()

    hooks = [Here(slow) for _ in range(4)]
    named = [before(hook, f"n{n}", deadline=5 * SECONDS, on_failure="continue") for n, hook in enumerate(hooks)]
    asked = consulting(clock, *named).consult(draft())
    assert [hook.asked[0][1] for hook in hooks[:3]] == [5 * SECONDS, 5 * SECONDS, 2 * SECONDS]
    assert hooks[3].asked == []
    assert [event.hook for event in asked.events] == ["n3"]


def test_an_account_that_is_asked_about_has_the_same_id_each_time(clock: ManualClock) -> None:
    asking = consulting(clock)
    first = asking.account_id("aegean-foods", "entra", "tenant", "object", "0")
    assert first == consulting(clock).account_id("aegean-foods", "entra", "tenant", "object", "0")
    others = {asking.account_id("aegean-foods", "entra", "tenant", "object", "1"), asking.account_id("helios", "entra")}
    assert first not in others
    parsed = uuid.UUID(first)
    assert (parsed.version, parsed.variant, str(parsed)) == (8, uuid.RFC_4122, first)


def test_what_a_hook_said_is_a_step_of_the_sign_in(clock: ManualClock) -> None:
    record = tracing.begin()
    hooks = (before(Here()), before(Here(lambda _: Answer(refused="seats")), "crm"))
    with pytest.raises(NotAllowed):
        consulting(clock, *hooks).consult(draft(created_at=NOW))
    tracing.end()
    steps = [(step.group, step.name, step.outcome, step.detail) for step in record.steps]
    assert steps == [("provisioning", "connect", "passed", ""), ("provisioning", "crm", "refused", "seats")]
