"""Rules over somebody: who is refused and why, and what is noted of it."""

from __future__ import annotations

import pytest

from broker import tracing
from broker.claims.judging import fill, judge
from broker.claims.rules import AttributeRule
from broker.errors import LoginFailed, RuleRefused
from tests.support.expressions import EDITORS, rule, text, upstream_values, where


def test_all_rules_that_hold_let_through_and_are_noted() -> None:
    record = tracing.begin()
    judge(
        "require",
        [rule("!has(claims.acct) || claims.acct == 0", name="members-only"), rule("'mfa' in upstream.amr", name="mfa")],
        upstream_values(acct=0),
    )
    assert [(step.name, step.outcome, step.value) for step in record.steps] == [
        ("members-only", "passed", True),
        ("mfa", "passed", True),
    ]
    assert record.steps[0].inputs == {"claims.acct": 0}
    assert record.steps[0].location == where()
    assert record.steps[0].source == "!has(claims.acct) || claims.acct == 0"


def test_the_first_that_does_not_hold_refuses_with_its_word_its_place_and_its_sentence() -> None:
    record = tracing.begin()
    said = {"en": "Guests use another service.", "el": "Οι επισκέπτες χρησιμοποιούν άλλη υπηρεσία."}
    rules = [
        rule("claims.acct == 0", name="members-only", line=12, otherwise="guests_not_allowed", messages=said),
        rule("1 == 1", name="never-reached"),
    ]
    with pytest.raises(RuleRefused) as refusal:
        judge("require", rules, upstream_values(acct=1))
    assert refusal.value.reason == "guests_not_allowed"
    assert refusal.value.explanation == "rule_refused"
    assert refusal.value.messages == said
    assert "rule members-only, organizations/aegean-foods.yaml:12" in refusal.value.detail
    assert [(step.name, step.outcome) for step in record.steps] == [("members-only", "refused")]


def test_one_that_cannot_be_decided_refuses_as_well() -> None:
    record = tracing.begin()
    with pytest.raises(LoginFailed) as failure:
        judge("require", [rule("claims.acct == 0", line=12)], upstream_values())
    assert failure.value.reason == "rule_error"
    assert "aegean-foods.yaml:12: a member of a map is not there" in failure.value.detail
    assert [(step.outcome, step.detail) for step in record.steps] == [("failed", "a member of a map is not there")]


def test_a_note_shows_the_beginning_of_a_long_list() -> None:
    record = tracing.begin()
    values = upstream_values()
    values.variables["upstream.groups"] = [EDITORS] * 200  # type: ignore[index]
    judge("require", [rule(f"'{EDITORS}' in upstream.groups")], values)
    assert record.steps[0].inputs["upstream.groups"] == [*[EDITORS] * 20, "… and 180 more"]


def test_a_field_is_filled_from_the_first_source_that_has_a_fitting_text() -> None:
    row = AttributeRule("job_title", ("graph.jobTitle", "graph.department"))
    profile = {"graph.jobTitle": "  ", "graph.department": " Sales "}
    assert fill(row, upstream_values(), profile) == ("Sales", "graph.department")
    assert fill(row, upstream_values(), {}) is None
    assert fill(row, upstream_values(), profile, accepted=lambda _: "") is None


def test_a_field_is_filled_by_an_expression_which_may_give_nothing_and_may_not_fail() -> None:
    row = AttributeRule("department", value=text("claims.department.upperAscii()"), location=where(9))
    values = upstream_values(department="sales")
    assert fill(row, values, {}) == ("SALES", "rule organizations/aegean-foods.yaml:9")
    assert fill(row, upstream_values(department=" "), {}) is None
    with pytest.raises(LoginFailed) as failure:
        fill(row, upstream_values(), {})
    assert failure.value.reason == "rule_error"


def test_a_field_that_is_never_filled_is_not() -> None:
    assert (
        fill(AttributeRule("office", ("graph.office",), on="never"), upstream_values(), {"graph.office": "A"}) is None
    )
