"""JSON as strictly as a security protocol needs it: one meaning, bounded depth, text that can be written out again."""

from __future__ import annotations

import json
import math
from typing import Any, Final, NoReturn

# Threats G7.
MAX_DEPTH: Final = 32


class JsonRefused(ValueError):
    """Not JSON, or JSON that two readers could understand differently."""


def parse(data: bytes | str) -> Any:
    """The value of a JSON text in UTF-8; raises ``JsonRefused`` and nothing else.

    Refused beside bad syntax: a repeated member name (which of the two counts differs between parsers, RFC 8259
    section 4), nesting deeper than 32, NaN and infinities, and lone surrogates, which break whoever writes the text
    to a log or a database.
    """
    try:
        text = data.decode("utf-8") if isinstance(data, bytes) else data
        value = json.loads(
            text, object_pairs_hook=_without_repeats, parse_constant=_refuse_constant, parse_float=_finite
        )
        if text.count("[") + text.count("{") > MAX_DEPTH:
            _check_depth(value)
        if "\\ud" in text or "\\uD" in text:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except JsonRefused:
        raise
    except (ValueError, RecursionError) as error:  # UnicodeError and JSONDecodeError are ValueErrors.
        raise JsonRefused(f"not acceptable JSON: {type(error).__name__}") from error
    return value


def parse_object(data: bytes | str) -> dict[str, Any]:
    """The same, for a text that must be an object."""
    value = parse(data)
    if not isinstance(value, dict):
        raise JsonRefused("JSON, but not an object")
    return value


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise JsonRefused("a member name is repeated")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise JsonRefused(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise JsonRefused("a number is out of range")
    return number


def _check_depth(value: Any) -> None:
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for item in level
            if isinstance(item, (dict, list))
            for child in (item.values() if isinstance(item, dict) else item)
            if isinstance(child, (dict, list))
        ]
        if not level:
            return
    raise JsonRefused(f"nested deeper than {MAX_DEPTH}")
