"""The language of the rules: CEL, checked, bounded, and wrapped so that whatever goes wrong refuses.

The library answers a failed evaluation with a value of the type ERROR, which is a text and therefore true for Python
(threats CR-04). Nobody outside this module sees a value of the library: an expression gives a plain value of the
declared type or raises ``RuleFailed``. This module and ``syntax`` are the home of cel_expr_python and protobuf.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from typing import Literal as OneOf

from cel_expr_python import cel
from cel_expr_python.ext import ext_optional, ext_strings

from broker.claims import bounds, checking, logic, shortcuts, syntax, vocabulary
from broker.claims.checking import Doubt, ExpressionRefused
from broker.claims.functions import HELPERS, Helper, Maps, Overload
from broker.claims.rules import RuleFailed, Values
from broker.claims.shortcuts import Question
from broker.claims.syntax import Call, Literal, Name, Node, Place
from broker.claims.vocabulary import Type
from broker.claims.wording import cut, did_you_mean, operator, type_name
from broker.location import Location

__all__ = ["CompiledExpression", "ExpressionRefused", "Language"]

Kind = OneOf["condition", "text", "value"]

MAX_SOURCE: Final = 2_000
"""Characters of one expression."""
MAX_VALUE_CHARACTERS: Final = 4_096
"""Of a text that an expression gives, or of all members of a list."""
MAX_VALUE_MEMBERS: Final = vocabulary.MAX_LIST

_CEL_TYPES: Final = {
    Type.TEXT: cel.Type.STRING,
    Type.TRUTH: cel.Type.BOOL,
    Type.TEXTS: cel.Type.List(cel.Type.STRING),
    Type.CLAIMS: cel.Type.Map(cel.Type.STRING, cel.Type.DYN),
    Type.FIELDS: cel.Type.Map(cel.Type.STRING, cel.Type.STRING),
}
_PARAMETERS: Final = {
    "text": cel.Type.STRING,
    "texts": cel.Type.List(cel.Type.STRING),
    "truth": cel.Type.BOOL,
}
# What each kind may be declared as. A claim's type is known only when it is there, so a text or a value may be one; a
# condition may not, since "true" the text is no truth value (threats CR-07).
_DECLARED: Final[Mapping[Kind, tuple[frozenset[str], str]]] = {
    "condition": (frozenset({"BOOL"}), "a truth value"),
    "text": (frozenset({"STRING", "DYN"}), "a text"),
    "value": (
        frozenset({"BOOL", "INT", "DOUBLE", "STRING", "LIST<STRING>", "LIST<DYN>", "DYN"}),
        "a text, a number, a truth value or a list of texts",
    ),
}


# What the functions need of the expression that is being evaluated, since an environment and its functions are made
# once, for all configurations: its maps, its questions, and the variables.
_Run = tuple[Maps, tuple[Question, ...], Mapping[str, Any]]
_RUN: Final[ContextVar[_Run]] = ContextVar("run")


@dataclass(frozen=True, slots=True)
class CompiledExpression:
    """An ``Expression``, made by ``Language``. ``doubts`` are what to warn about.

    ``constant`` is what a condition gives whatever the values are, None for one that depends on them.
    """

    list_name: str
    kind: Kind
    source: str
    location: Location
    reads: frozenset[str]
    steps: int
    constant: bool | None
    doubts: tuple[Doubt, ...]
    tree: Node
    _maps: Maps
    _questions: tuple[Question, ...]
    _needed: frozenset[str]
    _environment: Any
    _program: Any

    def evaluate(self, values: Values) -> Any:
        """A plain value of the declared type: bool, str, int, float, or a list of str; raises ``RuleFailed``."""
        token = _RUN.set((self._maps, self._questions, values.variables))
        try:
            given = self._program.eval(_activation(self._environment, self._needed, values))
            if given.type().name() == "ERROR":
                raise RuleFailed(_reason(str(given.plain_value())))
            plain = given.plain_value()
        except RuleFailed:
            raise
        except Exception as error:  # Fail closed: what the library or one of our functions makes of it refuses.
            raise RuleFailed(_reason(str(error))) from None
        finally:
            _RUN.reset(token)
        return _checked(plain, self.kind)


class Language:
    """Compiles the expressions of one configuration. ``maps``: name of a map to its entries."""

    def __init__(self, maps: Maps) -> None:
        self._maps = maps

    def condition(self, list_name: str, source: str, location: Location) -> CompiledExpression:
        """A truth value; raises ``ExpressionRefused``."""
        return self._compiled(list_name, "condition", source, location)

    def text(self, list_name: str, source: str, location: Location) -> CompiledExpression:
        """A text; raises ``ExpressionRefused``."""
        return self._compiled(list_name, "text", source, location)

    def value(self, list_name: str, source: str, location: Location) -> CompiledExpression:
        """The value of a claim: a text, a number, a truth value or a list of texts; raises ``ExpressionRefused``."""
        return self._compiled(list_name, "value", source, location)

    def _compiled(self, list_name: str, kind: Kind, source: str, location: Location) -> CompiledExpression:
        if not source.strip():
            raise ExpressionRefused("the expression is empty", 1, 1)
        if len(source) > MAX_SOURCE:
            raise ExpressionRefused(f"an expression has at most {MAX_SOURCE:,} characters", 1, 1)
        environment = _environment(list_name)
        program, tree, questions, needed = _program(environment, list_name, source)
        variables = vocabulary.variables(list_name)
        try:
            cost = bounds.measure(tree, variables)
        except bounds.TooMuch as refused:
            raise ExpressionRefused(refused.sentence, refused.at.line, refused.at.column) from None
        doubts = checking.check(tree, variables, self._maps)
        _require_patterns(tree)
        allowed, wanted = _DECLARED[kind]
        declared = program.return_type().name()
        if declared not in allowed:
            advice = ", compare it: claims.acct == 0" if declared == "DYN" else ""
            raise ExpressionRefused(f"this must be {wanted}, and is {type_name(declared)}{advice}", 1, 1)
        return CompiledExpression(
            list_name,
            kind,
            source,
            location,
            checking.reads(tree, variables),
            cost.steps,
            self._constant(program, tree, questions, environment) if kind == "condition" else None,
            doubts,
            tree,
            self._maps,
            questions,
            needed,
            environment,
            program,
        )

    def _constant(self, program: Any, tree: Node, questions: tuple[Question, ...], environment: Any) -> bool | None:
        """What the condition is when nothing at all is known, or whatever its parts are."""
        condition = logic.formula(tree)
        if logic.always(condition) or logic.never(condition):
            return logic.always(condition)
        token = _RUN.set((self._maps, questions, {}))
        try:
            given = program.eval(environment.Activation({}))
            return bool(given.plain_value()) if given.type().name() == "BOOL" else None
        except Exception:
            return None  # It cannot be decided without the values, which is as it should be.
        finally:
            _RUN.reset(token)


@lru_cache(maxsize=len(vocabulary.LISTS))
def _environment(list_name: str) -> Any:
    # Takes some 30 ms, and is the same for every configuration.
    return cel.NewEnv(
        variables={name: _CEL_TYPES[variable.type] for name, variable in vocabulary.variables(list_name).items()},
        functions=[*(cel.FunctionDecl(helper.name, _overloads(helper)) for helper in HELPERS), *_asking()],
        extensions=[ext_strings.ExtStrings(), ext_optional.ExtOptional()],
    )


def _require_patterns(tree: Node) -> None:
    """Each pattern is one; whether it is small and anchored, ``bounds`` has seen to."""
    for node in syntax.walk(tree):
        pattern = node.arguments[1] if isinstance(node, Call) and node.function == "matches" else None
        if isinstance(pattern, Literal) and not _is_pattern(str(pattern.value)):
            raise ExpressionRefused("this is no pattern (RE2 syntax)", pattern.at.line, pattern.at.column)


@lru_cache(maxsize=256)
def _is_pattern(pattern: str) -> bool:
    environment, program = _tried()
    return bool(program.eval(environment.Activation({"pattern": pattern})).type().name() == "BOOL")


@lru_cache(maxsize=1)
def _tried() -> tuple[Any, Any]:
    environment = cel.NewEnv(variables={"pattern": cel.Type.STRING})
    return environment, environment.compile("''.matches(pattern)")


def _overloads(helper: Helper) -> list[Any]:
    return [
        cel.Overload(
            overload.id,
            _PARAMETERS[overload.result],
            [_PARAMETERS[parameter] for parameter in overload.parameters],
            False,
            _looking_up(overload) if helper.looks_up else overload.function,
        )
        for overload in helper.overloads
    ]


def _asking() -> list[Any]:
    results = {shortcuts.TRUTH: cel.Type.BOOL, shortcuts.TEXTS: _PARAMETERS["texts"]}
    return [
        cel.FunctionDecl(name, [cel.Overload(shortcuts.OVERLOADS[name], result, [cel.Type.INT], False, _asked)])
        for name, result in results.items()
    ]


def _asked(number: int) -> Any:
    maps, questions, variables = _RUN.get()
    return questions[number](maps, variables)


def _looking_up(overload: Overload) -> Callable[..., Any]:
    function = overload.function
    return lambda *arguments: function(_RUN.get()[0], *arguments)


def _activation(environment: Any, needed: frozenset[str], values: Values) -> Any:
    """The variables as the library takes them, made once for all expressions of a list that need the same ones."""
    prepared = values.prepared.get(id(needed))
    if prepared is None:
        texts: list[str] = []
        known = {name: values.variables[name] for name in needed if name in values.variables}
        prepared = environment.Activation({name: _accepted(value, texts) for name, value in known.items()})
        # The library ends a text at its first NUL, so that "admin\0x" would be "admin" (threats CR-07).
        if "\0" in "".join(texts):
            raise RuleFailed("a text has a NUL in it")
        values.prepared[id(needed)] = prepared
    return prepared


def _accepted(value: Any, texts: list[str]) -> Any:
    """The value as the library takes it; every text of it is added to ``texts``."""
    if isinstance(value, str):
        texts.append(value)
        return value
    if isinstance(value, list | tuple):
        try:
            texts.append("".join(value))  # All members at once: there may be thousands.
        except TypeError:
            return [_accepted(member, texts) for member in value]
        return value if isinstance(value, list) else list(value)
    if isinstance(value, Mapping):
        texts += value
        return {name: _accepted(member, texts) for name, member in value.items()}
    return value


def _checked(plain: Any, kind: Kind) -> Any:
    """The value if it is of the declared type and not large; raises ``RuleFailed`` (threats CR-07, CR-09)."""
    if kind == "condition":
        if isinstance(plain, bool):
            return plain
        raise RuleFailed("the result is no truth value")
    if isinstance(plain, str):
        if len(plain) > MAX_VALUE_CHARACTERS:
            raise RuleFailed("the text is too long")
        return plain
    if kind == "text":
        raise RuleFailed("the result is no text")
    if isinstance(plain, list):
        if not all(isinstance(member, str) for member in plain):
            raise RuleFailed("a member of the list is no text")
        if len(plain) > MAX_VALUE_MEMBERS or sum(map(len, plain)) > MAX_VALUE_CHARACTERS:
            raise RuleFailed("the list is too long")
        return plain
    if isinstance(plain, bool | int) or (isinstance(plain, float) and math.isfinite(plain)):
        return plain
    raise RuleFailed("the result is no text, number, truth value or list of texts")


# What the library says of a failure, and what may be told: some of its texts quote the values of a person.
_UNKNOWN: Final = re.compile(r'No value with name "([A-Za-z_.]+)" found')
_TOLD: Final = (
    ("Key not found", "a member of a map is not there"),
    ("Index error", "a member of a list is not there"),
    ("No matching overloads", "a function or operator does not take a value of this type"),
    ("divide by zero", "divided by zero"),
    ("overflow", "a number is too large"),
    ("budget", "too many rounds"),
    ("Non-CEL value", "a value is of a type that the language does not have"),
    ("Unexpected value type", "a value is of another type than declared"),
    *((text, text) for text in ("the key is not in the map", "the key has several values in the map")),
    *((text, text) for text in ("this is no e-mail address", "this is no e-mail address or no domain")),
    *(
        (text, text)
        for text in ("the text is too long", "the list becomes too long", "a member of the list is no text")
    ),
    ("every text starts with the empty text", "every text starts with the empty text"),
)


def _reason(text: str) -> str:
    unknown = _UNKNOWN.search(text)
    if unknown:
        return f"{unknown[1]} is not known"
    return next((told for part, told in _TOLD if part in text), "it could not be computed")


_COMPLAINT: Final = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): (.*?)(?:\n|\s*\[INVALID_ARGUMENT\]|$)")
_UNDECLARED: Final = re.compile(r"undeclared reference to '([^']*)'")
_OVERLOAD: Final = re.compile(r"found no matching overload for '([^']*)' applied to '(.*)'")


@lru_cache(maxsize=1024)
def _one_of_a_kind(list_name: str, needed: frozenset[str]) -> frozenset[str]:  # noqa: ARG001 - a part of the key
    """The same object for the same variables of the same list, so that what is made of them is found by it."""
    return frozenset(needed)


def _program(environment: Any, list_name: str, source: str) -> tuple[Any, Node, tuple[Question, ...], frozenset[str]]:
    try:
        program = environment.compile(source)
        serialized = program.serialize()
        tree = syntax.read(serialized, source)
        envelope, checked = syntax.opened(serialized)
        variables = vocabulary.variables(list_name)
        questions = shortcuts.take_out(checked, variables)
        rest = tree
        if questions:
            changed = syntax.closed(envelope, checked)
            program, rest = environment.deserialize(changed), syntax.read(changed, source)
        names = frozenset(node.name for node in syntax.walk(rest) if isinstance(node, Name) and node.name in variables)
        return program, tree, questions, _one_of_a_kind(list_name, names)
    except syntax.TooDeep:
        raise ExpressionRefused("this is nested too deeply, make several rules of it", 1, 1) from None
    except Exception as error:
        raise _refusal(str(error), list_name, source) from None


def _refusal(complaint: str, list_name: str, source: str) -> ExpressionRefused:
    found = _COMPLAINT.search(complaint)
    if found is None or "recursion depth" in complaint:
        deep = "recursion" in complaint or "nest" in complaint
        return ExpressionRefused(
            "this is nested too deeply, make several rules of it" if deep else "this is not an expression", 1, 1
        )
    at = Place(max(int(found[1]), 1), max(int(found[2]), 1))
    text = found[3]
    undeclared = _UNDECLARED.search(text)
    if undeclared:
        return _undeclared(undeclared[1], at, list_name, source)
    overload = _OVERLOAD.search(text)
    if overload:
        given = " and ".join(type_name(part) for part in _split_types(overload[2]))
        sentence = f"{operator(overload[1])} cannot be applied to {given}"
    elif "operand of a select operation" in text:
        sentence = "only a map has members"
    elif "Syntax error" in text:
        sentence = f"this is not an expression: {cut(text.removeprefix('Syntax error: ').partition(' expecting')[0])}"
    else:
        sentence = cut(text, 160)
    return ExpressionRefused(sentence, at.line, at.column)


def _undeclared(name: str, at: Place, list_name: str, source: str) -> ExpressionRefused:
    offset = sum(len(line) for line in source.splitlines(keepends=True)[: at.line - 1]) + at.column - 1
    if source[offset : offset + 1] == "(":
        begin = source.rfind(name, 0, offset)
        column = at.column - (offset - begin) if begin >= 0 else at.column
        return ExpressionRefused(f"there is no function {name}{did_you_mean(name, bounds.NAMES)}", at.line, column)
    if source[offset : offset + 1] == ".":
        begin = source.rfind(name.partition(".")[0], 0, offset)
        at = Place(at.line, at.column - (offset - begin)) if begin >= 0 else at
    known = vocabulary.variables(list_name)
    elsewhere = [other for other in vocabulary.LISTS if other != list_name and name in vocabulary.variables(other)]
    hint = f"; {' and '.join(elsewhere)} have it" if elsewhere else did_you_mean(name, known)
    return ExpressionRefused(f"there is no variable {name} in {list_name}{hint}", at.line, at.column)


def _split_types(text: str) -> Sequence[str]:
    """The types of ``(string, list(int))``, one by one."""
    parts, depth, part = [], 0, ""
    inner = text[1:-1] if text.startswith("(") and text.endswith(")") else text
    for character in inner.replace("int).", "int, "):
        depth += (character in "(") - (character in ")")
        if character == "," and depth == 0:
            parts.append(part)
            part = ""
        else:
            part += character
    return [*parts, part]
