"""From rules as they are written to rules as they are applied, with whatever is wrong with an expression told in place.

Everything that is right in itself is compiled, also in a file in which something else is wrong, so that all problems
show at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pydantic import ValidationError

from broker.claims.names import scope_of
from broker.claims.rules import AttributeRule, Expression, OrganizationRules, ReleaseRule, Rule
from broker.federation.attributes import BUILT_IN, merged, row_of
from broker.federation.configuration import Compiled, RuleSet
from broker.federation.documents import Path
from broker.federation.items import Item
from broker.federation.rule_shapes import AttributeRow, Condition, Release
from broker.federation.shapes import Section
from broker.location import Location

if TYPE_CHECKING:
    from broker.claims.examining import Remark
    from broker.claims.expressions import CompiledExpression, Language


def compile_rules(items: Sequence[Item]) -> Compiled:
    """Compiles what is written in all items, and adds what is found to them."""
    compiler = _Compiler(items)
    sets: dict[str, RuleSet] = {}
    for item in (each for each in items if each.kind == "claim_rules"):
        name = str(item.get("claim_rules") or "")
        sets[name] = RuleSet(
            require=compiler.conditions(item, ("require",), "require", name),
            admit=compiler.conditions(item, ("admit",), "admit", name),
            release=compiler.releases(item, ("release",), name),
        )
    organizations: dict[str, OrganizationRules] = {}
    attributes: dict[str, Mapping[str, AttributeRule]] = {}
    releases: dict[str, tuple[ReleaseRule, ...]] = {}
    for item in items:
        if item.kind == "organization":
            name = str(item.get("organization") or "")
            named = _named(item, sets, "federation", "claim_rules")
            require = compiler.conditions(item, ("federation", "require"), "require")
            admit = compiler.conditions(item, ("federation", "admit"), "admit")
            organizations[name] = OrganizationRules(
                require=(*(rule for each in named for rule in each.require), *require),
                admit=(*(rule for each in named for rule in each.admit), *admit),
            )
            attributes[name] = compiler.attributes(item)
        elif item.kind == "relying_party":
            own = compiler.releases(item, ("release",))
            shared = (rule for each in _named(item, sets, "claim_rules") for rule in each.release)
            releases[str(item.get("client_id") or "")] = (*shared, *own)
    compiled = Compiled(sets, organizations, attributes, releases)
    compiler.examine(compiled)
    return compiled


def maps_of(items: Sequence[Item]) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Every map of every set, name to text to the texts that it stands for, with those of its rows that can be used."""
    maps: dict[str, Mapping[str, tuple[str, ...]]] = {}
    for item in items:
        written = item.written("maps") if item.kind == "claim_rules" else None
        for name, rows in written.items() if isinstance(written, dict) else ():
            if isinstance(rows, dict):
                maps.setdefault(name, {key: _texts(to) for key, to in rows.items() if isinstance(to, str | list)})
    return maps


def _texts(to: str | list[Any]) -> tuple[str, ...]:
    return (to,) if isinstance(to, str) else tuple(str(one) for one in to)


def _named(item: Item, sets: Mapping[str, RuleSet], *path: str) -> list[RuleSet]:
    names = dict.fromkeys(name for _, name in item.texts(*path))
    return [sets[name] for name in names if name in sets]


_Ask = Callable[["Language", str, str, Location], "CompiledExpression"]


class _Compiler:
    def __init__(self, items: Sequence[Item]) -> None:
        self._items = items
        self._language: Language | None = None
        # Where each expression and each release rule is written.
        self._places: dict[Location, tuple[Item, Path]] = {}

    def conditions(self, item: Item, path: Path, list_name: str, set_name: str | None = None) -> tuple[Rule, ...]:
        rules = []
        for where in item.entries(*path):
            that = self._expression(item, (*where, "that"), list_name, _condition)
            row = _model(Condition, item, where)
            if that is not None and row is not None:
                messages = row.message.model_dump(exclude_none=True) if row.message is not None else {}
                otherwise = row.otherwise or row.name.replace("-", "_")
                rules.append(Rule(row.name, that, otherwise, messages, set_name))
        return tuple(rules)

    def attributes(self, item: Item) -> Mapping[str, AttributeRule]:
        base = ("federation", "attributes")
        rows: dict[str, AttributeRule] = {}
        written = item.written(*base)
        for name in written if isinstance(written, dict) else ():
            if name not in BUILT_IN:
                continue
            where = (*base, name)
            value = self._expression(item, (*where, "value"), "attributes", _text)
            row = _model(AttributeRow, item, where)
            if row is not None:
                rows[name] = row_of(name, row, value, item.location(where))
        return merged(rows)

    def releases(self, item: Item, path: Path, set_name: str | None = None) -> tuple[ReleaseRule, ...]:
        rules = []
        for where in item.entries(*path):
            value = self._expression(item, (*where, "value"), "release", _value)
            when = self._expression(item, (*where, "when"), "release", _condition)
            row = _model(Release, item, where)
            if row is not None:
                self._places[item.location(where)] = item, where
                rules.append(
                    ReleaseRule(
                        name=row.name,
                        claim=row.claim,
                        to=frozenset(row.to),
                        scope=row.scope or scope_of(row.claim),
                        location=item.location(where),
                        value=value,
                        when=when,
                        optional=row.optional,
                        set_name=set_name,
                    )
                )
        return tuple(rules)

    def _expression(self, item: Item, path: Path, list_name: str, ask: _Ask) -> Expression | None:
        source = item.get(*path)
        if not isinstance(source, str):
            return None
        # A configuration without rules, which most are, does without the language.
        from broker.claims.expressions import ExpressionRefused, Language

        self._language = self._language or Language(maps_of(self._items))
        try:
            compiled = ask(self._language, list_name, source, item.location(path))
        except ExpressionRefused as refusal:
            place = item.document.place_within(path, refusal.line, refusal.column)
            item.report_at(place, "expression", f"{path[-1]}: {refusal.sentence}")
            item.bad.add(path)
            return None
        for doubt in compiled.doubts:
            place = item.document.place_within(path, doubt.line, doubt.column)
            item.report_at(place, "expression", f"{path[-1]}: {doubt.sentence}", severity="warning")
        if compiled.constant is not None:
            item.report(path, *_CONSTANT[str(path[-1]), compiled.constant])
        self._places[compiled.location] = item, path
        return compiled

    def examine(self, compiled: Compiled) -> None:
        """Adds what is wrong with whole lists, each thing once, however many lists it stands in."""
        if self._language is None:
            return
        from broker.claims.examining import examine_attributes, examine_conditions, examine_release

        told: dict[Remark, None] = {}
        lists = [(each.require, each.admit) for each in compiled.organizations.values()]
        lists += [(each.require, each.admit) for each in compiled.sets.values()]
        for rules in (rules for both in lists for rules in both):
            told |= dict.fromkeys(examine_conditions(rules))
        for release in (*compiled.releases.values(), *(each.release for each in compiled.sets.values())):
            told |= dict.fromkeys(examine_release(release))
        for table in compiled.attributes.values():
            told |= dict.fromkeys(examine_attributes(list(table.values())))
        for remark in told:
            self._report(remark)

    def _report(self, remark: Remark) -> None:
        item, path = self._places[remark.location]
        if isinstance(item.written(*path), dict):  # A rule as a whole, which is told where its claim stands.
            place = item.document.place((*path, "claim"))
        else:
            place = item.document.place_within(path, remark.line, remark.column)
        item.report_at(place, remark.code, remark.sentence)


# A condition that depends on nothing is a rule in appearance only.
_CONSTANT: Final = {
    ("that", True): ("never_refuses", "that: this rule can never refuse, since it holds whoever comes"),
    ("that", False): ("refuses_all", "that: this rule refuses everybody, and what follows it is never reached"),
    ("when", True): ("never_refuses", "when: this holds for everybody, leave it out"),
    ("when", False): ("unreachable", "when: this holds for nobody, so that the claim is never given"),
}


def _condition(language: Language, list_name: str, source: str, location: Location) -> CompiledExpression:
    return language.condition(list_name, source, location)


def _text(language: Language, list_name: str, source: str, location: Location) -> CompiledExpression:
    return language.text(list_name, source, location)


def _value(language: Language, list_name: str, source: str, location: Location) -> CompiledExpression:
    return language.value(list_name, source, location)


_S = TypeVar("_S", bound=Section)


def _model(kind: type[_S], item: Item, path: Path) -> _S | None:
    """The section at ``path``, or None if something in it is wrong."""
    data = item.get(*path)
    if not isinstance(data, dict):
        return None
    try:
        return kind.model_validate(data)
    except ValidationError:
        return None  # What does not fit together has its finding already.
