"""One YAML file to plain values, with the line and column of every key and value.

The simple part of YAML 1.2 only (threats CF-01, CF-02, CF-04): no anchors, aliases, merge keys, tags or directives, one
document, no key twice, no key without a value, and no scalar that one reader takes for a number and another for text.
Whatever is refused becomes a finding; what stands beside it is still read, so that all problems are told at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from broker.federation.findings import Finding, holds_secret, printable, shown
from broker.federation.scalars import Place, place_within

MAX_BYTES: Final = 1024 * 1024
MAX_DEPTH: Final = 32

Path = tuple[str | int, ...]

_START: Final[Place] = (1, 1)

# YAML 1.2 section 5.1, plus the line separators that YAML 1.2 no longer breaks lines at and editors show as nothing.
_FORBIDDEN: Final = re.compile(
    "[^\\t\\n\\r\\x20-\\x7e\\xa0-\\u2027\\u202a-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]"
)

_NULL: Final = ("", "~", "null", "Null", "NULL")
_BOOLEAN: Final = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_DECIMAL: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})\.[0-9]{1,18}")
# Numbers, times and dates for YAML 1.1 or 1.2, and not surely the same for both (YAML 1.2 section 10.3.2).
_DOUBTFUL: Final = re.compile(
    r"[-+]?[0-9][0-9_,]*"
    r"|[-+]?0[xXoObB][0-9a-fA-F_]+"
    r"|[-+]?(\.[0-9_]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?"
    r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
    r"|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ].*)?"
)


@dataclass(frozen=True, slots=True)
class Document:
    """What stands in one file.

    ``keys`` and ``values`` give the place of each key and value by its path; ``refused`` holds the paths at which
    nothing may be concluded, since what stood there was refused. ``text`` is the file as it is written.
    """

    file: str
    data: Mapping[str, Any]
    keys: Mapping[Path, Place]
    values: Mapping[Path, Place]
    refused: frozenset[Path]
    text: str = field(repr=False)

    def place(self, path: Path) -> Place:
        """Where the value is, or else the nearest key or list item around it."""
        if path in self.values:
            return self.values[path]
        around = (path[:length] for length in range(len(path) - 1, 0, -1))
        places = (self.values.get(outer) if isinstance(outer[-1], int) else self.keys.get(outer) for outer in around)
        return next(filter(None, places), self.values.get((), _START))

    def key_place(self, path: Path) -> Place:
        """Where the key is, or else the nearest key around it."""
        return self.keys.get(path) or self.place(path)

    def place_within(self, path: Path, line: int, column: int) -> Place:
        """Where a line and column of the text at ``path`` stand, which count from 1 within that text."""
        value: Any = self.data
        for part in path:
            value = value[part]
        return place_within(self.text, self.place(path), str(value), line, column)


def read_document(file: str, content: bytes) -> tuple[Document | None, list[Finding]]:
    """The document of one file, or None if nothing of it can be read; and what is wrong with it."""
    try:
        text = _decode(content)
        reader = _Reader(file)
        data = reader.read(text)
    except _Refused as refusal:
        line, column = refusal.place
        return None, [Finding(file, line, column, "yaml", refusal.sentence)]
    if not isinstance(data, dict):
        empty = data is None and not reader.findings
        sentence = "the file is empty" if empty else "the file must hold keys with values, not a list or one value"
        return None, [*reader.findings, Finding(file, *reader.values.get((), _START), "yaml", sentence)]
    document = Document(file, data, reader.keys, reader.values, frozenset(reader.refused), text)
    return document, reader.findings


class _Refused(Exception):
    def __init__(self, place: Place, sentence: str) -> None:
        super().__init__(sentence)
        self.place = place
        self.sentence = sentence


def _decode(content: bytes) -> str:
    if len(content) > MAX_BYTES:
        raise _Refused(_START, "the file is larger than 1 MiB")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8", "replace")
        raise _Refused(_position(before, len(before)), "the file is not UTF-8") from error
    text = text.removeprefix("\ufeff")
    if bad := _FORBIDDEN.search(text):
        name = printable(bad.group())
        raise _Refused(_position(text, bad.start()), f"a character that may not stand in a file: {name}")
    if tab := re.search(r"^ *\t", text, re.MULTILINE):
        raise _Refused(_position(text, tab.end() - 1), "a tab in the indentation; use spaces")
    return text


def _position(text: str, offset: int) -> Place:
    start = text.rfind("\n", 0, offset) + 1
    return text.count("\n", 0, offset) + 1, offset - start + 1


def _start_of(event: Event) -> Place:
    return event.start_mark.line + 1, event.start_mark.column + 1


@dataclass(slots=True)
class _Reader:
    file: str
    findings: list[Finding] = field(default_factory=list)
    keys: dict[Path, Place] = field(default_factory=dict)
    values: dict[Path, Place] = field(default_factory=dict)
    refused: set[Path] = field(default_factory=set)

    def read(self, text: str) -> Any:
        try:
            return self._documents(YAML(typ="safe", pure=True).parse(text), text)
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            place = (mark.line + 1, mark.column + 1) if mark is not None else _START
            raise _Refused(place, _syntax_sentence(error)) from error
        except (YAMLError, ValueError, RecursionError) as error:
            raise _Refused(_START, "the file is not YAML") from error

    def _documents(self, events: Iterator[Event], text: str) -> Any:
        data: Any = None
        count = 0
        for event in events:
            if not isinstance(event, DocumentStartEvent):
                continue
            count += 1
            if count > 1:
                raise _Refused(_start_of(event), "a second document begins here; a file holds one")
            if event.version or event.tags:
                directive = re.search("^%", text, re.MULTILINE)
                place = _position(text, directive.start()) if directive else _START
                raise _Refused(place, "a directive (%YAML or %TAG) is not allowed")
            data = self._value(next(events), events, (), 0)
        return data

    def _report(self, place: Place, code: str, sentence: str, path: Path) -> None:
        self.findings.append(Finding(self.file, *place, code, sentence))
        self.refused.add(path)

    def _value(self, event: Event, events: Iterator[Event], path: Path, depth: int) -> Any:
        place = _start_of(event)
        if depth > MAX_DEPTH:
            raise _Refused(place, f"nested deeper than {MAX_DEPTH} levels")
        self.values.setdefault(path, place)
        self._refuse_features(event, place, path)
        if isinstance(event, MappingStartEvent):
            return self._mapping(events, path, depth)
        if isinstance(event, SequenceStartEvent):
            return self._sequence(events, path, depth)
        if isinstance(event, ScalarEvent):
            return self._scalar(event, place, path)
        return None

    def _refuse_features(self, event: Event, place: Place, path: Path) -> None:
        if isinstance(event, AliasEvent):
            self._report(place, "yaml", "an alias (*) is not allowed; write the value out", path)
        elif getattr(event, "anchor", None) is not None:
            self._report(place, "yaml", "an anchor (&) is not allowed; write the value out where it is needed", path)
        if getattr(event, "tag", None) is not None:
            self._report(place, "yaml", "a tag (!) is not allowed", path)

    def _mapping(self, events: Iterator[Event], path: Path, depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for event in events:
            if isinstance(event, MappingEndEvent):
                break
            place = _start_of(event)
            key = self._key(event, events, path, depth)
            if key is None:
                self._skip(next(events), events, path, depth + 1)
                continue
            inner = (*path, key)
            if key in result:
                sentence = f"{printable(key)} is set twice: the first time in line {self.keys[inner][0]}"
                self.findings.append(Finding(self.file, *place, "duplicate", sentence))
                self._skip(next(events), events, inner, depth + 1)
                continue
            self.keys[inner] = place
            result[key] = self._value(next(events), events, inner, depth + 1)
            if result[key] is None and inner not in self.refused:
                sentence = f"{printable(key)} has no value; write one, or leave the key out"
                self._report(place, "type", sentence, inner)
        return result

    def _key(self, event: Event, events: Iterator[Event], path: Path, depth: int) -> str | None:
        """The key's text, or None after a finding if it cannot be a key of ours."""
        place = _start_of(event)
        refusal: tuple[str, str] | None = None
        if not isinstance(event, ScalarEvent):
            refusal = "yaml", "a key must be text"
            self._skip(event, events, path, depth + 1)
        elif getattr(event, "anchor", None) is not None or getattr(event, "tag", None) is not None:
            refusal = "yaml", "a key must be plain text, without anchor (&) or tag (!)"
        elif event.style is None and event.value == "<<":
            refusal = "yaml", "a merge key (<<) is not allowed; write the keys out"
        elif not isinstance(_resolve(event), str):
            refusal = "type", f"the key {shown(event.value)} must be text; put it in quotes"
        if refusal is None:
            return str(getattr(event, "value", ""))
        self.findings.append(Finding(self.file, *place, *refusal))
        return None

    def _skip(self, event: Event, events: Iterator[Event], path: Path, depth: int) -> None:
        # Read like anything else, for its own mistakes, but into places of its own.
        aside = _Reader(self.file)
        aside._value(event, events, path, depth)
        self.findings.extend(aside.findings)

    def _sequence(self, events: Iterator[Event], path: Path, depth: int) -> list[Any]:
        result: list[Any] = []
        for event in events:
            if isinstance(event, SequenceEndEvent):
                break
            inner = (*path, len(result))
            result.append(self._value(event, events, inner, depth + 1))
            if result[-1] is None and inner not in self.refused:
                self._report(_start_of(event), "type", "a list item has no value", inner)
        return result

    def _scalar(self, event: ScalarEvent, place: Place, path: Path) -> Any:
        value = _resolve(event)
        if value is _UNCLEAR:
            text = "this value" if holds_secret(path) else shown(event.value)
            sentence = f"{text} may be read as a number or as text: put it in quotes, or write the number plainly"
            self._report(place, "type", sentence, path)
            return None
        return value


_UNCLEAR: Final = object()


def _resolve(event: ScalarEvent) -> Any:
    text = str(event.value)
    if event.style is not None:
        return text
    if text in _NULL:
        return None
    if text in _BOOLEAN:
        return _BOOLEAN[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    return _UNCLEAR if _DOUBTFUL.fullmatch(text) else text


# What ruamel.yaml says, and what it mostly means.
_HINTS: Final = (
    ("mapping values are not allowed", "a ':' too many, or an indentation that does not fit the lines above"),
    ("expected <block end>", "the indentation does not fit the lines above"),
    ("expected '<document start>'", "the indentation does not fit the lines above"),
    ("found unexpected end of stream", "a quote that is opened and not closed"),
    ("could not find expected ':'", "a key without ':'"),
    ("expected ',' or ']'", "a list in [ ] that is not closed, or lacks a comma"),
    ("expected ',' or '}'", "a mapping in { } that is not closed, or lacks a comma"),
    ("expected the node content", "a list in [ ] or mapping in { } that is not closed"),
)


def _syntax_sentence(error: MarkedYAMLError) -> str:
    problem = printable(" ".join((error.problem or "something that YAML does not allow").split()))
    for beginning, hint in _HINTS:
        if problem.startswith(beginning):
            return f"not YAML: {hint}"
    return f"not YAML: {problem}"
