"""CR-02: an expression, or text of a directory, becomes code."""

from __future__ import annotations

import pytest

from broker.claims.expressions import ExpressionRefused
from tests.support.expressions import condition, refused, text, upstream_values

ESCAPES = [
    "claims.__class__.__mro__[1].__subclasses__() == []",
    "upstream.email.__class__ == 'a'",
    "__import__('os').system('id') == 0",
    "eval('1') == 1",
    "open('/etc/passwd') == ''",
    "claims.map(k, k.__init__).size() > 0",
    "lookup.__globals__ == {}",
    "upstream.email.format(['{0.__class__}']) == ''",
    "env.USER == 'root'",
    "google.protobuf.Any{type_url: 'x'} == google.protobuf.Any{}",
]


@pytest.mark.parametrize("source", ESCAPES)
def test_cr_02_an_expression_reaches_nothing_but_its_values(source: str) -> None:
    assert refused(source).sentence


@pytest.mark.parametrize(
    "said",
    [
        "{{7*7}}",
        "${7*7}",
        "' || true || '",
        '" in claims || true',
        "{% import os %}",
        "claims.acct == 0",
        "%s%n",
        "$(id)",
    ],
)
def test_cr_02_what_a_directory_says_is_text_and_stays_it(said: str) -> None:
    assert text("claims.name").evaluate(upstream_values(name=said)) == said
    assert condition("claims.name == 'Eleni'").evaluate(upstream_values(name=said)) is False


def test_cr_02_members_that_python_would_have_are_not_there() -> None:
    for member in ("__class__", "keys", "__dict__", "items"):
        assert condition(f"has(claims.{member})").evaluate(upstream_values(acct=0)) is False
    with pytest.raises(ExpressionRefused):
        text("graph.__class__")
