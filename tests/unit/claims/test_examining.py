"""What is wrong with a list of rules as a whole."""

from __future__ import annotations

import pytest

from broker.claims.examining import examine_attributes, examine_conditions, examine_release
from broker.claims.rules import AttributeRule
from tests.support.expressions import claim_rule, rule, text

GUEST = "upstream.is_guest"


@pytest.mark.parametrize(
    ("sources", "found"),
    [
        ([GUEST, "upstream.is_guest == true"], [(1, "never_refuses", "this rule can never refuse: rule-0 at")]),
        ([GUEST, f"!{GUEST}"], [(1, "refuses_all", "this rule refuses everybody whom rule-0 at")]),
        (
            ["upstream.tenant_id == 'a'", "upstream.tenant_id == 'b'", GUEST],
            [
                (1, "refuses_all", "this rule refuses everybody whom rule-0"),
                (2, "unreachable", "this rule is never reach"),
            ],
        ),
        (
            [f"{GUEST} || claims.a == 1", f"!{GUEST}", "claims.a == 1"],
            [(2, "never_refuses", "this rule can never refuse: the rules before it made sure")],
        ),
        (
            [f"!{GUEST} || claims.a == 1", f"!{GUEST} || claims.b == 1", f"{GUEST} && claims.a == 1 && claims.b == 1"],
            [],
        ),
        ([GUEST, "claims.a == 1"], []),
        (["upstream.groups.exists(g, g.size() > 3)"] * 2, [(1, "never_refuses", "this rule can never refuse: rule-0")]),
        ([" && ".join(f"claims.c{n} == 1" for n in range(20)), "claims.c1 == 1"], []),
    ],
)
def test_rules_that_others_make_idle(sources: list[str], found: list[tuple[int, str, str]]) -> None:
    rules = [rule(source, name=f"rule-{number}", line=number + 1) for number, source in enumerate(sources)]
    remarks = examine_conditions(rules)
    assert [(remark.rule, remark.code) for remark in remarks] == [(f"rule-{number}", code) for number, code, _ in found]
    for remark, (number, _, sentence) in zip(remarks, found, strict=True):
        assert remark.sentence.startswith(sentence)
        assert remark.location.line == number + 1


def test_a_list_that_costs_too_much_is_told_once_where_it_does() -> None:
    rules = [rule(f"upstream.groups.exists(g, g.size() > {n})", name=f"rule-{n}") for n in range(2, 12)]
    (remark,) = examine_conditions(rules)
    assert remark.code == "budget"
    assert "500,000 is the limit" in remark.sentence
    assert remark.rule not in ("rule-2", "rule-11")


def test_claims_are_made_from_what_their_names_allow() -> None:
    remarks = examine_release(
        [
            claim_rule("roles", "lookup_all('roles', identity.groups)"),
            claim_rule("isAdmin", "account.department == 'IT'"),
            claim_rule("department", "account.department"),
            claim_rule("email", "account.first_name + '@aegeanfoods.example'"),
        ]
    )
    assert [(remark.rule, remark.code) for remark in remarks] == [("isAdmin", "source"), ("email", "source")]


def test_a_rule_behind_one_that_always_makes_the_claim_is_never_reached() -> None:
    first, second = claim_rule("plan", "'basic'", name="always"), claim_rule("plan", "account.office", name="idle")
    (remark,) = examine_release([first, second])
    assert (remark.rule, remark.code) == ("idle", "unreachable")
    other = claim_rule("plan", "account.office", name="elsewhere", to=("userinfo", "id_token"))
    assert examine_release([first, other]) == ()
    assert examine_release([claim_rule("plan", "'basic'", "identity.is_guest"), second]) == ()


def test_an_address_is_filled_from_addresses_alone() -> None:
    good = AttributeRule("email", value=text("lower(graph.mail)"))
    bad = AttributeRule("email", value=text("graph.jobTitle + '@aegeanfoods.example'"))
    same = AttributeRule("email", value=text("'shared@aegeanfoods.example'"))
    assert examine_attributes([good, AttributeRule("office", value=text("graph.jobTitle"))]) == ()
    assert [remark.code for remark in examine_attributes([bad])] == ["source"]
    assert [remark.code for remark in examine_attributes([same])] == ["source"]
