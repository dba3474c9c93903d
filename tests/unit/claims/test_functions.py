"""The helper functions: the documented examples, and what each refuses."""

from __future__ import annotations

from typing import Any

import pytest

from broker.claims.functions import HELPERS, MAX_FUNCTION_TEXT, Helper
from broker.claims.rules import RuleFailed
from broker.claims.vocabulary import MAX_LIST
from tests.support.expressions import condition, text, upstream_values, value


@pytest.mark.parametrize("helper", HELPERS, ids=[helper.name for helper in HELPERS])
def test_the_example_is_right(helper: Helper) -> None:
    source, given = helper.example
    assert source.startswith(f"{helper.name}(")
    assert value(source).evaluate(upstream_values()) == given


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("lookup('cities', 'SKG')", "the key is not in the map"),
        ("domain_of('nobody')", "this is no e-mail address"),
        ("domain_of('a@b@c.example')", "this is no e-mail address"),
        ("first_of([claims.acct])", "a member of the list is no text"),
        ("lower(claims.acct)", "a function or operator does not take a value of this type"),
        ("upper(claims.long)", "the text is too long"),
        ("starting_with(claims.many, claims.empty).join('')", "every text starts with the empty text"),
        ("unique(claims.many).join('')", "the list becomes too long"),
        ("claims.many[9999]", "a member of a list is not there"),
        ("claims.nothing", "a member of a map is not there"),
    ],
)
def test_what_a_function_cannot_do_refuses(source: str, why: str) -> None:
    many = [str(number) for number in range(MAX_LIST + 1)]
    values = upstream_values(acct=0, long="x" * (MAX_FUNCTION_TEXT + 1), many=many, empty="")
    with pytest.raises(RuleFailed, match=f"^{why}$"):
        text(source).evaluate(values)


def test_a_third_argument_stands_for_a_key_that_is_not_there() -> None:
    assert text("lookup('cities', 'SKG', 'elsewhere')").evaluate(upstream_values()) == "elsewhere"
    assert text("lookup('cities', 'ATH', 'elsewhere')").evaluate(upstream_values()) == "Athens"


@pytest.mark.parametrize(
    ("source", "claims", "holds"),
    [
        ("any_of(claims.held, ['a'])", {"held": ()}, False),
        ("any_of(['a'], claims.held)", {"held": ()}, False),
        ("all_of(['a'], claims.held)", {"held": ()}, False),
        ("all_of(claims.held, ['a', 'b'])", {"held": ("b", "a", "c")}, True),
        ("in_domain(claims.email, 'AEGEANFOODS.example')", {"email": "e@aegeanfoods.example"}, True),
        ("in_domain(claims.email, 'aegeanfoods.example')", {"email": "e@sub.aegeanfoods.example"}, False),
        ("in_domain(claims.email, 'aegeanfoods.example')", {"email": "e@aegeanfoods.example.evil.example"}, False),
    ],
)
def test_an_empty_list_matches_nobody_and_a_domain_is_the_whole_domain(
    source: str, claims: dict[str, Any], holds: bool
) -> None:
    assert condition(source).evaluate(upstream_values(**claims)) is holds
