"""Applies rules to somebody, and notes each with what it read, for whoever asks afterwards.

Nothing here decides what to do about a refusal: ``judge`` raises, and the caller's order of things does the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal

from broker.claims.rules import AttributeRule, Expression, Rule, RuleFailed, Values
from broker.errors import LoginFailed, RuleRefused
from broker.tracing import Outcome, Step, is_recording, note

Group = Literal["require", "admit"]

# Members of a list that a note shows; a note is for the eye.
_SHOWN_MEMBERS: Final = 20


def judge(group: Group, rules: Sequence[Rule], values: Values) -> None:
    """Returns if every rule holds. Raises ``RuleRefused`` at the first that does not, and ``LoginFailed`` with the
    reason ``rule_error`` at one that cannot be decided (threats CR-04).
    """
    for rule in rules:
        inputs = inputs_of(rule.that, values) if is_recording() else {}
        try:
            holds = rule.that.evaluate(values)
        except RuleFailed as failure:
            _note(group, rule, "failed", inputs, None, str(failure))
            raise LoginFailed("rule_error", f"{group}: rule {rule.name}, {_place(rule.that)}: {failure}") from None
        if holds is not True:
            _note(group, rule, "refused", inputs, holds, rule.otherwise)
            raise RuleRefused(rule.otherwise, f"{group}: rule {rule.name}, {_place(rule.that)}", messages=rule.messages)
        _note(group, rule, "passed", inputs, holds, "")


def fill(
    rule: AttributeRule,
    values: Values,
    profile_values: Mapping[str, str],
    accepted: Callable[[str], str] = str.strip,
) -> tuple[str, str] | None:
    """The value of a field and where it comes from; None if the directory gives none, or does not fill the field.

    ``accepted`` makes a text fit for the field, and empty if it is not. Raises ``LoginFailed`` with ``rule_error`` if
    the expression cannot be computed.
    """
    if rule.on == "never":
        return None
    if rule.value is None:
        for source in rule.sources:
            text = accepted(profile_values.get(source, ""))
            if text:
                note(Step("rule", "attributes", rule.field, "done", rule.location, source, {source: text}, text))
                return text, source
        return None
    inputs = inputs_of(rule.value, values) if is_recording() else {}
    where = rule.location or rule.value.location
    try:
        text = accepted(rule.value.evaluate(values))
    except RuleFailed as failure:
        step = Step("rule", "attributes", rule.field, "failed", where, rule.value.source, inputs, None, str(failure))
        note(step)
        raise LoginFailed("rule_error", f"attribute {rule.field}, {_place(rule.value)}: {failure}") from None
    note(Step("rule", "attributes", rule.field, "done", where, rule.value.source, inputs, text))
    # The person reads this beside their field, and where the operator keeps files is not theirs to know.
    file = "/".join(where.file.split("/")[-2:])
    return (text, f"rule {file}:{where.line}") if text else None


def inputs_of(expression: Expression, values: Values) -> dict[str, Any]:
    """What the expression reads, by name; a long list is cut. What is not known is not there."""
    inputs: dict[str, Any] = {}
    for name in sorted(expression.reads):
        if name in values.variables:
            inputs[name] = _shown(values.variables[name])
            continue
        variable, _, key = name.partition(".")
        held = values.variables.get(variable)
        if isinstance(held, Mapping) and key in held:
            inputs[name] = _shown(held[key])
    return inputs


def _shown(value: Any) -> Any:
    if isinstance(value, list | tuple):
        more = len(value) - _SHOWN_MEMBERS
        return [*value[:_SHOWN_MEMBERS], f"… and {more} more"] if more > 0 else list(value)
    return value


def _note(group: Group, rule: Rule, outcome: Outcome, inputs: Mapping[str, Any], value: Any, detail: str) -> None:
    note(Step("rule", group, rule.name, outcome, rule.that.location, rule.that.source, inputs, value, detail))


def _place(expression: Expression) -> str:
    return f"{expression.location.file}:{expression.location.line}"
