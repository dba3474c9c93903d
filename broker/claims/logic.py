"""What can be said of conditions without any values: that they always or never hold, or say the same.

A condition is taken apart into its undecided parts; whatever they are, each is true or false. So a few of them can be
tried in every combination.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

from broker.claims.syntax import Call, Entries, Field, Literal, Loop, Members, Name, Node, Unknown

# Parts that are tried in every combination: 4,096 of them.
MAX_PARTS: Final = 12

Assignment = Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class Formula:
    """A condition over its undecided parts."""

    parts: frozenset[str]
    holds: Callable[[Assignment], bool]


def formula(tree: Node) -> Formula:
    """The condition of a checked expression that gives a truth value."""
    parts: set[str] = set()
    holds = _formula(tree, parts)
    return Formula(frozenset(parts), holds)


def always(condition: Formula, given: Sequence[Formula] = ()) -> bool:
    """Whether it holds in every case in which those that are given hold; False too if it is too large to say."""
    cases = _cases(condition, given)
    return cases is not None and all(condition.holds(case) for case in cases)


def never(condition: Formula, given: Sequence[Formula] = ()) -> bool:
    """Whether it holds in no case in which those that are given hold; False too if it is too large to say."""
    cases = _cases(condition, given)
    return cases is not None and not any(condition.holds(case) for case in cases)


def _cases(condition: Formula, given: Sequence[Formula]) -> Iterator[Assignment] | None:
    parts = sorted(condition.parts.union(*(other.parts for other in given)))
    if len(parts) > MAX_PARTS:
        return None
    combinations = (dict(zip(parts, truths, strict=True)) for truths in product((False, True), repeat=len(parts)))
    return (case for case in combinations if _is_possible(case) and all(other.holds(case) for other in given))


def _is_possible(case: Assignment) -> bool:
    """Nothing equals two different literals."""
    equal: set[str] = set()
    for part, truth in case.items():
        held, separator, _ = part.partition(_EQUALS)
        if separator and truth:
            if held in equal:
                return False
            equal.add(held)
    return True


# Between a part and the literal it is compared with; no source can hold this character unescaped in ``_text``.
_EQUALS: Final = "\x00=="


def _formula(node: Node, parts: set[str]) -> Callable[[Assignment], bool]:
    match node:
        case Literal(value=bool(value)):
            return lambda _: value
        case Call(function="!_", arguments=(inner,)):
            return _negated(_formula(inner, parts))
        case Call(function="_&&_", arguments=arguments):
            every = [_formula(argument, parts) for argument in arguments]
            return lambda case: all(holds(case) for holds in every)
        case Call(function="_||_", arguments=arguments):
            some = [_formula(argument, parts) for argument in arguments]
            return lambda case: any(holds(case) for holds in some)
        case Call(function="_?_:_", arguments=arguments):
            condition, yes, no = (_formula(argument, parts) for argument in arguments)
            return lambda case: yes(case) if condition(case) else no(case)
        case Call(function=("_==_" | "_!=_") as function, arguments=(one, other)):
            return _comparison(function, one, other, parts)
        case Call(function=("_>=_" | "_<=_") as function, arguments=arguments):
            strict = "_<_" if function == "_>=_" else "_>_"
            opposite = _part(_text(Call(node.at, strict, arguments, False)), parts, _of_size(strict, arguments))
            return _negated(opposite)
        case Call(function=("_>_" | "_<_") as function, arguments=arguments):
            return _part(_text(node), parts, _of_size(function, arguments))
        case _:
            return _part(_text(node), parts, None)


def _comparison(function: str, one: Node, other: Node, parts: set[str]) -> Callable[[Assignment], bool]:
    if isinstance(one, Literal) and not isinstance(other, Literal):
        one, other = other, one
    if isinstance(other, Literal) and isinstance(other.value, bool) and not isinstance(one, Literal):
        inner = _formula(one, parts)
        equal = inner if other.value else _negated(inner)
    elif isinstance(other, Literal):
        equal = _part(f"{_text(one)}{_EQUALS}{_text(other)}", parts, _of_size("_==_", (one, other)))
    else:
        equal = _part("equal " + " ".join(sorted((_text(one), _text(other)))), parts, None)
    return equal if function == "_==_" else _negated(equal)


def _negated(formula: Callable[[Assignment], bool]) -> Callable[[Assignment], bool]:
    return lambda case: not formula(case)


def _part(text: str, parts: set[str], known: bool | None) -> Callable[[Assignment], bool]:
    if known is not None:
        return lambda _: known
    parts.add(text)
    return lambda case: case[text]


def _of_size(function: str, arguments: Sequence[Node]) -> bool | None:
    """What is known of a comparison of a size with a negative number or with nothing."""
    match arguments:
        case (Call(function="size"), Literal(value=int(value))):
            if function == "_<_" and value <= 0:
                return False
            if function == "_>_" and value < 0:
                return True
            if function == "_==_" and value < 0:
                return False
    return None


def _text(node: Node) -> str:
    """The node without its places, so that what is written twice is the same."""
    return repr(_bare(node))


def _bare(node: Node) -> Any:
    match node:
        case Literal(value=value):
            return ("literal", type(value).__name__, value)
        case Name(name=name):
            return ("name", name)
        case Field(of=of, name=name, asked=asked):
            return ("field", _bare(of), name, asked)
        case Call(function="_[_]", arguments=(held, Literal(value=str(key)))):
            return ("field", _bare(held), key, False)
        case Call(function=function, arguments=arguments):
            return ("call", function, *map(_bare, arguments))
        case Members(members=members):
            return ("list", *map(_bare, members))
        case Entries(entries=entries):
            return ("map", *((_bare(key), _bare(value)) for key, value in entries))
        case Loop():
            loop = (node.over, node.start, node.while_, node.step, node.result)
            return ("loop", node.variable, *map(_bare, loop))
        case Unknown(what=what):
            return ("unknown", what)
