"""What is wrong with a whole list of rules: those that can never refuse or are never reached because of others, claims
and fields from the wrong sources, and a list that costs too much altogether.

What is wrong with an expression by itself was refused, or doubted, when it was compiled.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from broker.claims import logic, trust
from broker.claims.bounds import MAX_LIST_STEPS
from broker.claims.expressions import CompiledExpression
from broker.claims.rules import AttributeRule, Expression, ReleaseRule, Rule
from broker.location import Location


@dataclass(frozen=True, slots=True)
class Remark:
    """A finding about one rule. ``location`` is that of the expression, or of the rule where no expression is at fault;
    ``line`` and ``column`` count from 1 within the expression. Its code is ``code``, a word of threats CR-01 to CR-09.
    """

    rule: str
    location: Location
    line: int
    column: int
    code: str
    sentence: str


def examine_conditions(rules: Sequence[Rule]) -> tuple[Remark, ...]:
    """Of ``require`` or ``admit``, in the order in which they are judged, sets included."""
    return tuple(_conditions(rules))


def examine_release(rules: Sequence[ReleaseRule]) -> tuple[Remark, ...]:
    """Of one application, in order, sets included."""
    return tuple(_release(rules))


def examine_attributes(rules: Sequence[AttributeRule]) -> tuple[Remark, ...]:
    """Of one organisation."""
    return tuple(_attributes(rules))


def _conditions(rules: Sequence[Rule]) -> Iterator[Remark]:
    before: list[tuple[Rule, logic.Formula]] = []
    nobody: Rule | None = None
    for rule in rules:
        if not isinstance(rule.that, CompiledExpression) or rule.that.constant is not None:
            continue  # What can be said of it by itself was said when it was compiled.
        if nobody is not None:
            sentence = f"this rule is never reached: {nobody.name} at {nobody.that.location} refuses everybody"
            yield _remark(rule.name, rule.that, "unreachable", sentence)
            continue
        condition = logic.formula(rule.that.tree)
        remark = _verdict(rule, rule.that, condition, before)
        if remark is not None:
            yield remark
            nobody = rule if remark.code == "refuses_all" else None
        else:
            before.append((rule, condition))
    yield from _cost([(rule.name, rule.that) for rule in rules])


def _verdict(
    rule: Rule, that: CompiledExpression, condition: logic.Formula, before: Sequence[tuple[Rule, logic.Formula]]
) -> Remark | None:
    for other, known in before:
        if logic.always(condition, [known]):
            sentence = f"this rule can never refuse: {other.name} at {other.that.location} has made sure of it"
            return _remark(rule.name, that, "never_refuses", sentence)
        if logic.never(condition, [known]):
            sentence = f"this rule refuses everybody whom {other.name} at {other.that.location} lets through"
            return _remark(rule.name, that, "refuses_all", sentence)
    related = _related(condition, [known for _, known in before])
    if logic.always(condition, related):
        return _remark(rule.name, that, "never_refuses", "this rule can never refuse: the rules before it made sure")
    if logic.never(condition, related):
        return _remark(rule.name, that, "refuses_all", "this rule refuses everybody whom the rules before let through")
    return None


def _related(condition: logic.Formula, before: Sequence[logic.Formula]) -> list[logic.Formula]:
    """Those that have to do with the condition: that share a part with it, or with one that does."""
    parts, related = set(condition.parts), []
    waiting = list(before)
    while near := [known for known in waiting if known.parts & parts]:
        related += near
        waiting = [known for known in waiting if known not in near]
        parts.update(*(known.parts for known in near))
    return related


def _release(rules: Sequence[ReleaseRule]) -> Iterator[Remark]:
    settled: dict[tuple[str, str, str], ReleaseRule] = {}
    for rule in rules:
        complaint = trust.refuse_source(rule.claim, rule.value, rule.when)
        if complaint:
            yield Remark(rule.name, rule.location, 1, 1, "source", complaint)
        keys = [(rule.claim, target, rule.scope) for target in sorted(rule.to)]
        if keys and all(key in settled for key in keys):
            other = settled[keys[0]]
            sentence = f"this rule is never reached: {other.name} at {other.location} always makes {rule.claim}"
            yield Remark(rule.name, rule.location, 1, 1, "unreachable", sentence)
        # One that has no condition always makes the claim; a built-in value may be missing, and an empty one is none.
        if rule.when is None and not rule.optional and rule.value is not None and not rule.value.reads:
            settled.update({key: rule for key in keys if key not in settled})
    yield from _cost(
        [(rule.name, expression) for rule in rules for expression in (rule.when, rule.value) if expression is not None]
    )


def _attributes(rules: Sequence[AttributeRule]) -> Iterator[Remark]:
    for rule in rules:
        if rule.value is None:
            continue
        complaint = trust.refuse_field(rule.field, rule.value)
        if complaint:
            yield _remark(rule.field, rule.value, "source", complaint)
    yield from _cost([(rule.field, rule.value) for rule in rules if rule.value is not None])


def _cost(rules: Sequence[tuple[str, Expression]]) -> Iterator[Remark]:
    """The budget of a whole list (threats CR-03): told once, where it is exceeded."""
    spent = 0
    for name, expression in rules:
        spent += expression.steps if isinstance(expression, CompiledExpression) else 0
        if spent > MAX_LIST_STEPS:
            sentence = (
                f"up to here the rules of this list can take {spent:,} steps for the longest values, "
                f"{MAX_LIST_STEPS:,} is the limit"
            )
            yield _remark(name, expression, "budget", sentence)
            return


def _remark(name: str, expression: Expression, code: str, sentence: str) -> Remark:
    return Remark(name, expression.location, 1, 1, code, sentence)
