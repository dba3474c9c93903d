"""The organisation's own rules as the last of the gate: where they are asked, over what, and what unknown means."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from broker import tracing
from broker.admission import RULES, Admission, Evidence, Gate
from broker.claims.facts import fields_of
from broker.claims.rules import NO_RULES
from broker.clock import ManualClock
from broker.entry_rules import organization_rules
from broker.errors import Busy, LoginFailed, NotAllowed, RuleRefused, SsoRequired
from broker.evidence import FactsMemory
from broker.identity import Stamp
from broker.organizations import BREAK_GLASS, PASSWORD, BreakGlass, Organization
from tests.support.people import AEGEAN, HELIOS, LOCAL, NOW, FixedOrganizations, account, authentication
from tests.support.rules import STAFF, Remembered, facts, ruled

ANOTHER = "c1f7e0c2-44b8-4d43-8a0d-0f6f4d7d2a90"
IN_STAFF = f'"{STAFF}" in identity.groups'
SAID_STAFF = f'"{STAFF}" in upstream.groups'


def gate_of(organization: Organization, memory: FactsMemory | None = None) -> Gate:
    return Gate(FixedOrganizations([organization, HELIOS, LOCAL]), ManualClock(NOW), memory)


def standing(organization: Organization, memory: FactsMemory | None = None, stamp: Stamp | None = None) -> Admission:
    evidence = Evidence.standing(account(), "entra:aegean-foods", stamp or Stamp(0, 0), None)
    return gate_of(organization, memory).admit(evidence)


def test_they_are_the_last_so_that_they_open_nothing() -> None:
    assert RULES[-1] is organization_rules
    everybody = ruled(require=("true || claims.acct == 1",), admit=("true || identity.is_guest",))
    with pytest.raises(NotAllowed, match="guest"):
        gate_of(everybody).admit(Evidence.fresh(authentication(is_guest=True), None, None))
    with pytest.raises(SsoRequired):
        gate_of(everybody).admit(Evidence.fresh(authentication(connection=PASSWORD), account(), None))


def test_what_the_upstream_said_is_judged_before_any_account_is_known() -> None:
    gate = gate_of(ruled(require=(SAID_STAFF,), otherwise="no_x", messages={"en": "Ask for x."}))
    with pytest.raises(RuleRefused) as refused:
        gate.hear(authentication(groups=(ANOTHER,)))
    assert (refused.value.reason, refused.value.explanation) == ("no_x", "rule_refused")
    assert refused.value.messages == {"en": "Ask for x."}
    assert "the-rule" in refused.value.detail
    assert "organizations/aegean-foods.yaml:7" in refused.value.detail
    heard = gate.hear(authentication(groups=(STAFF, ANOTHER)))
    assert gate.admit(Evidence.fresh(heard, None, None))


def test_who_was_not_heard_is_judged_all_the_same() -> None:
    gate = gate_of(ruled(require=(SAID_STAFF,)))
    with pytest.raises(RuleRefused):
        gate.admit(Evidence.fresh(authentication(groups=(ANOTHER,)), None, None))


def test_who_was_heard_by_other_rules_is_judged_by_those_of_now() -> None:
    heard = gate_of(AEGEAN).hear(authentication(groups=(ANOTHER,)))
    with pytest.raises(RuleRefused):
        gate_of(ruled(require=(SAID_STAFF,))).admit(Evidence.fresh(heard, None, None))


def test_rules_on_the_account_wait_until_its_fields_are_known_and_nothing_is_written_before() -> None:
    gate = gate_of(ruled(admit=('account.department == "Sales"',)))
    heard = gate.hear(authentication())
    assert not gate.admit(Evidence.fresh(heard, None, None)).is_complete
    fields = {**fields_of(account()), "department": "Sales"}
    assert gate.admit(Evidence.fresh(heard, None, None, fields)).is_complete
    with pytest.raises(RuleRefused):
        gate.admit(Evidence.fresh(heard, None, None, {**fields, "department": "Stock"}))
    known = account(attributes={"department": "Sales"})
    assert gate.admit(Evidence.fresh(heard, known, None)).is_complete


def test_without_rules_on_the_account_the_first_admission_is_complete() -> None:
    assert gate_of(ruled(require=("true || claims.acct == 1",))).admit(
        Evidence.fresh(authentication(), None, None)
    ).is_complete


def test_unknown_groups_refuse() -> None:
    gate = gate_of(ruled(admit=(IN_STAFF,)))
    assert gate.admit(Evidence.fresh(authentication(groups=(STAFF,)), account(), None))
    with pytest.raises(RuleRefused):
        gate.admit(Evidence.fresh(authentication(groups=()), account(), None))
    with pytest.raises(LoginFailed, match="rule_error"):
        gate.admit(Evidence.fresh(authentication(groups=None), account(), None))


def test_what_stands_is_judged_by_what_was_said_at_the_last_sign_in() -> None:
    memory = Remembered({account().id: facts(groups=(STAFF,))})
    assert standing(ruled(admit=(IN_STAFF,)), memory)
    changed = ruled(admit=(f'"{ANOTHER}" in identity.groups',))
    with pytest.raises(RuleRefused):
        standing(changed, memory)
    with pytest.raises(RuleRefused):
        standing(ruled(require=(f'"{ANOTHER}" in upstream.groups',)), memory)


@pytest.mark.parametrize(
    "memory",
    [None, Remembered(), Remembered({account().id: facts(connection="entra:elsewhere")})],
    ids=["no memory", "nothing", "another way in"],
)
def test_what_stands_is_refused_when_nothing_is_known(memory: FactsMemory | None) -> None:
    with pytest.raises(NotAllowed) as refused:
        standing(ruled(admit=(IN_STAFF,)), memory)
    assert (refused.value.reason, refused.value.explanation) == ("facts", "start_again")
    assert standing(replace(AEGEAN, rules=NO_RULES), memory), "without rules nobody asks"


def test_when_the_memory_does_not_answer_nobody_is_let_in_and_nobody_is_thrown_out() -> None:
    memory = Remembered()
    memory.fault = Busy("store")
    with pytest.raises(Busy):
        standing(ruled(admit=(IN_STAFF,)), memory)
    memory.fault = RuntimeError("anything")
    with pytest.raises(NotAllowed, match="rule_error"):
        standing(ruled(admit=(IN_STAFF,)), memory)


def test_the_break_glass_is_no_matter_of_theirs() -> None:
    opened, closes = NOW - timedelta(minutes=1), NOW + timedelta(minutes=1)
    glass = BreakGlass((account().id,), opened, closes)
    gate = gate_of(replace(ruled(require=("claims.acct == 99",), admit=(IN_STAFF,)), break_glass=glass))
    assert gate.admit(Evidence.knocking(account(), BREAK_GLASS))
    assert gate.admit(Evidence.standing(account(), BREAK_GLASS, Stamp(0, 0, opened), None))
    through = authentication(connection=BREAK_GLASS)
    assert gate.admit(Evidence.fresh(gate.hear(through), account(), None))
    shut = gate_of(replace(ruled(admit=(IN_STAFF,)), break_glass=BreakGlass((account().id,))))
    with pytest.raises(SsoRequired):
        shut.admit(Evidence.knocking(account(), BREAK_GLASS))


def test_pobucas_own_sign_in_has_no_such_rules() -> None:
    """Rule 0 lets nobody in by a password where there is a directory, so there nothing is skipped."""
    local = ruled(admit=(IN_STAFF,), organization=LOCAL)
    member = account(organization="corner-shop", email="a@cornershop.example", email_domain="cornershop.example")
    assert gate_of_local(local).admit(Evidence.knocking(member, PASSWORD))
    with pytest.raises(SsoRequired):
        gate_of(ruled(admit=(IN_STAFF,))).admit(Evidence.knocking(account(), PASSWORD))


def gate_of_local(organization: Organization) -> Gate:
    return Gate(FixedOrganizations([AEGEAN, organization]), ManualClock(NOW))


def test_each_check_is_noted_once_and_a_refusal_with_its_place() -> None:
    gate = gate_of(ruled(admit=(IN_STAFF,)))
    record = tracing.begin()
    heard = gate.hear(authentication(groups=(STAFF,)))
    gate.admit(Evidence.fresh(heard, None, None))
    gate.admit(Evidence.fresh(heard, None, None, fields_of(account())))
    noted = [(step.group, step.name, step.outcome) for step in record.steps]
    assert noted[:2] == [("gate", "enforcement", "passed"), ("gate", "epoch", "passed")]
    assert noted[-1] == ("admit", "the-rule", "passed")
    assert len(noted) == len(set(noted)) == len(RULES)
    assert str(record.steps[0].location).startswith("broker/entry_rules.py:")

    record = tracing.begin()
    with pytest.raises(SsoRequired):
        gate.admit(Evidence.fresh(authentication(connection=PASSWORD), account(), None))
    assert [(step.name, step.outcome) for step in record.steps] == [("enforcement", "refused")]
    tracing.end()


def test_evidence_says_nothing_of_the_person_in_a_log() -> None:
    shown = repr(Evidence.fresh(authentication(claims={"secret_claim": "of-the-person"}), None, None))
    assert "of-the-person" not in shown
    assert "secret_claim" not in shown
