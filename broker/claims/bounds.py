"""What an expression may cost at most, computed from its tree before it is ever evaluated (threats CR-01, CR-03).

The library ends every expression, but not soon: a text that is doubled twenty times in chained ``map`` takes all
memory, a list is built by copying it for each member, and a pattern is compiled at each use. So nothing runs whose
largest inputs could make it large: steps, rounds and the size of every value are bounded from above here, and what
exceeds the budget is refused at load (threats CR-09). Only functions that stand in the tables below are part of the
language at all.

A step is about a tenth of a microsecond on a small server; the weights below were measured and rounded up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from broker.claims import shapes
from broker.claims.functions import HELPERS, MAX_FUNCTION_TEXT
from broker.claims.patterns import PatternRefused, size_of
from broker.claims.shapes import SCALAR, Shape
from broker.claims.syntax import Call, Entries, Field, Literal, Loop, Members, Name, Node, Place, Unknown
from broker.claims.vocabulary import MAX_LIST, MAX_TEXT, Variable
from broker.claims.wording import did_you_mean, operator

MAX_STEPS: Final = 250_000
"""Of one expression: 25 ms."""
MAX_LIST_STEPS: Final = 500_000
"""Of all conditions of one list, and of all claims of one application: the 50 ms of threats CR-03."""
MAX_ROUNDS: Final = 9_999
"""Of all macros of one expression; the library stops at 10,000."""
MAX_CHARACTERS: Final = 64 * 1024
"""Of a text on the way."""
MAX_TOTAL: Final = 512 * 1024
"""Characters and members of any value on the way, however deep."""

_NUMBER_CHARACTERS: Final = 32


class TooMuch(Exception):
    """The expression may become too large or take too long, or uses what is not part of the language."""

    def __init__(self, sentence: str, at: Place) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.at = at


@dataclass(frozen=True, slots=True)
class Cost:
    """From above: the shape of the value, the steps to it, and the rounds of macros on the way."""

    shape: Shape
    steps: int
    rounds: int = 0


Rule = Callable[[tuple[Shape, ...]], tuple[Shape, int]]
"""From the shapes of the arguments to that of the result, and the steps of the function itself."""


def _compared(arguments: tuple[Shape, ...]) -> tuple[Shape, int]:
    return SCALAR, 1 + min(argument.total for argument in arguments) // 8


def _fixed(shape: Shape, steps: int = 1) -> Rule:
    return lambda _: (shape, steps)


def _added(arguments: tuple[Shape, ...]) -> tuple[Shape, int]:
    one, other = arguments
    joined = Shape(
        text=one.text + other.text,
        members=one.members + other.members,
        member=one.either(other).member,
        total=one.total + other.total,
    )
    return joined, 1 + joined.members + joined.text // 8


def _found(arguments: tuple[Shape, ...]) -> tuple[Shape, int]:
    looked_for, among = arguments
    each = 1 + (min(looked_for.total, among.member.total) if among.member else 0) // 64
    return SCALAR, 2 + among.members * each


def _searched(arguments: tuple[Shape, ...]) -> tuple[Shape, int]:
    searched, *others = arguments
    sought = min(searched.text, max((other.text for other in others), default=0))
    return SCALAR, 2 + searched.text // 4 * (1 + sought // 16)


def _begun(arguments: tuple[Shape, ...]) -> tuple[Shape, int]:
    return SCALAR, 2 + min(argument.text for argument in arguments) // 8


def _same_text(arguments: tuple[Shape, ...]) -> tuple[Shape, int]:
    return shapes.text(arguments[0].text), 2 + arguments[0].text // 4


def _member(arguments: tuple[Shape, ...]) -> tuple[Shape, int]:
    return arguments[0].member or SCALAR, 2


def _split(arguments: tuple[Shape, ...]) -> tuple[Shape, int]:
    whole = arguments[0].text
    return shapes.members(whole + 1, shapes.text(whole), 2 * whole + 2), 2 + whole


def _joined(arguments: tuple[Shape, ...]) -> tuple[Shape, int]:
    parts = arguments[0]
    between = arguments[1].text if len(arguments) > 1 else 0
    length = parts.total + parts.members * between
    return shapes.text(length), 2 + length // 4


def _replaced(arguments: tuple[Shape, ...]) -> tuple[Shape, int]:
    whole, _, by = arguments[:3]
    length = whole.text + (whole.text + 1) * by.text
    return shapes.text(length), 2 + length // 4


def _as_text(arguments: tuple[Shape, ...]) -> tuple[Shape, int]:
    length = max(_NUMBER_CHARACTERS, arguments[0].text)
    return shapes.text(length), 2 + length // 4


def _conditional(arguments: tuple[Shape, ...]) -> tuple[Shape, int]:
    return arguments[1].either(arguments[2]), 1


def _or_value(arguments: tuple[Shape, ...]) -> tuple[Shape, int]:
    return arguments[0].either(arguments[1]), 1


def _as_it_is(arguments: tuple[Shape, ...]) -> tuple[Shape, int]:
    return arguments[0], 1


# Operators and functions of the library, by the names they have in the tree.
_OPERATORS: Final[Mapping[str, Rule]] = {
    "_&&_": _fixed(SCALAR),
    "_||_": _fixed(SCALAR),
    "!_": _fixed(SCALAR),
    "@not_strictly_false": _fixed(SCALAR),
    "_?_:_": _conditional,
    "_==_": _compared,
    "_!=_": _compared,
    "_<_": _compared,
    "_<=_": _compared,
    "_>_": _compared,
    "_>=_": _compared,
    "_+_": _added,
    "_-_": _fixed(SCALAR),
    "_*_": _fixed(SCALAR),
    "_/_": _fixed(SCALAR),
    "_%_": _fixed(SCALAR),
    "-_": _fixed(SCALAR),
    "@in": _found,
    "_[_]": _member,
    "_[?_]": _member,
    "_?._": _member,
}
_FUNCTIONS: Final[Mapping[str, Rule]] = {
    "orValue": _or_value,
    "hasValue": _fixed(SCALAR),
    "size": _searched,
    "type": _fixed(SCALAR),
    "dyn": _as_it_is,
    "bool": _fixed(SCALAR, 10),
    "int": _fixed(SCALAR, 10),
    "double": _fixed(SCALAR, 10),
    "string": _as_text,
    "contains": _searched,
    "startsWith": _begun,
    "endsWith": _begun,
    "indexOf": _searched,
    "lastIndexOf": _searched,
    "charAt": _fixed(shapes.text(1), 50),
    "lowerAscii": _same_text,
    "upperAscii": _same_text,
    "trim": _same_text,
    "substring": _same_text,
    "replace": _replaced,
    "split": _split,
    "join": _joined,
}
_RESULTS: Final[Mapping[str, Shape]] = {
    "text": shapes.text(MAX_FUNCTION_TEXT),
    "texts": shapes.members(MAX_LIST, shapes.text(MAX_TEXT), MAX_FUNCTION_TEXT + MAX_LIST),
    "truth": SCALAR,
}
_HELPERS: Final = {helper.name: helper for helper in HELPERS}

# Every function that rules may call, for suggestions and for the documentation.
NAMES: Final = frozenset({*_FUNCTIONS, *_HELPERS, "matches", "exists", "exists_one", "all", "map", "filter", "has"})


def measure(tree: Node, variables: Mapping[str, Variable]) -> Cost:
    """What the expression may cost at most; raises ``TooMuch`` where it exceeds the budget."""
    return _Meter({name: shapes.of(variable) for name, variable in variables.items()}).cost(tree)


class _Meter:
    def __init__(self, known: Mapping[str, Shape]) -> None:
        self._known = known

    def cost(self, node: Node) -> Cost:
        cost = self._of(node)
        shape = cost.shape
        if shape.text > MAX_CHARACTERS:
            raise TooMuch(f"this text can grow to {shape.text:,} characters, {MAX_CHARACTERS:,} is the limit", node.at)
        if shape.total > MAX_TOTAL:
            raise TooMuch(f"this value can grow to a size of {shape.total:,}, {MAX_TOTAL:,} is the limit", node.at)
        if cost.rounds > MAX_ROUNDS:
            raise TooMuch(
                f"this goes round {cost.rounds:,} times for the longest lists, {MAX_ROUNDS:,} is the limit; "
                "'in', any_of, all_of, common and starting_with need no rounds",
                node.at,
            )
        if cost.steps > MAX_STEPS:
            raise TooMuch(
                f"this can take {cost.steps:,} steps for the longest values, {MAX_STEPS:,} is the limit; "
                "'in', any_of, all_of, common, starting_with and lookup_all are quicker than a macro",
                node.at,
            )
        return cost

    def _of(self, node: Node) -> Cost:
        match node:
            case Literal(value=value):
                return Cost(shapes.text(len(value)) if isinstance(value, str) else SCALAR, 1)
            case Name(name=name):
                return Cost(self._known.get(name, SCALAR), 1)
            case Field(of=of, asked=asked):
                inner = self.cost(of)
                return Cost(SCALAR if asked else inner.shape.member or SCALAR, inner.steps + 2, inner.rounds)
            case Members(members=members):
                return self._members([self.cost(member) for member in members])
            case Entries(entries=entries):
                return self._entries([(self.cost(key), self.cost(value)) for key, value in entries])
            case Call():
                return self._call(node)
            case Loop():
                return self._loop(node)
            case Unknown(at=at, what=what):
                raise TooMuch(_unknown(what), at)

    @staticmethod
    def _members(costs: list[Cost]) -> Cost:
        member: Shape | None = None
        for cost in costs:
            member = cost.shape if member is None else member.either(cost.shape)
        shape = Shape(members=len(costs), member=member, total=1 + sum(cost.shape.total for cost in costs))
        return Cost(shape, 1 + len(costs) + sum(cost.steps for cost in costs), sum(cost.rounds for cost in costs))

    def _entries(self, costs: list[tuple[Cost, Cost]]) -> Cost:
        keys, values = self._members([key for key, _ in costs]), self._members([value for _, value in costs])
        shape = Shape(
            members=len(costs),
            member=values.shape.member,
            key=keys.shape.member,
            total=keys.shape.total + values.shape.total,
        )
        return Cost(shape, keys.steps + values.steps, keys.rounds + values.rounds)

    def _call(self, node: Call) -> Cost:
        costs = [self.cost(argument) for argument in node.arguments]
        arguments = tuple(cost.shape for cost in costs)
        steps, rounds = sum(cost.steps for cost in costs), sum(cost.rounds for cost in costs)
        shape, own = self._function(node, arguments)
        return Cost(shape, steps + own, rounds)

    def _function(self, node: Call, arguments: tuple[Shape, ...]) -> tuple[Shape, int]:
        rule = _OPERATORS.get(node.function) or _FUNCTIONS.get(node.function)
        if node.function == "split" and len(node.arguments) == 3:
            return _split_into(node, arguments)
        if rule is not None:
            return rule(arguments)
        if node.function == "matches":
            return SCALAR, _matched(node, arguments)
        helper = _HELPERS.get(node.function)
        if helper is not None:
            overload = next(o for o in helper.overloads if len(o.parameters) == len(arguments))
            work = sum(3 * argument.members + argument.text // 4 for argument in arguments)
            return _RESULTS[overload.result], 20 + work
        meant = did_you_mean(node.function, NAMES)
        raise TooMuch(f"{operator(node.function)} is not part of the language of rules{meant}", node.at)

    def _loop(self, node: Loop) -> Cost:
        over = self.cost(node.over)
        count = over.shape.members
        each = over.shape.key or over.shape.member or SCALAR
        kept = self._known
        self._known = {**kept, node.variable: each, node.sum_variable: SCALAR}
        try:
            start, go_on, step = self.cost(node.start), self.cost(node.while_), self.cost(node.step)
            built = self._built(node)
            shape = self._collected(node, over.shape, count, built) if built is not None else SCALAR
            self._known = {**kept, node.sum_variable: shape}
            result = self.cost(node.result)
        finally:
            self._known = kept
        # Each new member copies the members before it.
        copying = count * count // 2 if built is not None else 0
        steps = over.steps + start.steps + count * (3 + go_on.steps + step.steps) + copying + result.steps
        return Cost(result.shape, steps, over.rounds + count * (1 + go_on.rounds + step.rounds))

    def _built(self, node: Loop) -> Shape | None:
        """The shape of what each round adds to a list; None for a macro that builds none."""
        if not isinstance(node.start, Members):
            return None
        step = node.step
        if isinstance(step, Call) and step.function == "_?_:_":
            step = step.arguments[1]
        if not (isinstance(step, Call) and step.function == "_+_" and isinstance(step.arguments[1], Members)):
            raise TooMuch("this macro is not part of the language of rules", node.at)
        return self.cost(step.arguments[1].members[0]).shape

    @staticmethod
    def _collected(node: Loop, over: Shape, count: int, built: Shape) -> Shape:
        step = node.step.arguments[1] if isinstance(node.step, Call) and node.step.function == "_?_:_" else node.step
        added = step.arguments[1] if isinstance(step, Call) else None
        member = added.members[0] if isinstance(added, Members) else None
        # What is only chosen from is altogether no larger than what it is chosen from.
        chosen = isinstance(member, Name) and member.name == node.variable and over.key is None
        return shapes.members(count, built, over.total if chosen else None)


def _split_into(node: Call, arguments: tuple[Shape, ...]) -> tuple[Shape, int]:
    whole, limit = arguments[0].text, node.arguments[2]
    shape, steps = _split(arguments)
    if isinstance(limit, Literal) and isinstance(limit.value, int) and 0 <= limit.value <= whole:
        return shapes.members(limit.value, shapes.text(whole), whole + limit.value + 1), steps
    return shape, steps


def _matched(node: Call, arguments: tuple[Shape, ...]) -> int:
    pattern = node.arguments[1]
    if not isinstance(pattern, Literal) or not isinstance(pattern.value, str):
        raise TooMuch("the pattern of matches is written as a text, not computed", pattern.at)
    try:
        size = size_of(pattern.value)
    except PatternRefused as refused:
        raise TooMuch(refused.sentence, pattern.at) from None
    # Compiled at each use, then run over the text.
    return 100 + 20 * size + arguments[0].text * size // 3


def _unknown(what: str) -> str:
    if what.startswith("has("):
        variable = what[4:-1]
        return f"{variable} is a variable: has() asks for a member of a map, such as has(claims.acct)"
    return f"{what} is not part of the language of rules"
