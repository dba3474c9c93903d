"""How refusals of the language are put to people."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Final

_CLOSE: Final = 0.6
_OPERATORS: Final = {"_?_:_": "? :", "_[_]": "[ ]", "@in": "in", "-_": "-", "!_": "!", "_[?_]": "[? ]", "_?._": ".?"}
_TYPES: Final = {
    "bool": "a truth value",
    "int": "a whole number",
    "uint": "a whole number",
    "double": "a number",
    "string": "a text",
    "bytes": "bytes",
    "dyn": "a claim",
    "null": "null",
    "list": "a list",
    "map": "a map",
    "type": "a type",
    "timestamp": "a time",
    "duration": "a duration",
}


def did_you_mean(word: str, known: Iterable[str], closeness: float = _CLOSE) -> str:
    """``, did you mean X`` to end a sentence with, or nothing."""
    by_folded = {candidate.lower(): candidate for candidate in known}
    close = difflib.get_close_matches(word.lower(), by_folded, n=1, cutoff=closeness)
    return f", did you mean {by_folded[close[0]]}" if close else ""


def operator(function: str) -> str:
    """An operator or function as it is written."""
    return _OPERATORS.get(function) or function.strip("_")


def type_name(name: str) -> str:
    """A type of the library, of its messages or of its type objects, in words: ``list(string)``, ``LIST<STRING>``."""
    lowered = name.strip().lower().replace("<", "(").replace(">", ")")
    if lowered.startswith("list(string"):
        return "a list of texts"
    return _TYPES.get(lowered.partition("(")[0], lowered)


def cut(text: str, characters: int = 60) -> str:
    """A piece of an expression, safe to print and not long."""
    shown = text if len(text) <= characters else text[:characters] + "…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode("ascii") for c in shown)
