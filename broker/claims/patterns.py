"""Regular expressions in rules: literal, anchored at both ends, and small (threats CR-01, CR-07).

The library's engine, RE2, needs linear time in the text; but the factor is the size of the unfolded pattern, which a
few characters can make huge: ``((x{100}){100}){100}``. And ``matches`` looks anywhere in the text, which is hardly ever
what a rule about people means.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

MAX_CHARACTERS: Final = 200
# States of the unfolded pattern.
MAX_SIZE: Final = 500
# States that a class of Unicode letters stands for.
_UNICODE_CLASS: Final = 300

_OPENING: Final = re.compile(r"\?(?:[A-Za-z-]*:|P?<[A-Za-z_0-9]*>|[A-Za-z-]*(?=\)))")
_COUNTED: Final = re.compile(r"\{(\d{1,9})(,(\d{0,9}))?\}")


class PatternRefused(Exception):
    """The text is a sentence; ``offset`` is where in the pattern, in characters."""

    def __init__(self, sentence: str, offset: int = 0) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.offset = offset


def size_of(pattern: str) -> int:
    """How many states the pattern has when its counts are unfolded; raises ``PatternRefused``.

    An estimate from above of what RE2 makes of it. Whether the pattern is one at all, the library says.
    """
    if len(pattern) > MAX_CHARACTERS:
        raise PatternRefused(f"a pattern has at most {MAX_CHARACTERS} characters, this one {len(pattern)}")
    scan = _Scan(pattern)
    scan.alternatives(depth=0)
    body = pattern.removeprefix("(?i)")
    begins = body.startswith("^") and body[1:2] not in tuple("*?+{")
    if not begins or not body.endswith("$") or scan.escaped_end or scan.split_at_top is not None:
        raise PatternRefused(
            "a pattern stands for the whole text: write it as '^…$', with '.*' where anything may stand and with "
            "alternatives in parentheses"
        )
    return scan.size


@dataclass(slots=True)
class _Scan:
    """Goes over the pattern once, by recursion over its groups."""

    pattern: str
    position: int = 0
    size: int = 0
    escaped_end: bool = False
    split_at_top: int | None = None

    def alternatives(self, depth: int) -> int:
        if depth > 20:
            raise PatternRefused("the pattern is nested too deeply", self.position)
        total = 1
        while self.position < len(self.pattern) and self.pattern[self.position] != ")":
            if self.pattern[self.position] == "|":
                if depth == 0 and self.split_at_top is None:
                    self.split_at_top = self.position
                self.position += 1
                total += 1
                continue
            total += self._counted(self._atom(depth))
            if total > MAX_SIZE:
                raise PatternRefused("the pattern stands for too much: use smaller counts", self.position)
        if depth == 0 and self.position < len(self.pattern):
            raise PatternRefused("a closing parenthesis too many", self.position)
        self.size = total
        return total

    def _atom(self, depth: int) -> int:
        character = self.pattern[self.position]
        self.position += 1
        if character == "(":
            opening = _OPENING.match(self.pattern, self.position)
            if opening:
                if "m" in opening[0].partition("<")[0]:
                    raise PatternRefused("the flag m would let '^' and '$' stand inside the text", self.position)
                self.position = opening.end()
            inner = self.alternatives(depth + 1)
            if self.position >= len(self.pattern):
                raise PatternRefused("a parenthesis is not closed", self.position)
            self.position += 1
            return inner
        if character == "\\":
            return self._escape()
        if character == "[":
            return self._class()
        # A full stop and whatever is not ASCII are several states, since RE2 works on octets.
        return 1 if character.isascii() and character != "." else 8

    def _escape(self) -> int:
        if self.position >= len(self.pattern):
            raise PatternRefused("a backslash at the end", self.position - 1)
        escaped = self.pattern[self.position]
        self.position += 1
        self.escaped_end = self.position == len(self.pattern)
        if escaped == "Q":
            raise PatternRefused("\\Q is not used here: write a backslash before each character", self.position - 2)
        if escaped in "pP":
            return _UNICODE_CLASS
        return 1 if escaped.isalnum() and escaped.islower() else 8

    def _class(self) -> int:
        end = self.position + 1 if self.pattern[self.position : self.position + 1] in ("]", "^") else self.position
        if self.pattern[self.position : self.position + 2] == "^]":
            end += 1
        while end < len(self.pattern) and self.pattern[end] != "]":
            if self.pattern.startswith("[:", end) and ":]" in self.pattern[end:]:
                end = self.pattern.index(":]", end) + 1
            end += 2 if self.pattern[end] == "\\" else 1
        if end >= len(self.pattern):
            raise PatternRefused("a bracket is not closed", self.position - 1)
        inside = self.pattern[self.position : end]
        self.position = end + 1
        if "\\p" in inside or "\\P" in inside:
            return _UNICODE_CLASS
        return 2 if inside.isascii() and not inside.startswith("^") and "\\" not in inside else 8 + len(inside)

    def _counted(self, size: int) -> int:
        while self.position < len(self.pattern):
            if self.pattern[self.position] in "*+?":
                self.position += 1
                size += 1
                continue
            counted = _COUNTED.match(self.pattern, self.position)
            if counted is None:
                break
            least, most = int(counted[1]), int(counted[3] or 0)
            if max(least, most) > 1000:
                raise PatternRefused("a count is at most 1000", self.position)
            size *= max(least, most, 1) + (1 if counted[2] and not counted[3] else 0)
            self.position = counted.end()
        return size
