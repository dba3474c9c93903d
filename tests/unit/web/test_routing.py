"""Rules that are compiled when they are needed build the same addresses as werkzeug's own."""

from __future__ import annotations

import ast

import pytest
from werkzeug.routing import Map, MapAdapter, Rule

from broker.web.routing import LazyRule


def _addresses(kind: type[Rule]) -> MapAdapter:
    rules = [
        kind("/", endpoint="home"),
        kind("/sign-in/<name>/", endpoint="sign-in"),
        kind("/page/<int:number>", endpoint="page"),
        kind("/page", endpoint="page", defaults={"number": 1}),
        kind("/<rule>/of/<path:rest>", endpoint="rule"),
    ]
    return Map(rules).bind("sign-in.example", url_scheme="https")


@pytest.mark.parametrize(
    ("endpoint", "values"),
    [
        ("home", {}),
        ("home", {"state": "ä &=/", "again": ["1", "2"]}),
        ("sign-in", {"name": "é/?#%"}),
        ("page", {"number": 7}),
        ("page", {"number": 1, "q": "x"}),
        ("rule", {"rule": "r", "rest": "a/b c"}),
    ],
)
def test_the_same_address_is_built_each_time(endpoint: str, values: dict[str, object]) -> None:
    lazy, usual = _addresses(LazyRule), _addresses(Rule)
    for _ in range(2):
        assert lazy.build(endpoint, values) == usual.build(endpoint, values)
    assert lazy.match("/page/7") == usual.match("/page/7") == ("page", {"number": 7})


def test_nothing_is_compiled_until_an_address_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    parse = ast.parse

    def noticed(source: str) -> ast.Module:
        parsed.append(source)
        return parse(source)

    monkeypatch.setattr(ast, "parse", noticed)
    addresses = _addresses(LazyRule)
    assert addresses.match("/page/7") == ("page", {"number": 7})
    assert parsed == []
    addresses.build("page", {"number": 7})
    assert parsed != []
