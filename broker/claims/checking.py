"""What is wrong with an expression that the library takes: names, maps, empty texts, comparisons that mislead.

A refusal stops the load; a doubt is something that may be meant, and is only told (threats CR-05, CR-07).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from broker.claims import vocabulary
from broker.claims.functions import HELPERS, Maps
from broker.claims.syntax import Call, Field, Literal, Loop, Members, Name, Node, Place, children, walk
from broker.claims.vocabulary import Type, Variable
from broker.claims.wording import cut, did_you_mean

# A claim's name this close to a known one is probably a slip.
_SLIP: Final = 0.8
_GUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LOOKING_UP: Final = {helper.name for helper in HELPERS if helper.looks_up}
_ADDRESSES: Final = ("email", "preferred_username", "upn", "mail", "userPrincipalName")
_METHODS: Final = frozenset({"upstream.amr", "identity.amr"})
_ANY_GROUPS: Final = frozenset({"upstream.groups", "identity.groups"})


class ExpressionRefused(Exception):
    """The expression must not be used. ``line`` and ``column`` count from 1, within the expression."""

    def __init__(self, sentence: str, line: int, column: int) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something that is allowed and probably not meant, with its place within the expression."""

    sentence: str
    line: int
    column: int


def check(tree: Node, variables: Mapping[str, Variable], maps: Maps) -> tuple[Doubt, ...]:
    """The doubts of an expression; raises ``ExpressionRefused`` at the first thing that must be mended."""
    doubts: list[Doubt] = []
    for node in walk(tree):
        for examine in (_text, _member, _shadow, _map_name, _empty, _groups, _address, _methods):
            doubts.extend(examine(node, variables, maps))
    return tuple(doubts)


def reads(tree: Node, variables: Mapping[str, Variable]) -> frozenset[str]:
    """The variables that are read, with the key where one is written: ``identity.groups``, ``claims.acct``."""
    return frozenset(_reads(tree, variables))


def _reads(node: Node, variables: Mapping[str, Variable]) -> Iterator[str]:
    known = _key(node, variables)
    if known is not None:
        yield ".".join(known)
    elif isinstance(node, Name) and node.name in variables:
        yield node.name
    else:
        for child in children(node):
            yield from _reads(child, variables)


def _key(node: Node, variables: Mapping[str, Variable]) -> tuple[str, str] | None:
    """The variable and the key, if the node is a member of a variable, in whichever way it is written."""
    if isinstance(node, Field) and isinstance(node.of, Name) and node.of.name in variables:
        return node.of.name, node.name
    if not isinstance(node, Call) or node.function not in ("_[_]", "_[?_]", "_?._", "@in"):
        return None
    held, key = reversed(node.arguments) if node.function == "@in" else node.arguments
    variable = variables.get(held.name) if isinstance(held, Name) else None
    if variable is None or variable.type not in (Type.CLAIMS, Type.FIELDS):
        return None
    return (variable.name, key.value) if isinstance(key, Literal) and isinstance(key.value, str) else None


def _text(node: Node, _: Mapping[str, Variable], __: Maps) -> Iterator[Doubt]:
    if isinstance(node, Literal) and isinstance(node.value, str) and "\0" in node.value:
        raise _refused("a text has no NUL in it", node.at)
    yield from ()


def _member(node: Node, variables: Mapping[str, Variable], _: Maps) -> Iterator[Doubt]:
    found = _key(node, variables)
    if found is None:
        return
    variable, key = variables[found[0]], found[1]
    if variable.keys is not None and key not in variable.keys:
        meant = did_you_mean(key, variable.keys)
        raise _refused(f"{variable.name} has no member {cut(key)}{meant}", node.at)
    if variable.type is Type.CLAIMS and key not in vocabulary.KNOWN_CLAIMS:
        meant = did_you_mean(key, vocabulary.KNOWN_CLAIMS, _SLIP)
        if meant:
            yield Doubt(f"Entra has no claim {cut(key)} of its own{meant}", node.at.line, node.at.column)


def _shadow(node: Node, variables: Mapping[str, Variable], _: Maps) -> Iterator[Doubt]:
    if isinstance(node, Loop) and node.variable in {name.partition(".")[0] for name in variables}:
        raise _refused(f"{node.variable} is already the name of a variable, call it otherwise", node.at)
    yield from ()


def _map_name(node: Node, _: Mapping[str, Variable], maps: Maps) -> Iterator[Doubt]:
    if not isinstance(node, Call) or node.function not in _LOOKING_UP:
        return
    name = node.arguments[0]
    if not isinstance(name, Literal) or not isinstance(name.value, str):
        raise _refused(f"the first argument of {node.function} is the name of a map, in quotes", name.at)
    if name.value not in maps:
        raise _refused(f"there is no map {cut(name.value)}{did_you_mean(name.value, maps)}", name.at)
    entries = maps[name.value]
    if node.function == "lookup" and any(len(values) != 1 for values in entries.values()):
        raise _refused(f"the map {name.value} has keys with several values: use lookup_all", node.at)
    if len(node.arguments) > 1 and _is_groups(node.arguments[1]):
        for key in entries:
            _require_id(key, name.at, f"the map {name.value} is looked into with groups: ")
    yield from ()


def _empty(node: Node, _: Mapping[str, Variable], __: Maps) -> Iterator[Doubt]:
    # An empty condition would match everybody (threats CR-07).
    if isinstance(node, Call) and node.function in ("contains", "startsWith", "endsWith", "starting_with"):
        sought = node.arguments[1]
        if isinstance(sought, Literal) and sought.value == "":
            raise _refused(f"every text passes {node.function} with an empty text", sought.at)
    if isinstance(node, Call) and node.function in ("any_of", "all_of", "common", "@in"):
        for argument in node.arguments:
            if isinstance(argument, Members) and not argument.members:
                raise _refused("an empty list matches nobody", argument.at)
    yield from ()


def _groups(node: Node, _: Mapping[str, Variable], __: Maps) -> Iterator[Doubt]:
    """Groups are compared by their object id: anybody may give a group any name (threats CR-05)."""
    compared: list[Call] = []
    if isinstance(node, Call) and node.function in ("@in", "any_of", "all_of", "common", "starting_with"):
        compared = [node] if any(map(_is_groups, node.arguments)) else []
    elif isinstance(node, Loop) and _is_groups(node.over):
        compared = [inner for inner in walk(node.step) if isinstance(inner, Call) and _compares(inner, node.variable)]
    for call in compared:
        for literal in _literals(call.arguments):
            _require_id(str(literal.value), literal.at, "")
    yield from ()


def _compares(call: Call, variable: str) -> bool:
    return call.function in ("_==_", "_!=_", "@in") and any(
        isinstance(argument, Name) and argument.name == variable for argument in call.arguments
    )


def _literals(arguments: tuple[Node, ...]) -> Iterator[Literal]:
    for argument in arguments:
        if isinstance(argument, Literal):
            yield argument
        elif isinstance(argument, Members):
            yield from _literals(argument.members)


def _is_groups(node: Node) -> bool:
    return isinstance(node, Name) and node.name in _ANY_GROUPS


def _require_id(text: str, at: Place, prefix: str) -> None:
    if _GUID.fullmatch(text):
        return
    if _GUID.fullmatch(text.lower()):
        raise _refused(f"{prefix}object ids are written in lower case: {text.lower()}", at)
    raise _refused(
        f"{prefix}{cut(text)} is no object id; a group is named by its id, since names can be given away", at
    )


def _address(node: Node, variables: Mapping[str, Variable], _: Maps) -> Iterator[Doubt]:
    if not (isinstance(node, Call) and node.function in ("endsWith", "contains")):
        return
    held, sought = node.arguments
    if not isinstance(sought, Literal) or not isinstance(sought.value, str):
        return
    about = any(name.endswith(_ADDRESSES) for name in _reads(held, variables))
    if about and (node.function == "contains" or not sought.value.startswith("@")):
        yield Doubt(
            f"addresses of other domains pass {node.function} with {cut(sought.value)} as well: use in_domain",
            node.at.line,
            node.at.column,
        )


def _methods(node: Node, variables: Mapping[str, Variable], _: Maps) -> Iterator[Doubt]:
    # entra-id reference, section 1.8: who asks for a method there keeps everybody out.
    known = _key(node, variables)
    if (isinstance(node, Name) and node.name in _METHODS) or known == ("claims", "amr"):
        sentence = "Entra's v2.0 ID tokens do not say how somebody signed in, so amr has no members: use acr"
        yield Doubt(sentence, node.at.line, node.at.column)


def _refused(sentence: str, at: Place) -> ExpressionRefused:
    return ExpressionRefused(sentence, at.line, at.column)
