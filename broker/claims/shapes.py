"""How large a value can become: the small arithmetic that ``bounds`` is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from broker.claims.vocabulary import (
    GUID_CHARACTERS,
    MAX_ALL_CLAIMS,
    MAX_CLAIM_NAME,
    MAX_CLAIMS,
    MAX_GROUPS,
    MAX_LIST,
    MAX_TEXT,
    Type,
    Variable,
)


@dataclass(frozen=True, slots=True)
class Shape:
    """The largest values that an expression can have.

    ``text``: characters, if it is a text. ``members``: how many, if it is a list or a map, each at most ``member``, and
    ``key`` of a map. ``total``: characters and members altogether, however deep. A value of unknown type has all.
    """

    text: int = 0
    members: int = 0
    member: Shape | None = None
    key: Shape | None = None
    total: int = 1

    def either(self, other: Shape) -> Shape:
        """What is at most one of the two."""
        return Shape(
            max(self.text, other.text),
            max(self.members, other.members),
            _either(self.member, other.member),
            _either(self.key, other.key),
            max(self.total, other.total),
        )


def _either(one: Shape | None, other: Shape | None) -> Shape | None:
    if one is None or other is None:
        return one or other
    return one.either(other)


SCALAR: Final = Shape()


def text(characters: int) -> Shape:
    """A text of at most so many characters."""
    return Shape(text=characters, total=1 + characters)


def members(count: int, member: Shape, total: int | None = None) -> Shape:
    """A list of at most so many members."""
    return Shape(members=count, member=member, total=1 + count * member.total if total is None else total)


_CLAIM: Final = Shape(text=MAX_TEXT, members=MAX_LIST, member=text(MAX_TEXT), total=MAX_ALL_CLAIMS)
_CLAIMS: Final = Shape(members=MAX_CLAIMS, member=_CLAIM, key=text(MAX_CLAIM_NAME), total=2 * MAX_ALL_CLAIMS)


def of(variable: Variable) -> Shape:
    """The largest value of a variable."""
    match variable.type:
        case Type.TEXT:
            return text(MAX_TEXT)
        case Type.TRUTH:
            return SCALAR
        case Type.CLAIMS:
            return _CLAIMS
        case Type.FIELDS:
            count = len(variable.keys or ())
            return Shape(members=count, member=text(MAX_TEXT), key=text(MAX_CLAIM_NAME), total=count * 2 * MAX_TEXT)
        case Type.TEXTS:
            if variable.name.endswith(".groups"):
                return members(MAX_GROUPS, text(GUID_CHARACTERS))
            return members(MAX_LIST, text(MAX_TEXT), MAX_ALL_CLAIMS)
