"""CR-04: an error in a rule is taken for a yes, or for no rule at all.

The library answers a failure with a text, and a text is true. Here every operator and every function fails once in
each way there is, and nothing but a refusal comes of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from broker.claims import expressions
from broker.claims.bounds import NAMES
from broker.claims.expressions import CompiledExpression
from broker.claims.functions import HELPERS
from broker.claims.judging import judge
from broker.claims.rules import Rule, RuleFailed, Values
from broker.errors import LoginFailed
from tests.support.expressions import EDITORS, condition, rule, text, upstream_values, value

# Each fails, in an operator, a function or a macro; ``claims.nothing`` is not there, and ``claims.odd`` is a truth
# value where something else is needed.
FAILING = [
    "claims.nothing == 0",
    "claims.nothing != 0",
    "claims.odd < 'a'",
    "claims.odd <= 'a'",
    "claims.odd > 'a'",
    "claims.odd >= 'a'",
    "claims.odd + 'a' == 'a'",
    "claims.odd - 1 == 0",
    "claims.odd * 2 == 2",
    "claims.number / claims.zero == 1",
    "claims.number % claims.zero == 1",
    "-claims.odd == 1",
    "9223372036854775807 + claims.number == 0",
    "!claims.text",
    "claims.text && true",
    "claims.text || false",
    "claims.text ? true : true",
    "claims.nothing ? true : true",
    "'a' in claims.odd",
    "claims.list[99] == 'a'",
    "claims['nothing'] == 'a'",
    "claims.odd.member == 1",
    "has(claims.odd.member)",
    "claims.?odd.?member.orValue(1) == 1",
    "claims.odd.size() == 1",
    "size(claims.odd) == 1",
    "claims.odd.contains('a')",
    "claims.odd.startsWith('a')",
    "claims.odd.endsWith('a')",
    "claims.odd.matches('^a$')",
    "claims.odd.indexOf('a') == 0",
    "claims.odd.lastIndexOf('a') == 0",
    "claims.odd.lowerAscii() == 'a'",
    "claims.odd.upperAscii() == 'a'",
    "claims.odd.trim() == 'a'",
    "claims.odd.split(',') == ['a']",
    "claims.odd.replace('a', 'b') == 'a'",
    "claims.odd.join(',') == 'a'",
    "claims.text.substring(99) == 'a'",
    "claims.text.charAt(99) == 'a'",
    "int(claims.text) == 1",
    "double(claims.text) == 1.0",
    "bool(claims.text)",
    "string(claims.list) == 'a'",
    "claims.odd.exists(x, x == 1)",
    "claims.odd.all(x, x == 1)",
    "claims.odd.exists_one(x, x == 1)",
    "claims.odd.map(x, x) == [1]",
    "claims.odd.filter(x, true) == [1]",
    "claims.list.all(x, x == claims.nothing)",
    "claims.list.exists_one(x, x == claims.nothing)",
    "dyn(claims.nothing) == 1",
    "type(claims.nothing) == int",
    "upstream.acr == 'x'",
    "upstream.groups.exists(g, g.size() == 1)",
]


@pytest.mark.parametrize("source", FAILING)
def test_cr_04_whatever_fails_in_an_expression_refuses(source: str) -> None:
    given = upstream_values(odd=True, text="text", list=["a", "b"], number=1, zero=0)
    unknown = {name: each for name, each in given.variables.items() if name not in ("upstream.acr", "upstream.groups")}
    with pytest.raises(RuleFailed):
        condition(source).evaluate(Values(unknown))
    with pytest.raises(LoginFailed) as failure:
        judge("require", [rule(source)], Values(unknown))
    assert failure.value.reason == "rule_error"


def test_cr_04_every_function_of_the_language_is_in_this_test_or_is_a_helper() -> None:
    helpers = {helper.name for helper in HELPERS}
    for name in NAMES - helpers - {"orValue", "hasValue", "has"}:
        assert any(f"{name}(" in source for source in FAILING), name


class _Raising:
    """In place of what the library compiled."""

    def __init__(self, given: Callable[[], Any]) -> None:
        self._given = given

    def eval(self, _: object) -> Any:
        return self._given()


class _Given:
    def __init__(self, kind: str, plain: Any) -> None:
        self._kind = kind
        self._plain = plain

    def type(self) -> Any:
        return self

    def name(self) -> str:
        return self._kind

    def plain_value(self) -> Any:
        if isinstance(self._plain, Exception):
            raise self._plain
        return self._plain


def _raises(error: BaseException) -> Callable[[], Any]:
    def raising() -> Any:
        raise error

    return raising


@pytest.mark.parametrize(
    "given",
    [
        lambda: _Given("ERROR", "INVALID_ARGUMENT: true"),
        lambda: _Given("ERROR", True),
        lambda: _Given("UNKNOWN", None),
        lambda: _Given("STRING", "true"),
        lambda: _Given("INT", 1),
        lambda: _Given("LIST<DYN>", [True]),
        lambda: _Given("NULL", None),
        lambda: _Given("BOOL", TypeError("unable to convert")),
        lambda: None,
        lambda: True,
        _raises(RuntimeError("INTERNAL: Iteration budget exceeded")),
        _raises(MemoryError()),
        _raises(RecursionError()),
        _raises(TypeError()),
        _raises(KeyError("x")),
    ],
)
def test_cr_04_whatever_the_library_answers_only_true_is_true(given: Callable[[], Any]) -> None:
    compiled = condition("!upstream.is_guest")
    names = CompiledExpression.__slots__
    broken = CompiledExpression(**{**{name: getattr(compiled, name) for name in names}, "_program": _Raising(given)})
    with pytest.raises(RuleFailed):
        broken.evaluate(upstream_values())
    with pytest.raises(LoginFailed):
        judge("require", [Rule("broken", broken, "no")], upstream_values())


def test_cr_04_variables_of_the_wrong_type_refuse() -> None:
    for odd in (None, "true", 1, [True], {}, object()):
        with pytest.raises(RuleFailed):
            condition("upstream.is_guest || !upstream.is_guest && claims.a == 1").evaluate(
                Values({"upstream.is_guest": odd, "claims": {}})
            )
    with pytest.raises(RuleFailed):
        condition(f"'{EDITORS}' in upstream.groups").evaluate(Values({"upstream.groups": [1, None]}))


@pytest.mark.parametrize("helper", HELPERS, ids=[helper.name for helper in HELPERS])
def test_cr_04_a_helper_that_fails_refuses(helper: Any) -> None:
    wrong = {"text": "claims.odd", "texts": "claims.odd", "truth": "claims.odd"}
    for overload in helper.overloads:
        named = ["'cities'"] if helper.looks_up else []
        arguments = [*named, *(wrong[parameter] for parameter in overload.parameters[len(named) :])]
        source = f"{helper.name}({', '.join(arguments)}) == dyn(1)"
        compiled = condition(source)
        with pytest.raises(RuleFailed):
            compiled.evaluate(upstream_values(odd=True))
        with pytest.raises(RuleFailed):
            compiled.evaluate(upstream_values())


def test_cr_04_maps_that_are_gone_refuse() -> None:
    compiled = text("lookup('cities', 'ATH')")
    names = CompiledExpression.__slots__
    bare = CompiledExpression(**{**{name: getattr(compiled, name) for name in names}, "_maps": {}})
    with pytest.raises(RuleFailed):
        bare.evaluate(upstream_values())
    assert expressions._RUN.get(None) is None


@pytest.mark.parametrize(
    "source", ["1.0 / 0.0", "0.0 / 0.0", "{'a': 1}['a'] == 1 ? dyn([1]) : dyn([2])", "dyn({'a': 1})"]
)
def test_cr_04_a_value_that_no_claim_can_have_refuses(source: str) -> None:
    with pytest.raises(RuleFailed):
        value(source).evaluate(Values({}))
