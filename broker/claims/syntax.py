"""The tree of a checked expression, as the library hands it out, as plain values.

The library serialises what it has checked as ``cel.expr.CheckedExpr`` (github.com/google/cel-spec, proto/cel/expr). Its
Python package brings no message types for it, so the few fields that are read are declared here; protobuf skips those
that are not. This module and ``expressions`` are the home of both libraries.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, message, message_factory

Constant = bool | int | float | str | bytes | None

# Message to its fields: name, number, type ("*" in front: repeated), after the public proto files. A map is a repeated
# message with the fields ``key`` and ``value``, which is what it is on the wire.
_FIELDS: Final[Mapping[str, tuple[tuple[str, int, str], ...]]] = {
    "CheckedExpr": (
        ("reference_map", 2, "*ReferenceEntry"),
        ("type_map", 3, "*TypeEntry"),
        ("expr", 4, "Expr"),
        ("source_info", 5, "SourceInfo"),
    ),
    "ReferenceEntry": (("key", 1, "int64"), ("value", 2, "Reference")),
    "Reference": (("name", 1, "string"), ("overload_id", 3, "*string")),
    "TypeEntry": (("key", 1, "int64"), ("value", 2, "bytes")),
    "SourceInfo": (("line_offsets", 3, "*int32"), ("positions", 4, "*PositionEntry")),
    "PositionEntry": (("key", 1, "int64"), ("value", 2, "int32")),
    "Expr": (
        ("id", 2, "int64"),
        ("const_expr", 3, "Constant"),
        ("ident_expr", 4, "Ident"),
        ("select_expr", 5, "Select"),
        ("call_expr", 6, "Call"),
        ("list_expr", 7, "CreateList"),
        ("struct_expr", 8, "CreateStruct"),
        ("comprehension_expr", 9, "Comprehension"),
    ),
    "Constant": (
        ("bool_value", 2, "bool"),
        ("int64_value", 3, "int64"),
        ("uint64_value", 4, "uint64"),
        ("double_value", 5, "double"),
        ("string_value", 6, "string"),
        ("bytes_value", 7, "bytes"),
    ),
    "Ident": (("name", 1, "string"),),
    "Select": (("operand", 1, "Expr"), ("field", 2, "string"), ("test_only", 3, "bool")),
    "Call": (("target", 1, "Expr"), ("function", 2, "string"), ("args", 3, "*Expr")),
    "CreateList": (("elements", 1, "*Expr"), ("optional_indices", 2, "*int32")),
    "CreateStruct": (("message_name", 1, "string"), ("entries", 2, "*Entry")),
    "Entry": (
        ("id", 1, "int64"),
        ("field_key", 2, "string"),
        ("map_key", 3, "Expr"),
        ("value", 4, "Expr"),
        ("optional_entry", 5, "bool"),
    ),
    "Comprehension": (
        ("iter_var", 1, "string"),
        ("iter_range", 2, "Expr"),
        ("accu_var", 3, "string"),
        ("accu_init", 4, "Expr"),
        ("loop_condition", 5, "Expr"),
        ("loop_step", 6, "Expr"),
        ("result", 7, "Expr"),
        ("iter_var2", 8, "string"),
    ),
}
# Of the constants, exactly one is set, be it to zero: those fields know whether they are there.
_ONE_OF: Final = frozenset({"Constant"})
_SCALARS: Final[Mapping[str, int]] = {
    "int64": descriptor_pb2.FieldDescriptorProto.TYPE_INT64,
    "uint64": descriptor_pb2.FieldDescriptorProto.TYPE_UINT64,
    "int32": descriptor_pb2.FieldDescriptorProto.TYPE_INT32,
    "double": descriptor_pb2.FieldDescriptorProto.TYPE_DOUBLE,
    "bool": descriptor_pb2.FieldDescriptorProto.TYPE_BOOL,
    "string": descriptor_pb2.FieldDescriptorProto.TYPE_STRING,
    "bytes": descriptor_pb2.FieldDescriptorProto.TYPE_BYTES,
}


@dataclass(frozen=True, slots=True)
class Place:
    """A line and a column of an expression, counted from 1, in characters."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that is written down."""

    at: Place
    value: Constant


@dataclass(frozen=True, slots=True)
class Name:
    """A variable, by its whole name where it has dots; a variable of a macro; or the name of a type."""

    at: Place
    name: str


@dataclass(frozen=True, slots=True)
class Field:
    """A member of a map by its name; ``asked``: only whether it is there (``has``)."""

    at: Place
    of: Node
    name: str
    asked: bool


@dataclass(frozen=True, slots=True)
class Call:
    """An operator or a function; ``arguments`` begin with the value it is called on, if ``is_member``."""

    at: Place
    function: str
    arguments: tuple[Node, ...]
    is_member: bool


@dataclass(frozen=True, slots=True)
class Members:
    """A list that is written down."""

    at: Place
    members: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Entries:
    """A map that is written down."""

    at: Place
    entries: tuple[tuple[Node, Node], ...]


@dataclass(frozen=True, slots=True)
class Loop:
    """A macro over a list or the keys of a map, unfolded: ``exists``, ``all``, ``exists_one``, ``map``, ``filter``."""

    at: Place
    variable: str
    over: Node
    sum_variable: str
    start: Node
    while_: Node
    step: Node
    result: Node


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something of the language that rules have no use for; ``what`` names it."""

    at: Place
    what: str


Node = Literal | Name | Field | Call | Members | Entries | Loop | Unknown


def _messages() -> type[Any]:
    file = descriptor_pb2.FileDescriptorProto(name="broker/checked.proto", package="broker.cel", syntax="proto3")
    for title, fields in _FIELDS.items():
        declared = file.message_type.add(name=title)
        for name, number, kind in fields:
            repeated = kind.startswith("*")
            kind = kind.lstrip("*")
            field = declared.field.add(name=name, number=number, label=3 if repeated else 1)
            if kind in _SCALARS:
                field.type = _SCALARS[kind]
            else:
                field.type = descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE
                field.type_name = f".broker.cel.{kind}"
            if title in _ONE_OF:
                field.oneof_index = 0
        if title in _ONE_OF:
            declared.oneof_decl.add(name="kind")
    # A pool of its own: the default one is shared with whatever else uses protobuf in this process.
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return cast(type[Any], message_factory.GetMessageClass(pool.FindMessageTypeByName("broker.cel.CheckedExpr")))


_CHECKED: Final = _messages()


# Ends where the parenthesis of a has() begins.
_HAS: Final = re.compile(r"(?<![\w.])has\s*$")


class TooDeep(Exception):
    """The tree is nested more deeply than anybody writes."""


def read(serialized: bytes, source: str) -> Node:
    """The tree of what ``cel.Expression.serialize`` gave for this source; raises ``TooDeep``."""
    try:
        _, checked = opened(serialized)
        return _Reader(checked, source).node(checked.expr)
    except RecursionError as error:
        raise TooDeep from error


def opened(serialized: bytes) -> tuple[Any, Any]:
    """The message itself, which may be changed, in its envelope; raises ``TooDeep``."""
    envelope, checked = any_pb2.Any(), _CHECKED()
    try:
        envelope.ParseFromString(serialized)
        checked.ParseFromString(envelope.value)  # protobuf itself goes a hundred levels down
    except message.DecodeError as error:
        raise TooDeep from error
    return envelope, checked


def closed(envelope: Any, checked: Any) -> bytes:
    """A changed message as ``cel.Env.deserialize`` takes it. What was not read of it is still there."""
    envelope.value = checked.SerializeToString()
    return cast(bytes, envelope.SerializeToString())


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it."""
    yield node
    for child in children(node):
        yield from walk(child)


def children(node: Node) -> tuple[Node, ...]:
    """What stands directly below a node."""
    match node:
        case Field():
            return (node.of,)
        case Call():
            return node.arguments
        case Members():
            return node.members
        case Entries():
            return tuple(part for entry in node.entries for part in entry)
        case Loop():
            return (node.over, node.start, node.while_, node.step, node.result)
        case _:
            return ()


class _Reader:
    def __init__(self, checked: Any, source: str) -> None:
        self._source = source
        self._names = {entry.key: entry.value.name for entry in checked.reference_map if entry.value.name}
        self._offsets = {entry.key: entry.value for entry in checked.source_info.positions}
        self._line_ends = list(checked.source_info.line_offsets)

    def node(self, expr: Any) -> Node:
        at = self._place(expr.id)
        name = self._names.get(expr.id)
        if expr.HasField("select_expr"):
            select = expr.select_expr
            if name is not None:
                return self._variable(at, expr, name)
            return Field(at, self.node(select.operand), select.field, select.test_only)
        if expr.HasField("ident_expr"):
            return self._variable(at, expr, (name or expr.ident_expr.name).removeprefix("."))
        if expr.HasField("const_expr"):
            return self._literal(at, expr.const_expr)
        if expr.HasField("call_expr"):
            call = expr.call_expr
            target = (self.node(call.target),) if call.HasField("target") else ()
            return Call(at, call.function, (*target, *map(self.node, call.args)), bool(target))
        if expr.HasField("list_expr"):
            if expr.list_expr.optional_indices:
                return Unknown(at, "an optional member of a list")
            return Members(at, tuple(map(self.node, expr.list_expr.elements)))
        if expr.HasField("struct_expr"):
            return self._entries(at, expr.struct_expr)
        if expr.HasField("comprehension_expr"):
            return self._loop(at, expr.comprehension_expr)
        return Unknown(at, "this")

    def _variable(self, at: Place, expr: Any, name: str) -> Node:
        offset = self._offsets.get(expr.id, 0)
        if self._source[offset : offset + 1] == "(" and _HAS.search(self._source, 0, offset) and name[:1] != "@":
            # The library takes "is this variable there" for the variable itself, so it is told by where it stands.
            return Unknown(at, f"has({name})")
        if self._source[offset : offset + 1] == ".":
            begin = self._source.rfind(name.partition(".")[0], 0, offset)
            return Name(self._place_of(begin) if begin >= 0 else at, name)
        return Name(at, name)

    def _literal(self, at: Place, constant: Any) -> Node:
        which = constant.WhichOneof("kind")
        if which is None:
            return Literal(at, None)
        if which == "bytes_value":
            return Unknown(at, "a value of bytes")
        return Literal(at, getattr(constant, which))

    def _entries(self, at: Place, struct: Any) -> Node:
        if struct.message_name:
            return Unknown(at, f"a message {struct.message_name}")
        if any(entry.optional_entry for entry in struct.entries):
            return Unknown(at, "an optional entry of a map")
        return Entries(at, tuple((self.node(entry.map_key), self.node(entry.value)) for entry in struct.entries))

    def _loop(self, at: Place, loop: Any) -> Node:
        if loop.iter_var2:
            return Unknown(at, "a macro with two variables")
        parts = (loop.accu_init, loop.loop_condition, loop.loop_step, loop.result)
        start, while_, step, result = map(self.node, parts)
        return Loop(at, loop.iter_var, self.node(loop.iter_range), loop.accu_var, start, while_, step, result)

    def _place(self, node_id: int) -> Place:
        return self._place_of(self._offsets.get(node_id, 0))

    def _place_of(self, offset: int) -> Place:
        line, begin = 1, 0
        for end in self._line_ends:
            if end > offset:
                break
            line, begin = line + 1, end
        return Place(line, offset - begin + 1)
