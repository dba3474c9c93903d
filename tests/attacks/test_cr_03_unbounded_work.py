"""CR-03: rules that double, nest or go on, over the largest values there are."""

from __future__ import annotations

import pytest

from broker.claims.bounds import MAX_STEPS
from broker.claims.rules import Values
from broker.claims.vocabulary import MAX_GROUPS
from tests.support.expressions import EDITORS, condition, refused, upstream_values

GROWING = [
    "['aaaaaaaa']" + ".map(x, x + x)" * 24 + ".size() > 0",
    "[['a']]" + ".map(x, [x, x])" * 24 + ".size() > 0",
    "[['a'], ['a']]" + ".map(a, a + a + a + a)" * 12 + ".size() > 0",
    "upstream.groups.all(a, upstream.groups.all(b, upstream.groups.all(c, a + b == c)))",
    "upstream.groups.map(g, g).map(g, g).size() > 0",
    "upstream.groups.map(g, upstream.groups).size() > 0",
    "claims.a" + ".replace('a', 'aaaaaaaaaaaaaaaa')" * 4 + " == 'a'",
    "(upstream.groups" + " + upstream.groups" * 20 + ").size() > 0",
    "claims.l.join(claims.l.join(claims.a)) == 'a'",
    "string(claims.a + claims.a).split('').map(x, claims.a).join('') == 'a'",
    "claims.exists(k, claims.exists(l, claims.exists(m, k + l == m)))",
    "upstream.groups == " + "upstream.groups" + " && upstream.groups == upstream.groups" * 12,
]


@pytest.mark.parametrize("source", GROWING, ids=range(len(GROWING)))
def test_cr_03_work_that_grows_is_refused_at_load(source: str) -> None:
    assert "is the limit" in refused(source).sentence


def test_cr_03_the_most_groups_that_a_person_can_have_are_gone_through_within_the_budget() -> None:
    values = upstream_values()
    many = {**values.variables, "upstream.groups": ["0" * 36] * (MAX_GROUPS - 1) + [EDITORS]}
    for source in (
        f"'{EDITORS}' in upstream.groups",
        f"upstream.groups.exists(g, g == '{EDITORS}')",
        "upstream.groups.exists_one(g, g.startsWith('3c1f'))",
        "lookup_all('roles', upstream.groups) == ['editor', 'viewer']",
        f"any_of(upstream.groups, ['{EDITORS}'])",
    ):
        rule = condition(source)
        assert rule.steps <= MAX_STEPS
        assert rule.evaluate(Values(many)) is True
