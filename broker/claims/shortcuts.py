"""Questions about whole lists, answered where the list is.

A person may be in thousands of groups. To ask ``"…" in identity.groups`` the library would first make a list of its
own of them, and to look them up in a map it would make one of Python's again. So where a list of the person's meets
nothing but what is written in the rule, the question is taken out of the expression when it is compiled, and a call in
its place asks it of the values as they are. What comes of it is the same; that nothing is known of a list is an error
there too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from broker.claims.functions import HELPERS, Maps
from broker.claims.vocabulary import Type, Variable

# Names that no source can spell.
TRUTH: Final = "@truth"
TEXTS: Final = "@texts"
OVERLOADS: Final[Mapping[str, str]] = {TRUTH: "asked_truth", TEXTS: "asked_texts"}

# cel.expr.Type with the primitive INT64, on the wire.
_INTEGER: Final = b"\x18\x02"

Question = Callable[[Maps, Mapping[str, Any]], Any]
_Argument = Callable[[Mapping[str, Any]], Any]


@dataclass(frozen=True, slots=True)
class _Answered:
    """Which helper answers, and as what."""

    kind: str
    looks_up: bool
    function: Callable[..., Any]


def _among(text: str, texts: Any) -> bool:
    return text in texts


_ANSWERED: Final[Mapping[str, _Answered]] = {
    "@in": _Answered(TRUTH, False, _among),
    **{
        helper.name: _Answered(TRUTH if helper.overloads[0].result == "truth" else TEXTS, helper.looks_up, overload)
        for helper in HELPERS
        for overload in [helper.overloads[0].function]
        if "texts" in helper.overloads[0].parameters and helper.overloads[0].result in ("truth", "texts")
    },
}


def take_out(checked: Any, variables: Mapping[str, Variable]) -> tuple[Question, ...]:
    """Changes a checked expression, and gives the questions that are asked in it by their number."""
    taking = _Taking(checked, {name for name, variable in variables.items() if variable.type is Type.TEXTS})
    taking.below(checked.expr)
    return tuple(taking.questions)


class _Taking:
    def __init__(self, checked: Any, lists: set[str]) -> None:
        self._checked = checked
        self._references = {entry.key: entry.value for entry in checked.reference_map}
        self._lists = lists
        self._last = max((entry.key for entry in checked.type_map), default=0) + 1_000
        self.questions: list[Question] = []

    def below(self, expr: Any) -> None:
        """Takes out what can be, here or below."""
        if expr.HasField("call_expr") and self._taken(expr):
            return
        for child in _children(expr):
            self.below(child)

    def _taken(self, expr: Any) -> bool:
        call = expr.call_expr
        answered = _ANSWERED.get(call.function)
        if answered is None or call.HasField("target"):
            return False
        arguments = [self._argument(argument) for argument in call.args]
        if None in arguments or not any(self._is_list(argument) for argument in call.args):
            return False
        known = [argument for argument in arguments if argument is not None]
        self.questions.append(_question(answered, known))
        call.function = answered.kind
        del call.args[:]
        self._last += 1
        number = call.args.add(id=self._last)
        number.const_expr.int64_value = len(self.questions) - 1
        self._checked.type_map.add(key=self._last, value=_INTEGER)
        reference = self._references.get(expr.id)
        if reference is None:
            reference = self._checked.reference_map.add(key=expr.id).value
        del reference.overload_id[:]
        reference.overload_id.append(OVERLOADS[answered.kind])
        return True

    def _is_list(self, expr: Any) -> bool:
        reference = self._references.get(expr.id)
        return reference is not None and reference.name in self._lists

    def _argument(self, expr: Any) -> _Argument | None:
        """How to get the value of an argument; None if the library has to."""
        if self._is_list(expr):
            name = self._references[expr.id].name
            return lambda variables: _listed(variables, name)
        text = _text(expr)
        if text is not None:
            return lambda _: text
        texts = [_text(member) for member in expr.list_expr.elements] if expr.HasField("list_expr") else [None]
        return None if None in texts else lambda _: texts


def _question(answered: _Answered, arguments: list[_Argument]) -> Question:
    function = answered.function
    if answered.looks_up:
        return lambda maps, variables: function(maps, *[argument(variables) for argument in arguments])
    return lambda _, variables: function(*[argument(variables) for argument in arguments])


def _listed(variables: Mapping[str, Any], name: str) -> Any:
    if name not in variables:
        raise LookupError(f'No value with name "{name}" found')  # As the library says it.
    value = variables[name]
    if not isinstance(value, list | tuple):
        raise TypeError("Unexpected value type")
    "".join(value)  # Raises TypeError unless every member is a text: the quickest way to ask it of thousands.
    return value


def _text(expr: Any) -> str | None:
    if expr.HasField("const_expr") and expr.const_expr.WhichOneof("kind") == "string_value":
        return str(expr.const_expr.string_value)
    return None


def _children(expr: Any) -> Iterator[Any]:
    if expr.HasField("select_expr"):
        yield expr.select_expr.operand
    if expr.HasField("call_expr"):
        if expr.call_expr.HasField("target"):
            yield expr.call_expr.target
        yield from expr.call_expr.args
    if expr.HasField("list_expr"):
        yield from expr.list_expr.elements
    for entry in expr.struct_expr.entries if expr.HasField("struct_expr") else ():
        yield from (entry.map_key, entry.value)
    if expr.HasField("comprehension_expr"):
        loop = expr.comprehension_expr
        yield from (loop.iter_range, loop.accu_init, loop.loop_condition, loop.loop_step, loop.result)
