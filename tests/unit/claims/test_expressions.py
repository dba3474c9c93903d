"""The language of the rules: what is told of a mistake, and where, and what an expression gives."""

from __future__ import annotations

from typing import Any

import pytest

from broker.claims.expressions import MAX_SOURCE, ExpressionRefused
from broker.claims.rules import RuleFailed, Values
from tests.support.expressions import EDITORS, condition, refused, text, upstream_values, value

MISTAKES = [
    (
        "upstream.tenent_id == 'x'",
        1,
        1,
        "there is no variable upstream.tenent_id in require, did you mean upstream.ten",
    ),
    ("claims.x == 'a' &&\n  upstream.tenan == 'b'", 2, 3, "there is no variable upstream.tenan in require"),
    ("'Ελένη' == upstream.emial", 1, 12, "there is no variable upstream.emial in require, did you mean upstream.email"),
    ("identity.groups.size() == 0", 1, 1, "there is no variable identity.groups in require; admit and release have it"),
    ("foo", 1, 1, "there is no variable foo in require"),
    ("lowr(upstream.email) == 'a'", 1, 1, "there is no function lowr, did you mean lower"),
    ("upstream.email.startWith('a')", 1, 16, "there is no function startWith, did you mean startsWith"),
    ("upstream.is_guest == 'a'", 1, 19, "== cannot be applied to a truth value and a text"),
    ("upstream.email.contains(1)", 1, 24, "contains cannot be applied to a text and a whole number"),
    ("upstream.email.domain == 'a'", 1, 15, "only a map has members"),
    ("upstream.email ==", 1, 18, "this is not an expression: mismatched input '<EOF>'"),
    ("claims.acct", 1, 1, "this must be a truth value, and is a claim, compare it: claims.acct == 0"),
    ("upstream.email", 1, 1, "this must be a truth value, and is a text"),
    ("has(upstream.is_guest)", 1, 4, "upstream.is_guest is a variable: has() asks for a member of a map"),
    ("!has(upstream.is_guest)", 1, 5, "upstream.is_guest is a variable"),
    ("[1].exists(claims, claims == 1)", 1, 11, "claims is already the name of a variable, call it otherwise"),
    ("lookup('citis', 'ATH') == 'Athens'", 1, 8, "there is no map citis, did you mean cities"),
    ("lookup(upstream.acr, 'ATH') == 'Athens'", 1, 8, "the first argument of lookup is the name of a map, in quotes"),
    ("lookup('roles', 'x') == 'editor'", 1, 7, "the map roles has keys with several values: use lookup_all"),
    (
        "lookup_all('cities', upstream.groups).size() > 0",
        1,
        12,
        "the map cities is looked into with groups: ATH is no o",
    ),
    ("timestamp('2026-01-01T00:00:00Z') == timestamp('2026-01-01T00:00:00Z')", 1, 10, "timestamp is not part of the"),
    ("'%s'.format(['a']) == 'a'", 1, 12, "format is not part of the language of rules"),
    ("b'a' == b'a'", 1, 1, "a value of bytes is not part of the language of rules"),
    ("google.protobuf.Int32Value{value: 1} == 1", 1, 1, "a message google.protobuf.Int32Value is not part of the"),
    ("[?claims.?x].size() == 1", 1, 1, "an optional member of a list is not part of the language of rules"),
    ("  ", 1, 1, "the expression is empty"),
    ("(" * 40 + "true" + ")" * 40, 1, 1, "this is nested too deeply, make several rules of it"),
    ("upstream.is_guest || " * 100 + "true", 1, 1, f"an expression has at most {MAX_SOURCE:,} characters"),
]


@pytest.mark.parametrize(("source", "line", "column", "sentence"), MISTAKES)
def test_a_mistake_is_told_where_it_stands(source: str, line: int, column: int, sentence: str) -> None:
    refusal = refused(source)
    assert (refusal.line, refusal.column) == (line, column)
    assert refusal.sentence.startswith(sentence)


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("graph.jobTitel", "graph has no member jobTitel, did you mean jobTitle"),
        ("graph['jobTitel']", "graph has no member jobTitel, did you mean jobTitle"),
        ("graph.?jobTitel.orValue('')", "graph has no member jobTitel, did you mean jobTitle"),
        ("'jobTitel' in graph ? 'a' : 'b'", "graph has no member jobTitel, did you mean jobTitle"),
        ("['a']", "this must be a text, and is a list of texts"),
        ("upstream.is_guest", "this must be a text, and is a truth value"),
    ],
)
def test_a_member_that_a_map_cannot_have_and_a_wrong_result_are_refused(source: str, sentence: str) -> None:
    with pytest.raises(ExpressionRefused) as refusal:
        text(source)
    assert refusal.value.sentence == sentence


def test_a_claim_that_resembles_one_of_entra_is_doubted() -> None:
    (doubt,) = condition("claims.prefered_username == 'x'").doubts
    assert doubt.sentence == "Entra has no claim prefered_username of its own, did you mean preferred_username"
    assert (doubt.line, doubt.column) == (1, 7)
    assert condition("claims.cost_centre == 'x'").doubts == ()
    for source in ("'mfa' in upstream.amr", "size(claims.amr) > 0"):  # entra-id reference, section 1.8
        (doubt,) = condition(source).doubts
        assert "amr has no members" in doubt.sentence


@pytest.mark.parametrize(
    ("source", "holds"),
    [
        ("!has(claims.acct) || claims.acct == 0", True),
        ("claims.acct == 1", False),
        ("claims.?cost_centre.orValue('none') == 'none'", True),
        ("'mfa' in upstream.amr && !upstream.is_guest", True),
        (f"'{EDITORS}' in upstream.groups", True),
        (f"upstream.groups.exists(g, g == '{EDITORS}')", True),
        ("lookup_all('roles', upstream.groups) == ['editor', 'viewer']", True),
        ("upstream.email.matches('^[a-z.]+@aegeanfoods[.]example$')", True),
        ("claims.department.split('/', 2).exists(part, part.trim() == 'Crete')", True),
        ("type(claims.acct) == int", True),
        ("claims.wids.filter(w, w != 'a').map(w, w + '!') == ['b!']", True),
    ],
)
def test_conditions_are_decided(source: str, holds: bool) -> None:
    values = upstream_values(acct=0, department="Sales / Crete", wids=("a", "b"))
    assert condition(source).evaluate(values) is holds


@pytest.mark.parametrize(
    ("source", "given"),
    [
        ("'a'", "a"),
        ("1", 1),
        ("1.5", 1.5),
        ("true", True),
        ("['a', 'b']", ["a", "b"]),
        ("[]", []),
        ("account.role", "editor"),
        ("[account.role] + identity.app_roles", ["editor", "connect.admin"]),
        ("{'editor': 'E'}[account.role]", "E"),
    ],
)
def test_values_are_plain_values_of_python(source: str, given: Any) -> None:
    values = Values({"account": {"role": "editor"}, "identity.app_roles": ("connect.admin",)})
    found = value(source).evaluate(values)
    assert found == given
    assert type(found) is type(given)


@pytest.mark.parametrize(
    ("source", "reads"),
    [
        ("claims.acct == 0 && has(claims.upn)", {"claims.acct", "claims.upn"}),
        ("claims['acct'] == 0 && 'upn' in claims", {"claims.acct", "claims.upn"}),
        ("claims.?acct.orValue(0) == 0", {"claims.acct"}),
        ("claims[upstream.acr] == 0", {"claims", "upstream.acr"}),
        ("upstream.groups.exists(g, g.startsWith(upstream.object_id))", {"upstream.groups", "upstream.object_id"}),
        ("1 == 1", set()),
    ],
)
def test_what_is_read_is_known(source: str, reads: set[str]) -> None:
    assert condition(source).reads == reads


@pytest.mark.parametrize(
    ("source", "constant"),
    [
        ("true", True),
        ("1 == 2", False),
        ("upstream.is_guest || !upstream.is_guest", True),
        ("upstream.is_guest && upstream.is_guest == false", False),
        ("upstream.acr == 'a' && upstream.acr == 'b'", False),
        ("upstream.acr != 'a' || upstream.acr != 'b'", True),
        ("upstream.groups.size() >= 0", True),
        ("upstream.is_guest ? true : !upstream.is_guest", True),
        ("upstream.is_guest || claims.acct == 0", None),
        ("any_of(['a'], ['a', 'b'])", True),
    ],
)
def test_what_can_never_refuse_or_always_does_is_known(source: str, constant: bool | None) -> None:
    assert condition(source).constant is constant


def test_variables_are_prepared_once_for_all_rules_of_a_list_that_need_the_same() -> None:
    values = upstream_values(acct=0)
    condition("claims.acct == 0").evaluate(values)
    (prepared,) = values.prepared.values()
    condition("has(claims.acct) && 'mfa' in upstream.amr").evaluate(values)
    assert list(values.prepared.values()) == [prepared]


@pytest.mark.parametrize(
    "source",
    [
        f"'{EDITORS}' in upstream.groups",
        f"any_of(upstream.groups, ['{EDITORS}'])",
        f"all_of(['{EDITORS}'], upstream.groups) && upstream.groups.size() == 1",
        "lookup_all('roles', upstream.groups) == ['editor', 'viewer']",
        f"[unique(upstream.groups), common(upstream.groups, ['{EDITORS}'])] == [['{EDITORS}'], ['{EDITORS}']]",
        "(upstream.groups.size() > 0 ? starting_with(upstream.amr, 'm') : upstream.amr) == ['mfa']",
    ],
)
def test_a_question_about_a_list_is_asked_of_the_list_and_answered_alike(source: str) -> None:
    compiled = condition(source)
    assert compiled._questions
    assert compiled.evaluate(upstream_values()) is True
    other = Values({**upstream_values().variables, "upstream.groups": (), "upstream.amr": ("pwd",)})
    assert compiled.evaluate(other) is False
    unknown = {name: value for name, value in other.variables.items() if name != "upstream.groups"}
    with pytest.raises(RuleFailed, match=r"upstream\.groups is not known"):
        compiled.evaluate(Values(unknown))


def test_a_failure_says_nothing_of_the_person() -> None:
    for source in ("domain_of(claims.name) == 'a'", "claims[claims.name] == 1", "int(claims.name) == 1"):
        with pytest.raises(RuleFailed) as failure:
            condition(source).evaluate(upstream_values(name="Eleni Markou"))
        assert "Markou" not in str(failure.value)
        assert str(failure.value)
