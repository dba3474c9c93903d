"""The parameters of one request, read once: below this nobody looks at the raw query or form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

# Threats G7 allow a body of 1 MiB; nothing that these endpoints are for comes near this.
MAX_CHARACTERS: Final = 64 * 1024

# RFC 8707 section 2 is the one specification that lets a parameter come more than once. We ignore it, and so may it.
_MAY_REPEAT: Final = frozenset({"resource"})

Lists = Iterable[tuple[str, Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Parameters:
    """Each name with its one value.

    A parameter without a value counts as left out (RFC 6749 section 3.1). A name that came more than once, in the
    query, the body or both, has no value here and stands in ``repeated``. ``mixed``: query and body both had
    parameters. ``too_long``: all together were longer than 64 KiB, and none was kept.
    """

    values: Mapping[str, str]
    repeated: frozenset[str] = frozenset()
    mixed: bool = False
    in_query: bool = False
    too_long: bool = False

    @classmethod
    def read(cls, query: Lists, form: Lists) -> Parameters:
        in_query = [(name, value) for name, values in query for value in values]
        in_body = [(name, value) for name, values in form for value in values]
        pairs = in_query + in_body
        if sum(len(name) + len(value) for name, value in pairs) > MAX_CHARACTERS:
            return cls({}, in_query=bool(in_query), too_long=True)
        values: dict[str, str] = {}
        seen: set[str] = set()
        repeated: set[str] = set()
        for name, value in pairs:
            (repeated if name in seen else seen).add(name)
            if value:
                values[name] = value
        for name in repeated:
            values.pop(name, None)
        return cls(values, frozenset(repeated - _MAY_REPEAT), bool(in_query and in_body), bool(in_query))

    def get(self, name: str) -> str | None:
        return self.values.get(name)
