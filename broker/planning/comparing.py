"""Two configurations, key by key, each with the place where it stands. Secrets stand there by name only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from broker.federation.configuration import Configuration
from broker.federation.documents import Document, Path
from broker.federation.findings import holds_secret
from broker.federation.schema import ItemKind
from broker.location import Location

What = Literal["added", "removed", "changed"]

# In the order in which a plan tells them.
_KINDS: Final[tuple[ItemKind, ...]] = ("broker", "claim_rules", "organization", "relying_party")
_HIDDEN: Final = "(not shown)"
# Names of secrets, and addresses, in which no password may stand (``federation.values``).
_SAFE: Final = ("env:", "file:", "https:", "http:", "redis:", "rediss:", "unix:", "postgresql:", "mailto:")


@dataclass(frozen=True, slots=True)
class KeyChange:
    """One key. ``key`` is its way from the top of the file, an item of a list by its name: ``federation.admit[staff]``.

    ``old`` and ``new`` are what is written, safe to show; ``old_place`` and ``new_place`` where. Both are None on the
    side that has no such key.
    """

    key: str
    what: What
    old: Any = None
    new: Any = None
    old_place: Location | None = None
    new_place: Location | None = None


@dataclass(frozen=True, slots=True)
class ItemChange:
    """One organisation, application or rule set, or the broker itself (whose name is empty)."""

    kind: ItemKind
    name: str
    what: What
    place: Location
    keys: tuple[KeyChange, ...] = ()


def compare(old: Configuration, new: Configuration) -> Sequence[ItemChange]:
    """Everything that differs in the files; where a text stands in a file, or in which, is no difference."""
    changes: list[ItemChange] = []
    for kind in _KINDS:
        names = dict.fromkeys(name for each in (old, new) for of, name in each.documents if of == kind)
        for name in sorted(names):
            change = _item(kind, name, old.documents.get((kind, name)), new.documents.get((kind, name)))
            if change is not None:
                changes.append(change)
    return changes


def changed_secrets(old: Configuration, new: Configuration) -> Sequence[str]:
    """References whose value is another one, although they are written as before."""
    both = old.secrets.keys() & new.secrets.keys()
    return sorted(name for name in both if old.secret(name).reveal() != new.secret(name).reveal())


def _item(kind: ItemKind, name: str, old: Document | None, new: Document | None) -> ItemChange | None:
    if old is None:
        return ItemChange(kind, name, "added", _start(new)) if new is not None else None
    if new is None:
        return ItemChange(kind, name, "removed", _start(old))
    keys = tuple(_Walk(old, new).mapping(old.data, new.data, (), (), ""))
    return ItemChange(kind, name, "changed", _start(new), keys) if keys else None


def _start(document: Document | None) -> Location:
    return Location(document.file if document is not None else "", 1, 1)


@dataclass(frozen=True, slots=True)
class _Walk:
    old: Document
    new: Document

    def mapping(
        self, old: Mapping[str, Any], new: Mapping[str, Any], old_at: Path, new_at: Path, key: str
    ) -> Iterator[KeyChange]:
        for name in dict.fromkeys((*old, *new)):
            inner = f"{key}.{name}" if key else name
            sides = (old.get(name), new.get(name), (*old_at, name), (*new_at, name))
            yield from self._either(name in old, name in new, *sides, inner)

    def _named(
        self, old: Sequence[Any], new: Sequence[Any], old_at: Path, new_at: Path, key: str
    ) -> Iterator[KeyChange]:
        """Lists of named sections: rules and hooks. What only moved is no change of a key, and told as an order."""
        before = {item["name"]: index for index, item in enumerate(old)}
        after = {item["name"]: index for index, item in enumerate(new)}
        for name in dict.fromkeys((*before, *after)):
            was, will = before.get(name), after.get(name)
            yield from self._either(
                was is not None,
                will is not None,
                old[was] if was is not None else None,
                new[will] if will is not None else None,
                (*old_at, was if was is not None else 0),
                (*new_at, will if will is not None else 0),
                f"{key}[{name}]",
            )
        common = [name for name in before if name in after]
        moved = [name for name in after if name in before]
        if common != moved:
            yield self._change(f"{key} (order)", "changed", common, moved, old_at, new_at)

    def _either(
        self, had: bool, has: bool, old: Any, new: Any, old_at: Path, new_at: Path, key: str
    ) -> Iterator[KeyChange]:
        if had and has:
            yield from self._both(old, new, old_at, new_at, key)
        elif had:
            yield self._change(key, "removed", old, None, old_at, None)
        else:
            yield self._change(key, "added", None, new, None, new_at)

    def _both(self, old: Any, new: Any, old_at: Path, new_at: Path, key: str) -> Iterator[KeyChange]:
        if isinstance(old, dict) and isinstance(new, dict):
            yield from self.mapping(old, new, old_at, new_at, key)
        elif _is_named(old) and _is_named(new):
            yield from self._named(old, new, old_at, new_at, key)
        elif old != new or type(old) is not type(new):
            yield self._change(key, "changed", old, new, old_at, new_at)

    def _change(self, key: str, what: What, old: Any, new: Any, old_at: Path | None, new_at: Path | None) -> KeyChange:
        return KeyChange(
            key,
            what,
            None if old_at is None else shown_value(old, old_at),
            None if new_at is None else shown_value(new, new_at),
            None if old_at is None else Location(self.old.file, *self.old.key_place(old_at)),
            None if new_at is None else Location(self.new.file, *self.new.key_place(new_at)),
        )


def _is_named(value: Any) -> bool:
    if not isinstance(value, list) or not all(isinstance(item, dict) and "name" in item for item in value):
        return False
    return len({str(item["name"]) for item in value}) == len(value)


def shown_value(value: Any, path: Path) -> Any:
    """A value as a plan may show it (threats CF-05): of secrets the names. The settings of a hook are free text, of
    which nothing is known.
    """
    match value:
        case dict():
            return {name: shown_value(inner, (*path, name)) for name, inner in value.items()}
        case list():
            return [shown_value(inner, (*path, index)) for index, inner in enumerate(value)]
        case str() if "settings" in path[:-1]:
            return _HIDDEN
        case str() if holds_secret(path) and not value.startswith(_SAFE):
            return _HIDDEN
        case _:
            return value
