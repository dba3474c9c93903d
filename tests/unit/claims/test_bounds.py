"""What is too much is refused at load; what is accepted stays within its bound, whatever the values are."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.claims import bounds, expressions, shapes, syntax, vocabulary
from broker.claims.expressions import CompiledExpression, ExpressionRefused
from broker.claims.patterns import MAX_SIZE, PatternRefused, size_of
from broker.claims.rules import RuleFailed, Values
from tests.support.expressions import EDITORS, condition, refused, upstream_values, value

DOUBLING = "['aaaaaaaa']" + ".map(x, x + x)" * 20
NESTED = "[['a']]" + ".map(x, [x, x])" * 25


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (f"{DOUBLING}.size() > 0", "this text can grow to"),
        (f"{NESTED} == {NESTED}", "this value can grow to a size of"),
        ("upstream.groups.join(',') == 'a'", "this text can grow to 342,001 characters, 65,536 is the limit"),
        ("claims.x.replace('a', claims.y) == 'a'", "this text can grow to"),
        ("upstream.groups.map(g, g + 'x').size() > 0", "this can take"),
        ("upstream.groups.filter(g, g.size() > 40).size() > 0", "this can take"),
        ("upstream.groups.exists(g, upstream.groups.exists(h, g == h))", "this goes round"),
        ("upstream.groups.exists(g, g.size() > 40) || upstream.groups.all(g, g.size() > 40)", "this goes round 18,000"),
        ("upstream.groups.exists(g, g.matches('^[0-9a-f]{8}-.*$'))", "this can take"),
        ("claims.x.split('').map(c, c + c).size() > 0", "this value can grow to a size of 2,101,251"),
        ("upstream.email.matches('^(x?){400}$')", "the pattern stands for too much"),
        ("upstream.email.matches('^((x{30}){30}){30}$')", "the pattern stands for too much"),
        ("upstream.email.matches(claims.pattern)", "the pattern of matches is written as a text, not computed"),
    ],
)
def test_too_much_is_refused_at_load(source: str, sentence: str) -> None:
    assert refused(source).sentence.startswith(sentence)


@pytest.mark.parametrize(
    "source",
    [
        f"'{EDITORS}' in upstream.groups",
        "upstream.groups.exists(g, g.size() > 40)",
        "lookup_all('roles', upstream.groups).exists(r, r == 'editor')",
        "claims.x.split(',', 20).map(part, part.trim()).exists(part, part == 'a')",
        "claims.wids.filter(w, w.startsWith('a')).size() > 0",
        "upstream.email.matches('^[a-z]{2,30}[.][a-z]{2,30}@aegeanfoods[.]example$')",
    ],
)
def test_what_rules_are_written_for_is_not(source: str) -> None:
    assert condition(source).steps <= bounds.MAX_STEPS


@pytest.mark.parametrize(
    ("pattern", "size"),
    [
        ("^a$", 4),
        ("^(?i)[a-z]+$", 7),
        ("^(ab|cd){1,10}$", 63),
        ("^[]a]$", 5),
        ("^[^]]x$", 14),
        (r"^\d{4}$", 7),
        ("^α$", 11),
        (r"^\p{L}+$", 307),
        ("^[[:alpha:]]{2}$", 7),
    ],
)
def test_the_size_of_a_pattern_is_that_of_its_unfolded_form(pattern: str, size: int) -> None:
    assert size_of(pattern) == size


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("a", "stands for the whole text"),
        ("^a|b$", "stands for the whole text"),
        (r"^a\$", "stands for the whole text"),
        ("(?m)^a$", "the flag m"),
        ("^(?im:a$)$", "the flag m"),
        ("^(a$", "a parenthesis is not closed"),
        ("^a)$", "a closing parenthesis too many"),
        ("^[a$", "a bracket is not closed"),
        ("^a\\", "a backslash at the end"),
        (r"^\Qa$", "is not used here"),
        ("^" + "a" * 200 + "$", "at most 200 characters"),
        ("^(((((a{9}){9}){9}){9}){9})$", "stands for too much"),
        ("^a{1001}$", "a count is at most 1000"),
        ("^" + "(" * 30 + "a" + ")" * 30 + "$", "nested too deeply"),
    ],
)
def test_patterns_that_are_refused(pattern: str, why: str) -> None:
    with pytest.raises(PatternRefused, match=why):
        size_of(pattern)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.text("ab(){}[]|*+?^$\\.,0129:<>Pim-α", max_size=30))
def test_no_pattern_makes_the_scan_fail_or_counts_as_nothing(pattern: str) -> None:
    try:
        size = size_of(f"^({pattern})$")
    except PatternRefused:
        return
    assert 1 <= size <= MAX_SIZE


TEXTS = st.sampled_from(
    ["claims.a", "claims.b", "upstream.email", "'ab'", "x", "account.role", "upstream.acr", "string(7)", "lower('AB')"]
)
LISTS = st.sampled_from(
    ["claims.l", "upstream.amr", "['a', 'b']", "upstream.groups", "lookup_all('roles', upstream.groups)"]
)


def _texts(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, inner).map(lambda t: f"({t[0]} + {t[1]})"),
        inner.map(lambda t: f"{t}.lowerAscii()"),
        st.tuples(inner, inner, inner).map(lambda t: f"{t[0]}.replace({t[1]}, {t[2]})"),
        st.tuples(LISTS, inner).map(lambda t: f"{t[0]}.join({t[1]})"),
        st.tuples(LISTS, inner).map(lambda t: f"{t[0]}.map(x, {t[1]})"),
        st.tuples(LISTS, inner).map(lambda t: f"{t[0]}.filter(x, x != {t[1]})"),
        st.tuples(inner, inner).map(lambda t: f"[{t[0]}, {t[1]}].map(x, x + x)"),
        inner.map(lambda t: f"{t}.split(',', 3)"),
        inner.map(lambda t: f"[{t}, {t}]"),
        st.tuples(inner, inner).map(lambda t: f"(upstream.is_guest ? {t[0]} : {t[1]})"),
        st.tuples(inner, inner).map(lambda t: f"{{'k': {t[0]}, 'l': {t[1]}}}"),
        inner.map(lambda t: f"upper({t})"),
    )


def _weight(given: Any) -> int:
    """As ``Shape.total`` counts."""
    if isinstance(given, str):
        return 1 + len(given)
    if isinstance(given, list):
        return 1 + sum(map(_weight, given))
    if isinstance(given, dict):
        return 1 + sum(_weight(key) + _weight(member) for key, member in given.items())
    return 1


def _largest() -> Values:
    variables = dict(upstream_values(a="," * vocabulary.MAX_TEXT, b="ß" * vocabulary.MAX_TEXT).variables)
    variables["claims"]["l"] = [str(number).rjust(60, "x") for number in range(vocabulary.MAX_LIST)]
    variables["upstream.groups"] = [EDITORS] * vocabulary.MAX_GROUPS
    variables["upstream.email"] = "e" * vocabulary.MAX_TEXT
    variables["upstream.acr"] = "," * vocabulary.MAX_TEXT
    return Values(variables)


LARGEST = _largest()


@settings(max_examples=120, derandomize=True, deadline=None)
@given(st.recursive(TEXTS, _texts, max_leaves=6))
def test_no_accepted_expression_exceeds_its_bound(source: str) -> None:
    # The value is let out by its size, so that lists of lists and maps are measured as well.
    try:
        compiled = condition(f"{source} != dyn(1)")
    except ExpressionRefused:
        return
    assert isinstance(compiled.tree, syntax.Call)
    bound = bounds.measure(compiled.tree.arguments[0], vocabulary.variables("require")).shape
    try:
        program = compiled._environment.compile(source)
        given_value = _evaluated(compiled, program)
    except RuleFailed:
        return
    assert _weight(given_value) <= bound.total <= bounds.MAX_TOTAL
    assert len(given_value) <= (bound.text if isinstance(given_value, str) else bound.members)


def _evaluated(compiled: CompiledExpression, program: Any) -> Any:
    compiled.evaluate(LARGEST)  # It ends, and either way it says so properly.
    activation = compiled._environment.Activation(
        {name: expressions._accepted(each, []) for name, each in LARGEST.variables.items()}
    )
    token = expressions._RUN.set((compiled._maps, compiled._questions, LARGEST.variables))
    try:
        given_value = program.eval(activation)
    finally:
        expressions._RUN.reset(token)
    if given_value.type().name() == "ERROR":
        raise RuleFailed("")
    return given_value.plain_value()


def test_what_an_expression_gives_is_bounded_once_more() -> None:
    longest = Values({"account": {"email": "x" * 1024}, "identity.groups": [EDITORS] * 300, "identity.acr": "," * 5000})
    with pytest.raises(RuleFailed, match="the list is too long"):
        value("identity.groups").evaluate(longest)
    with pytest.raises(RuleFailed, match="the text is too long"):
        value("identity.acr").evaluate(longest)


def test_shapes_of_a_choice_are_the_larger_of_both() -> None:
    joined = shapes.text(3).either(shapes.members(2, shapes.text(9)))
    assert (joined.text, joined.members, joined.total) == (3, 2, 21)
    assert joined.member == shapes.text(9)
