"""A document against the model: every problem of one file, each at its line and column.

The model itself would refuse the same files; this walk exists for its sentences, and so that one problem does not hide
another. A file that it passes is handed to the model, which has the last word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from broker.federation.documents import Document, Path
from broker.federation.findings import did_you_mean, holds_secret, printable, shown, suggestion
from broker.federation.items import Item
from broker.federation.schema import ROOTS, ItemKind, Key, keys_of, kinds_of, sections_under
from broker.federation.shapes import Section


def validate(kind: ItemKind, document: Document, root: type[Section] | None = None) -> Item:
    """The item of one file, with every finding that the file alone gives. ``root``: its shape, for a file beside those
    of its kind.
    """
    item = Item(kind, document, bad=set(document.refused), root=root)
    shape = root or ROOTS[kind]
    _section(item, shape, document.data, ())
    if not item.findings and not item.bad:
        try:
            item.model = shape.model_validate(document.data)
        except ValidationError as error:
            for detail in error.errors(include_input=False, include_url=False):
                item.refuse((), "value", printable(detail["msg"]))
    return item


def _section(item: Item, section: type[Section], data: Any, path: Path) -> None:
    if path in item.document.refused:
        return
    if not isinstance(data, dict):
        item.refuse(path, "type", f"{_name(path)} must be a section with keys of its own, found {_what(data, path)}")
        return
    keys = keys_of(section)
    mistyped = _unknown_keys(item, section, data, path)
    for key in keys.values():
        inner = (*path, key.name)
        if key.name in data:
            _value(item, key, data[key.name], inner)
        elif key.required and key.name not in mistyped:
            _missing(item, key.name, key, path)
    _conflicts(item, section, data, path, mistyped)


def _unknown_keys(item: Item, section: type[Section], data: Mapping[str, Any], path: Path) -> set[str]:
    """Reports keys that the section does not know; gives the known ones that were probably meant."""
    known = keys_of(section)
    free = [name for name in known if name not in data]
    mistyped: set[str] = set()
    for name in data:
        if name in known:
            continue
        # A key that is there already is meant only if the two look much the same.
        meant = suggestion(name, free) or suggestion(name, known, closeness=0.8)
        if meant is not None:
            mistyped.add(meant)
            hint = f", did you mean {meant}"
        else:
            hint = _elsewhere(item.root or ROOTS[item.kind], name, section) or f"; known here: {', '.join(known)}"
        where = f" in {_name(path)}" if path else ""
        item.refuse((*path, name), "unknown_key", f"unknown key {shown(name)}{where}{hint}", at_key=True)
    return mistyped


def _elsewhere(root: type[Section], name: str, here: type[Section]) -> str:
    sections = list(sections_under(root))
    homes = [(where, section) for where, section in sections if name in keys_of(section)]
    if not homes:
        return ""
    here_too = {where for where, section in sections if section is here}
    kinds = [keys_of(section)["kind"].words.strip("`") for where, section in homes if where in here_too]
    if kinds:
        return f"; it belongs to kind: {' or '.join(kinds)}"
    return f"; it belongs {f'under {homes[0][0]}' if homes[0][0] else 'to the top level of the file'}"


def _missing(item: Item, name: str, key: Key, path: Path) -> None:
    where = f" in {_name(path)}" if path else ""
    item.refuse((*path, name), "missing", f"{name} is missing{where}: it must be {_words(key)}", at_key=True)


def _value(item: Item, key: Key, data: Any, path: Path) -> None:
    if path in item.document.refused:
        return
    if key.adapter is not None:
        _leaf(item, key, data, path)
    elif key.container == "mapping":
        _entries(item, key, data.items() if isinstance(data, dict) else None, data, path)
    elif key.container == "list":
        _entries(item, key, enumerate(data) if isinstance(data, list) else None, data, path)
    else:
        _one_section(item, key, data, path)


def _entries(item: Item, key: Key, entries: Iterable[tuple[Any, Any]] | None, data: Any, path: Path) -> None:
    if entries is None:
        what = "a list of sections" if key.container == "list" else "a mapping of sections"
        item.refuse(path, "type", f"{key.name} must be {what}, found {_what(data, path)}")
        return
    for part, value in entries:
        _one_section(item, key, value, (*path, part))


def _one_section(item: Item, key: Key, data: Any, path: Path) -> None:
    if len(key.sections) == 1 or not isinstance(data, dict):
        _section(item, key.sections[0], data, path)
        return
    kinds = kinds_of(key)
    kind, kind_path = data.get("kind"), (*path, "kind")
    if kind_path in item.document.refused or path in item.document.refused:
        return
    if "kind" not in data:
        if (close := suggestion("kind", data)) is not None and not any(close in s.model_fields for s in key.sections):
            sentence = f"unknown key {shown(close)} in {_name(path)}, did you mean kind"
            item.refuse((*path, close), "unknown_key", sentence, at_key=True)
        else:
            item.refuse(kind_path, "missing", f"kind is missing in {_name(path)}: {_choice(kinds)}", at_key=True)
    elif not isinstance(kind, str) or kind not in kinds:
        hint = did_you_mean(kind, kinds) if isinstance(kind, str) else ""
        item.refuse(kind_path, "value", f"kind must be {_choice(kinds)}, found {_what(kind, kind_path)}{hint}")
    else:
        _section(item, kinds[kind], data, path)


def _leaf(item: Item, key: Key, data: Any, path: Path) -> None:
    if key.adapter is None:
        return
    _repetitions(item, data, path)
    try:
        key.adapter.validate_python(data)
    except ValidationError as error:
        told: set[Path] = set(item.document.refused)
        for inner, detail in _details(error, data, path):
            if inner not in told:
                told.add(inner)
                code, sentence = _leaf_sentence(key, detail, inner)
                item.refuse(inner, code, sentence)


def _repetitions(item: Item, data: Any, path: Path) -> None:
    first: dict[str, int] = {}
    for index, one in enumerate(data if isinstance(data, list) else ()):
        if isinstance(one, str) and first.setdefault(one, index) != index:
            sentence = f"{_name((*path, index))} is the same as item {first[one] + 1}"
            item.report((*path, index), "duplicate", sentence)


def _details(error: ValidationError, data: Any, path: Path) -> list[tuple[Path, ErrorDetails]]:
    # A union names its member in the location; only positions and keys of the data are places in the file.
    every = [((*path, *_inside(data, detail["loc"])), detail) for detail in error.errors(include_url=False)]
    # A list that fails as a list is not told that it is no text, which is the union's other member.
    closer = {where for where, detail in every if where != path and not detail["type"].endswith("_type")}
    within = [(w, d) for w, d in every if (w not in closer and w != path) or not d["type"].endswith("_type")]
    return within or every


def _inside(data: Any, location: tuple[int | str, ...]) -> Iterator[int | str]:
    for part in location:
        if (isinstance(data, dict) and part in data) or (isinstance(data, list) and isinstance(part, int)):
            yield part
            data = data[part]  # type: ignore[index]  # `part` is a key or an index of it, as just seen


_TYPE_ERRORS: Final = ("_type", "_parsing", "int_from_float")


def _leaf_sentence(key: Key, detail: ErrorDetails, path: Path) -> tuple[str, str]:
    name, found = _name(path), detail["input"]
    hidden = key.secret or holds_secret(path)
    suffix = "" if hidden else f", found {_what(found, path)}"
    match detail["type"]:
        case "value_error":
            return "secret" if key.secret else "value", f"{name} {detail['msg'].removeprefix('Value error, ')}{suffix}"
        case "literal_error":
            hint = did_you_mean(found, re.findall(r"`([^`]+)`", key.words)) if isinstance(found, str) else ""
            return "value", f"{name} must be {_item_words(key, path)}{suffix}{hint}"
        case "too_short":
            return "value", f"{name} must have at least one item"
        case kind if kind.endswith(_TYPE_ERRORS):
            return "type", f"{name} must be {_item_words(key, path)}{suffix}{_type_hint(found, detail['type'])}"
        case _:
            return "value", f"{name} must be {_item_words(key, path)}{suffix}"


def _type_hint(found: Any, kind: str) -> str:
    if kind == "string_type" and isinstance(found, bool | int | float):
        return "; put it in quotes if it is text"
    if kind == "bool_type" and isinstance(found, str) and found.lower() in ("yes", "on", "no", "off", "y", "n"):
        return f", did you mean {'true' if found.lower() in ('yes', 'on', 'y') else 'false'}"
    if kind == "int_type" and isinstance(found, str) and found.isdecimal():
        return "; write it without quotes"
    if kind == "list_type":
        return "; a list is written [one, other], or one item a line after '- '"
    return ""


def _conflicts(item: Item, section: type[Section], data: Mapping[str, Any], path: Path, mistyped: set[str]) -> None:
    values: dict[str, Any] = {}
    for key in keys_of(section).values():
        inner = (*path, key.name)
        if key.name not in data:
            if not key.required and key.name not in mistyped:
                values[key.field] = key.default
        elif item.get(*inner) is not None or (key.sections and isinstance(data[key.name], dict)):
            values[key.field] = data[key.name]
    for name, sentence in list(section.conflicts(values)):
        item.report((*path, name) if name else path, "conflict", sentence, at_key=True)


def _words(key: Key) -> str:
    if key.sections and not key.container:
        kinds = kinds_of(key)
        return f"a section with kind: {_choice(kinds)}" if len(kinds) > 1 else f"a section ({key.documentation})"
    return key.words.replace("`", "")


_SEPARATOR: Final = re.compile(", each (?:item|value) ")


def _item_words(key: Key, path: Path) -> str:
    """What must stand at ``path``, which is the key's own or one within its lists and mappings."""
    words = key.words.replace("`", "")
    depth = len(path) - 1 - max(index for index, part in enumerate(path) if part == key.name)
    for _ in range(depth):
        words = _SEPARATOR.split(words, maxsplit=1)[-1]
    return _SEPARATOR.split(words, maxsplit=1)[0]


def _choice(kinds: Mapping[str, Any]) -> str:
    names = list(kinds)
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _name(path: Path) -> str:
    """The key as an administrator would say it: its own name, or the list's with the number of the item."""
    if not path:
        return "the file"
    last = path[-1]
    if isinstance(last, int):
        return f"item {last + 1} of {_name(path[:-1])}"
    return printable(last)


def _what(value: Any, path: Path) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return "a number" if holds_secret(path) else f"the number {value}"
    if isinstance(value, str):
        return "text" if holds_secret(path) else shown(value)
    if isinstance(value, list):
        return "a list"
    return "a section" if isinstance(value, dict) else "nothing"
