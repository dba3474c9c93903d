"""What is wrong with claim rules beyond their expressions: names, sets, maps, and what applications can get by them.

Each check looks at whatever is right in itself (threats CR-06, CF-07). What a person's claims make of an expression is
the language's to say (``compiling``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from broker.claims import names, trust
from broker.federation.documents import Path
from broker.federation.findings import did_you_mean, shown
from broker.federation.items import Item, of_kind
from broker.federation.schema import ItemKind

_ORGANIZATION_SETS: Final[Path] = ("federation", "claim_rules")
_APPLICATION_SETS: Final[Path] = ("claim_rules",)


def _lists_of(item: Item) -> Iterator[tuple[Path, str]]:
    """The lists of rules of one file: the path of each, and its name."""
    match item.kind:
        case "organization":
            yield ("federation", "require"), "require"
            yield ("federation", "admit"), "admit"
        case "relying_party":
            yield ("release",), "release"
        case "claim_rules":
            for name in ("require", "admit", "release"):
                yield (name,), name


def _named_sets(items: Sequence[Item]) -> Iterator[tuple[Item, Path, str, tuple[str, ...]]]:
    """Every use of a set: who names it where, and the lists that it is there for."""
    for item in items:
        if item.kind == "organization":
            yield from ((item, path, name, ("require", "admit")) for path, name in item.texts(*_ORGANIZATION_SETS))
        elif item.kind == "relying_party":
            yield from ((item, path, name, ("release",)) for path, name in item.texts(*_APPLICATION_SETS))


def _sets(items: Sequence[Item]) -> Mapping[str, Item]:
    sets: dict[str, Item] = {}
    for item in of_kind(items, "claim_rules"):
        if isinstance(name := item.get("claim_rules"), str):
            sets.setdefault(name, item)
    return sets


def _sets_are_there(items: Sequence[Item], unread: set[ItemKind]) -> None:
    known = _sets(items)
    if "claim_rules" in unread or any(item.get("claim_rules") is None for item in of_kind(items, "claim_rules")):
        return  # The name may well be in the file that could not be read, or have another finding.
    for item, path, name, lists in _named_sets(items):
        if name not in known:
            sentence = f"no file in claim_rules/ has the set {shown(name)}{did_you_mean(name, known)}"
            item.report(path, "conflict", sentence)
        elif not any(known[name].written(each) for each in lists):
            sentence = f"the set {shown(name)} has no {' and no '.join(lists)}: to name it here does nothing"
            item.report(path, "unused", sentence, severity="warning")


def _sets_are_used(items: Sequence[Item], unread: set[ItemKind]) -> None:
    if unread & {"organization", "relying_party"}:
        return
    used = {name for _, _, name, _ in _named_sets(items)}
    for name, item in _sets(items).items():
        lists = [each for each in ("require", "admit", "release") if item.written(each)]
        if lists and name not in used:
            sentence = f"nobody uses this set: no organization and no application names {shown(name)}"
            item.report(("claim_rules",), "unused", sentence, severity="warning")
        elif not lists and not item.written("maps"):
            item.report(("claim_rules",), "unused", f"the set {shown(name)} holds nothing", severity="warning")


def _maps_have_one_home(items: Sequence[Item], _: set[ItemKind]) -> None:
    homes: dict[str, Item] = {}
    for item in of_kind(items, "claim_rules"):
        maps = item.written("maps")
        for name in maps if isinstance(maps, dict) else ():
            other = homes.setdefault(name, item)
            if other is not item:
                place = other.line(("maps", name), at_key=True)
                item.report(("maps", name), "conflict", f"the map {shown(name)} stands in {place} as well", at_key=True)


_QUOTED: Final = re.compile(r"'([^'\n]*)'|\"([^\"\n]*)\"")


def _maps_are_used(items: Sequence[Item], unread: set[ItemKind]) -> None:
    if unread:
        return
    named = {one or other for source in _expressions(items) for one, other in _QUOTED.findall(source)}
    for item in of_kind(items, "claim_rules"):
        maps = item.written("maps")
        for name in maps if isinstance(maps, dict) else ():
            if name not in named:
                sentence = f"no rule looks into the map {shown(name)}"
                item.report(("maps", name), "unused", sentence, at_key=True, severity="warning")


def _expressions(items: Sequence[Item]) -> Iterator[str]:
    for item in items:
        for path, _ in _lists_of(item):
            for where in item.entries(*path):
                yield from (str(item.written(*where, key) or "") for key in ("that", "value", "when"))
        rows = item.written("federation", "attributes")
        for row in rows.values() if isinstance(rows, dict) else ():
            yield str(row.get("value") or "") if isinstance(row, dict) else ""


def _rules_have_names_of_their_own(items: Sequence[Item], _: set[ItemKind]) -> None:
    sets = _sets(items)
    for item in items:
        shared: dict[str, list[Item]] = {}
        for user, _path, name, lists in _named_sets([item]):
            for each in lists:
                shared.setdefault(each, []).extend([sets[name]] if user is item and name in sets else [])
        for path, list_name in _lists_of(item):
            seen: dict[str, tuple[Item, Path]] = {}
            for other in shared.get(list_name, ()):
                for where in other.entries(list_name):
                    _once(seen, other, where, item)
            for where in item.entries(*path):
                _once(seen, item, where, item)


def _once(seen: dict[str, tuple[Item, Path]], item: Item, where: Path, of: Item) -> None:
    name = item.get(*where, "name")
    if not isinstance(name, str):
        return
    other, place = seen.setdefault(name, (item, (*where, "name")))
    if (other, place) != (item, (*where, "name")) and item is of:
        sentence = f"the rule {shown(name)} stands in {other.line(place)} as well; in one list, each needs its own name"
        item.report((*where, "name"), "duplicate", sentence)


def _claims_can_be_released(items: Sequence[Item], unread: set[ItemKind]) -> None:
    asked = unread or any(item.get("introspect") is True for item in of_kind(items, "relying_party"))
    for item in items:
        for path, list_name in _lists_of(item):
            for where in item.entries(*path) if list_name == "release" else ():
                _claim_is_ours_to_give(item, where)
                for target_path, target in item.texts(*where, "to"):
                    if target == "access_token" and not asked:
                        sentence = "nobody asks what is in an access token: no application has introspect: true"
                        item.report(target_path, "unused", sentence, severity="warning")
                if item.kind == "relying_party":
                    _scope_may_be_asked_for(item, where)


def _claim_is_ours_to_give(item: Item, where: Path) -> None:
    claim = item.get(*where, "claim")
    if not isinstance(claim, str):
        return
    if trust.is_reserved(claim):
        item.report((*where, "claim"), "reserved", f"{claim} is a claim of the protocol itself, which no rule writes")
    elif claim in names.VOUCHED and item.written(*where, "value") is not None:
        sentence = f"{claim} is what the broker vouches for: a rule can leave it out (when), and not compute it"
        item.report((*where, "value"), "reserved", sentence)
    elif claim not in names.BUILT_IN and "value" not in item.written(*where):
        hint = did_you_mean(claim, names.BUILT_IN)
        sentence = f"value is missing: {shown(claim)} has no value of its own{hint}"
        item.report((*where, "claim"), "missing", sentence)


def _scope_may_be_asked_for(item: Item, where: Path) -> None:
    claim, scope = item.get(*where, "claim"), item.get(*where, "scope")
    scopes: Any = item.get("scopes") or (["openid", "profile", "email"] if item.written("scopes") is None else None)
    if not isinstance(scopes, list) or not isinstance(claim, str) or trust.is_reserved(claim):
        return
    if isinstance(scope, str) and scope not in scopes:
        sentence = f"the application may not ask for the scope {scope}: its scopes are {', '.join(scopes)}"
        item.report((*where, "scope"), "conflict", sentence)
    elif item.written(*where, "scope") is None and (own := names.scope_of(claim)) not in scopes:
        sentence = (
            f"{claim} belongs to the scope {own}, which the application may not ask for: its scopes are "
            f"{', '.join(scopes)}; name one of them as its scope"
        )
        item.report((*where, "claim"), "conflict", sentence)


CHECKS: Final[tuple[Callable[[Sequence[Item], set[ItemKind]], None], ...]] = (
    _sets_are_there,
    _sets_are_used,
    _maps_have_one_home,
    _maps_are_used,
    _rules_have_names_of_their_own,
    _claims_can_be_released,
)
