"""The model, as keys: what may stand where, for checking, for "did you mean", and for the documentation."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import annotated_types
from pydantic import ConfigDict, TypeAdapter
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from broker.federation.model import BrokerConfig, OrganizationConfig, RelyingPartyConfig
from broker.federation.rule_shapes import ClaimRules
from broker.federation.shapes import Section
from broker.federation.values import Words

ItemKind = Literal["broker", "organization", "relying_party", "claim_rules"]

ROOTS: Final[Mapping[ItemKind, type[Section]]] = {
    "broker": BrokerConfig,
    "organization": OrganizationConfig,
    "relying_party": RelyingPartyConfig,
    "claim_rules": ClaimRules,
}


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a section.

    ``name`` is how files write it, ``field`` how Python does. ``sections``: the sections one of which stands here,
    chosen by their key ``kind`` if they are several; ``container`` says that a list or a mapping of such sections
    stands here. ``adapter`` validates a value that is no section.
    """

    name: str
    field: str
    required: bool
    default: Any
    documentation: str
    words: str
    example: str
    secret: bool
    sections: tuple[type[Section], ...]
    container: Literal["", "list", "mapping"]
    adapter: TypeAdapter[Any] | None


@cache
def keys_of(section: type[Section]) -> Mapping[str, Key]:
    """The keys of a section by the name that files use, in the order of the model; ``kind`` before the others."""
    keys = [_key(name, field) for name, field in section.model_fields.items()]
    keys.sort(key=lambda key: key.name != "kind")
    return {key.name: key for key in keys}


def kinds_of(key: Key) -> Mapping[str, type[Section]]:
    """The sections of a key by their ``kind``; empty unless each of them has one."""
    kinds: dict[str, type[Section]] = {}
    for section in key.sections:
        kind = section.model_fields.get("kind")
        if kind is None:
            return {}
        kinds.update(dict.fromkeys(get_args(kind.annotation), section))
    return kinds


def sections_under(root: type[Section], name: str = "") -> Iterator[tuple[str, type[Section]]]:
    """Every section below and including ``root``, with its dotted name in the file."""
    yield name, root
    for key in keys_of(root).values():
        inner = f"{name}.{key.name}" if name else key.name
        if key.container:
            inner += ".*"
        for section in key.sections:
            yield from sections_under(section, inner)


# What the model's own configuration says, for a value on its own.
_STRICT: Final = ConfigDict(strict=True)


def _key(field_name: str, field: FieldInfo) -> Key:
    inner, container = _sections(field.annotation)
    words = _words(field.annotation, tuple(field.metadata))
    mark = _mark(field.annotation, tuple(field.metadata))
    annotation: Any = Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
    return Key(
        name=field.alias or field_name,
        field=field_name,
        required=field.is_required(),
        default=None if field.default is PydanticUndefined else field.default,
        documentation=field.description or "",
        words=words,
        example=_example(field, mark),
        secret=bool(mark and mark.secret),
        sections=inner,
        container=container,
        adapter=None if inner else TypeAdapter(annotation, config=_STRICT),
    )


def _example(field: FieldInfo, mark: Words | None) -> str:
    """A value as it would be written; empty for a section."""
    if field.examples:
        return str(field.examples[0])
    if mark is not None and mark.example:
        listed = any(get_origin(_plain(member)[0]) is list for member in _members(field.annotation))
        return f"[{mark.example}]" if listed and not mark.example.startswith("[") else mark.example
    if isinstance(field.default, bool):
        return str(not field.default).lower()
    values = [value for member in _members(field.annotation) for value in get_args(_plain(member)[0])]
    literals = [value for value in values if isinstance(value, str)]
    other = [value for value in literals if value != field.default]
    if literals:
        return str([*other, *literals][0])
    return str(field.default) if isinstance(field.default, int | str) else ""


def _plain(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    if get_origin(annotation) is Annotated:
        inner, *metadata = get_args(annotation)
        return inner, tuple(metadata)
    return annotation, ()


def _members(annotation: Any) -> tuple[Any, ...]:
    """The members of a union without None; the annotation itself if it is no union."""
    inner, _ = _plain(annotation)
    if get_origin(inner) in (Union, types.UnionType):
        return tuple(member for member in get_args(inner) if member is not types.NoneType)
    return (annotation,)


def _sections(annotation: Any) -> tuple[tuple[type[Section], ...], Literal["", "list", "mapping"]]:
    found: list[type[Section]] = []
    for member in _members(annotation):
        inner, _ = _plain(member)
        if isinstance(inner, type) and issubclass(inner, Section):
            found.append(inner)
        elif get_origin(inner) is Annotated or len(_members(inner)) > 1:
            found.extend(_sections(inner)[0])
        elif get_origin(inner) in (list, dict):
            contained, _ = _sections(get_args(inner)[-1])
            if contained:
                return contained, "list" if get_origin(inner) is list else "mapping"
    return tuple(found), ""


def _mark(annotation: Any, metadata: tuple[Any, ...]) -> Words | None:
    for one in metadata:
        if isinstance(one, Words):
            return one
    for member in _members(annotation):
        inner, inside = _plain(member)
        if inside and (found := _mark(inner, inside)):
            return found
        if get_origin(inner) in (list, dict) and (found := _mark(get_args(inner)[-1], ())):
            return found
    return None


def _words(annotation: Any, metadata: tuple[Any, ...] = ()) -> str:
    """The type in words that follow "must be"."""
    mark = next((one for one in metadata if isinstance(one, Words)), None)
    if mark is not None:
        return mark.text
    members = _members(annotation)
    if len(members) > 1:
        return " or ".join(dict.fromkeys(_words(member) for member in members))
    inner, inside = _plain(members[0])
    if inside:
        return _words(inner, inside)
    origin = get_origin(inner)
    if origin is Literal:
        return _one_of([str(value) for value in get_args(inner)])
    if origin is list:
        return f"a list, each item {_words(get_args(inner)[0])}"
    if origin is dict:
        return f"a mapping, each value {_words(get_args(inner)[1])}"
    if inner is bool:
        return "`true` or `false`"
    if inner is int:
        return _whole_number(metadata)
    return "text" if inner is str else "a section"


def _one_of(values: list[str]) -> str:
    quoted = [f"`{value}`" for value in values]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"


def _whole_number(metadata: tuple[Any, ...]) -> str:
    low = next((one.ge for one in _flat(metadata) if isinstance(one, annotated_types.Ge)), None)
    high = next((one.le for one in _flat(metadata) if isinstance(one, annotated_types.Le)), None)
    if low is not None and high is not None:
        return f"a whole number from {low} to {high}"
    return "a whole number"


def _flat(metadata: tuple[Any, ...]) -> Iterator[Any]:
    for one in metadata:
        if isinstance(one, FieldInfo):
            yield from one.metadata
        else:
            yield one
