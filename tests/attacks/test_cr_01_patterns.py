"""CR-01: a pattern, or a value that it meets, keeps the broker busy."""

from __future__ import annotations

import pytest

from broker.claims.bounds import MAX_STEPS
from broker.claims.vocabulary import MAX_TEXT
from tests.support.expressions import condition, refused, upstream_values

EXPLODING = [
    "^((x{100}){100}){100}$",
    "^(x?){400}(x){400}$",
    "^((((((((x{9}){9}){9}){9}){9}){9}){9}){9})$",
    r"^(\p{L}{1,50}){1,50}$",
    "^" + "(a|b|ab)*" * 20 + "{1,1000}$",
    "^(a{1000}){1000}$",
    "^(" + "a?" * 150 + "){9}$",
]


@pytest.mark.parametrize("pattern", EXPLODING)
def test_cr_01_patterns_that_unfold_are_refused_at_load(pattern: str) -> None:
    assert "pattern" in refused(f"upstream.email.matches(r'{pattern}')").sentence


def test_cr_01_a_pattern_is_never_a_persons_or_a_directorys() -> None:
    for source in ("claims.pattern", "upstream.email", "lower('^A$')", "'^' + claims.a + '$'"):
        refusal = refused(f"upstream.email.matches({source})")
        assert refusal.sentence == "the pattern of matches is written as a text, not computed"


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(a|aa)+$", "^(.*)*$", "^(a|a?)+$", "^([a-z]+)*[0-9]$"])
def test_cr_01_what_backtracks_elsewhere_is_linear_here(pattern: str) -> None:
    rule = condition(f"claims.name.matches('{pattern}')")
    assert rule.steps <= MAX_STEPS
    hostile = "a" * (MAX_TEXT - 1) + "!"
    assert rule.evaluate(upstream_values(name=hostile)) is (pattern == "^(.*)*$")


@pytest.mark.parametrize("pattern", ["^(?P<a)$", "^*a$", "^a**$", "^[b-a]$", "^a{2,1}$", "^(?<=a)b$", r"^(a)\1$"])
def test_cr_01_what_is_no_pattern_is_refused_at_load(pattern: str) -> None:
    assert "pattern" in refused(f"upstream.email.matches(r'{pattern}')").sentence
