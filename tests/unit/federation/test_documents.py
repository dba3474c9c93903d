"""One YAML file: values with their places, and everything refused that two readers could read in two ways."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.federation.documents import Document, read_document
from broker.federation.findings import Finding


def read(text: str) -> tuple[Document, list[Finding]]:
    document, findings = read_document("f.yaml", text.encode())
    assert document is not None, findings
    return document, findings


def test_values_have_the_types_of_yaml_1_2() -> None:
    document, findings = read("a: no\nb: true\nc: 12\nd: '012'\ne: -3\nf: 1.5\ng: yes\nh: on\ni: 0\nj: 12:30 today\n")
    assert findings == []
    assert document.data == {
        "a": "no",
        "b": True,
        "c": 12,
        "d": "012",
        "e": -3,
        "f": 1.5,
        "g": "yes",
        "h": "on",
        "i": 0,
        "j": "12:30 today",
    }


@pytest.mark.parametrize(
    "text",
    [
        "012", "0o14", "0x1F", "0b1", "1_000", "1,000", "22:22", "190:20:30", "2026-11-21", "2026-11-21T22:26:40Z",
        "1e3", "1.", ".5", ".inf", "-.INF", ".nan", "+1", "-01", "1234567890123456789",
    ],
)  # fmt: skip
def test_what_readers_disagree_on_must_be_in_quotes(text: str) -> None:
    document, findings = read(f"name: {text}\nother: '{text}'\n")
    assert [(f.line, f.column, f.code) for f in findings] == [(1, 7, "type")]
    assert document.data["other"] == text
    assert ("name",) in document.refused


def test_a_doubtful_value_under_a_secret_name_is_not_shown() -> None:
    _, findings = read("client_secret: 0123456\n")
    assert "0123456" not in findings[0].sentence


def test_places_count_from_one_and_know_lists_and_flow_style() -> None:
    document, _ = read("# a comment\na:\n  - x\n  - {b: [1, ύ, c]}\n")
    assert document.key_place(("a",)) == (2, 1)
    assert document.place(("a", 0)) == (3, 5)
    assert document.key_place(("a", 1, "b")) == (4, 6)
    assert document.place(("a", 1, "b", 2)) == (4, 16)


def test_a_path_that_is_not_written_has_the_place_of_the_key_around_it() -> None:
    document, _ = read("\na:\n  b: {c: 1}\n")
    assert document.place(("a", "b", "nothing", "below")) == (3, 3)
    assert document.place(("nothing",)) == (2, 1)


def test_the_first_of_two_keys_counts_and_the_second_is_told() -> None:
    document, findings = read("a: {x: 1}\nb: 2\na: {x: 012}\n")
    assert document.data == {"a": {"x": 1}, "b": 2}
    assert document.place(("a", "x")) == (1, 8)
    assert [(f.line, f.code) for f in findings] == [(3, "duplicate"), (3, "type")]


def test_a_bomb_of_aliases_is_not_expanded() -> None:
    lines = ["a: &a [x, x]"] + [f"{b}: &{b} [*{a}, *{a}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)]
    document, findings = read("\n".join(lines))
    assert document.data["i"] == [None, None]
    assert {finding.code for finding in findings} == {"yaml"}


def test_a_mistake_beside_another_is_told_too() -> None:
    _, findings = read("a: &x 1\nb: !tag 2\nc:\nd: 012\n<<: {e: 1}\n")
    assert [(f.line, f.column) for f in findings] == [(1, 4), (2, 4), (3, 1), (4, 4), (5, 1)]


PIECES = st.sampled_from(
    ["a", "b: ", ": ", "- ", "\n", "  ", "\t", "{", "}", "[", "]", ", ", "&x ", "*x", "!t ", "|", ">", "'", '"', "? ",
     "#", "---\n", "...\n", "%YAML 1.1\n", "<<: ", "012", "~", "é", "\x85", "\\", "@", "`"]
)  # fmt: skip


@given(st.one_of(st.binary(max_size=200), st.lists(PIECES, max_size=40).map(lambda parts: "".join(parts).encode())))
@settings(max_examples=400, deadline=None)
def test_no_bytes_break_the_reader(content: bytes) -> None:
    document, findings = read_document("f.yaml", content)
    assert document is not None or findings
    lines = content.count(b"\n") + content.count(b"\r") + 2
    for finding in findings:
        assert 1 <= finding.line <= lines
        assert finding.column >= 1
        assert finding.sentence.isprintable()
