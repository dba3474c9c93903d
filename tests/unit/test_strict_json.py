"""JSON with one meaning, and nothing else."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.strict_json import MAX_DEPTH, JsonRefused, parse, parse_object
from tests.support.properties import steady

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@steady
@given(values)
def test_every_plain_value_is_read_back(value: object) -> None:
    text = json.dumps(value)
    try:
        assert parse(text) == value == parse(text.encode())
    except JsonRefused:
        assert text.count("[") + text.count("{") > MAX_DEPTH or "\\ud" in text


@steady
@given(st.binary(max_size=200) | st.text(max_size=200))
def test_nothing_but_the_refusal_is_raised(data: bytes | str) -> None:
    try:
        value = parse(data)
    except JsonRefused:
        return
    json.dumps(value, allow_nan=False, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    "text",
    [
        '{"tid": 1, "tid": 2}',
        '{"a": {"b": 1, "b": 1}}',
        "NaN",
        "[Infinity]",
        "-Infinity",
        "1e999",
        '"\\ud800"',
        '{"\\uDC00": 1}',
        "[" * 33 + "]" * 33,
        "[" * 5000,
        '{"a":' * 33 + "1" + "}" * 33,
        "1" * 5000,
        "\ufeff{}",
        "",
        "{} {}",
        "{'a': 1}",
    ],
)
def test_what_two_readers_could_understand_differently_is_refused(text: str) -> None:
    with pytest.raises(JsonRefused):
        parse(text)


def test_thirty_two_levels_are_read() -> None:
    assert parse("[" * 32 + "]" * 32) is not None
    assert parse("[" + ",".join(["[]"] * 100) + "]") == [[]] * 100


def test_an_object_is_asked_for_by_name() -> None:
    assert parse_object(b'{"\\ud83d\\ude00": 1}') == {"😀": 1}
    with pytest.raises(JsonRefused):
        parse_object(b"[]")
