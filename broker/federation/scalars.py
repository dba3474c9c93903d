"""Where a character of a value stands in the YAML that the value was written in.

An expression in a file is text within text: quoted, escaped, folded over lines or in a block. Somebody who mistyped
one word of it is shown that word.
"""

from __future__ import annotations

import re
from typing import Final

Place = tuple[int, int]

_LINE_BREAK: Final = re.compile("\r\n|\n|\r")
_ESCAPED_DIGITS: Final = {"x": 2, "u": 4, "U": 8}  # YAML 1.2 section 5.7


def place_within(text: str, start: Place, value: str, line: int, column: int) -> Place:
    """The place in ``text`` of a line and column of ``value``, a scalar that begins at ``start``; all count from 1.

    It is ``start`` itself where the two cannot be laid over each other.
    """
    lines = _LINE_BREAK.split(text)
    value_lines = value.split("\n")
    if not 1 <= line <= len(value_lines):
        return start
    index = sum(len(each) + 1 for each in value_lines[: line - 1]) + min(column - 1, len(value_lines[line - 1]))
    try:
        places = _Walk(lines, start, value).places()
    except (IndexError, ValueError, StopIteration):
        return start
    return places[max(index, 0)]


class _Walk:
    """Goes through a scalar as it is written, led by what it is known to mean."""

    def __init__(self, lines: list[str], start: Place, value: str) -> None:
        self._lines = lines
        self._value = value
        self._line, self._column = start[0] - 1, start[1] - 1
        self._style = lines[self._line][self._column]

    def places(self) -> list[Place]:
        """One for each character of the value, and one for its end."""
        places: list[Place] = []
        if self._style in "|>":
            self._line += 1
            self._indentation = self._find_indentation()
            self._column = self._indentation
            if not self._lines[self._line].strip():
                places += self._leading_breaks()
        elif self._style in "'\"":
            self._column += 1
        while len(places) < len(self._value):
            self._one(places)
        return [*places, self._here()]

    def _here(self) -> Place:
        # An empty line in a block has no indentation.
        return self._line + 1, min(self._column, len(self._lines[self._line])) + 1

    def _one(self, places: list[Place]) -> None:
        """Takes one character of the value, or one folding of lines, which may stand for several."""
        current = self._lines[self._line]
        rest = current[self._column :]
        if not (rest if self._style in "|>" else rest.strip()):
            self._next_line(places)
        elif self._style == '"' and rest[0] == "\\":
            self._escape(rest, places)
        else:
            if rest[0] != self._value[len(places)]:
                raise ValueError("the value is not what is written")
            places.append(self._here())
            self._column += 2 if self._style == "'" and rest[0] == "'" else 1

    def _next_line(self, places: list[Place]) -> None:
        here = self._here()
        if self._value[len(places)] == " ":
            places.append(here)
        else:
            while len(places) < len(self._value) and self._value[len(places)] == "\n":
                places.append(here)
                if self._style == "|":
                    break
        self._line += 1
        if self._style != "|":
            while not self._lines[self._line].strip() and self._line + 1 < len(self._lines):
                self._line += 1
        following = self._lines[self._line]
        self._column = self._indentation if self._style in "|>" else len(following) - len(following.lstrip(" \t"))

    def _escape(self, rest: str, places: list[Place]) -> None:
        if len(rest) == 1:  # An escaped line break is nothing.
            self._line += 1
            following = self._lines[self._line]
            self._column = len(following) - len(following.lstrip(" \t"))
            return
        places.append(self._here())
        self._column += 2 + _ESCAPED_DIGITS.get(rest[1], 0)

    def _leading_breaks(self) -> list[Place]:
        places: list[Place] = []
        while not self._lines[self._line].strip() and self._value[len(places)] == "\n":
            places.append(self._here())
            self._line += 1
        return places

    def _find_indentation(self) -> int:
        written = next(line for line in self._lines[self._line :] if line.strip())
        meant = next(line for line in self._value.split("\n") if line.strip())
        # What the value still has of its first line's spaces is no indentation: "|2" says where that begins.
        return _leading_spaces(written) - _leading_spaces(meant)


def _leading_spaces(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
