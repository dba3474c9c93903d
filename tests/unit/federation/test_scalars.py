"""A character of a value is found again where it is written, in every style of YAML."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.compat import StringIO
from ruamel.yaml.scalarstring import (
    DoubleQuotedScalarString,
    FoldedScalarString,
    LiteralScalarString,
    SingleQuotedScalarString,
)

from broker.federation.documents import read_document
from broker.federation.scalars import place_within

# Where the word HERE stands is what is asked for; the marks of YAML around it are none of its.
WRITTEN = {
    "plain": "a: one == HERE && two\n",
    "plain over lines": "a: one ==\n   two &&\n\n   three HERE\n",
    "single quotes": "a: 'it''s == HERE'\n",
    "single quotes over lines": "a: 'it''s ==\n\n  HERE'\n",
    "double quotes": 'a: "q\\"x\\u0041\\U0001F600\\x41\\n == HERE"\n',
    "a line continued": 'a: "one \\\n   HERE"\n',
    "literal": "a: |\n  one ==\n    two HERE\n",
    "literal with an indentation": "a:\n  - |2\n     one\n    HERE\n",
    "literal after empty lines": "a: |\n\n\n  one\n  HERE\n",
    "folded": "a: >-\n  one ==\n  two\n\n  three\n    more HERE\n  end\n",
    "within braces": "a: {b: ['one == HERE']}\n",
    "with a comment": "a: >- # a comment\n  one\n  HERE\n",
    "Windows": "a: |\r\n  one ==\r\n  two HERE\r\n",
}


@pytest.mark.parametrize("name", WRITTEN)
def test_a_word_is_found_where_it_is_written(name: str) -> None:
    text = WRITTEN[name]
    document, findings = read_document("f.yaml", text.encode())
    assert document is not None, findings
    path: tuple[str | int, ...] = ()
    value: Any = document.data
    while not isinstance(value, str):
        part = 0 if isinstance(value, list) else next(iter(value))
        path, value = (*path, part), value[part]
    before = value[: value.index("HERE")]
    line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    sought = text[: text.index("HERE")].replace("\r\n", "\n")
    assert document.place_within(path, line, column) == (
        sought.count("\n") + 1,
        len(sought) - (sought.rfind("\n") + 1) + 1,
    )


def test_what_does_not_fit_has_the_place_of_the_whole() -> None:
    assert place_within("a: one\n", (1, 4), "another", 1, 3) == (1, 4)
    assert place_within("a: one\n", (1, 4), "one", 7, 1) == (1, 4)
    assert place_within("a: one\n", (1, 4), "one", 1, 99) == (1, 7)


@given(
    value=st.text(st.sampled_from("ab =&'\"\\:#\n\u20ac\U0001f600"), min_size=1, max_size=60),
    style=st.sampled_from(
        [SingleQuotedScalarString, DoubleQuotedScalarString, LiteralScalarString, FoldedScalarString, str]
    ),
    data=st.data(),
)
@settings(max_examples=200, deadline=None)
def test_every_place_is_in_the_file(value: str, style: type[str], data: st.DataObject) -> None:
    writer = YAML()
    writer.width = 20
    stream = StringIO()
    writer.dump({"key": style(value)}, stream)
    text = stream.getvalue()
    document, _ = read_document("f.yaml", text.encode())
    if document is None or not isinstance(document.data.get("key"), str):
        return
    read = document.data["key"]
    lines = read.split("\n")
    line = data.draw(st.integers(1, len(lines)))
    column = data.draw(st.integers(1, len(lines[line - 1]) + 1))
    row, position = document.place_within(("key",), line, column)
    written = text.split("\n")
    assert 1 <= row <= len(written)
    assert 1 <= position <= len(written[row - 1]) + 1
