"""What one application gets, and in which token: the rules of its file over the claims that are built in.

A claim that a rule names is the rules' alone; the others stay as they are. Of several rules for one claim the first one
whose condition holds makes it.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from broker.claims.judging import inputs_of
from broker.claims.rules import Expression, ReleaseRule, RuleFailed, Target, Values
from broker.claims.trust import is_reserved
from broker.errors import LoginFailed
from broker.tracing import Outcome, Step, is_recording, note

# Octets of the claims that rules make, as JSON. A token travels in headers; an answer does not (threats CR-09).
MAX_OCTETS: Final[Mapping[Target, int]] = {"id_token": 8192, "access_token": 8192, "userinfo": 32768}
_ENCODE: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_JOINERS: Final = frozenset("\u200c\u200d")


def governed(rules: Iterable[ReleaseRule]) -> frozenset[str]:
    """The claims that are the rules' alone: released by a rule or not at all."""
    return frozenset(rule.claim for rule in rules)


def release(
    rules: Sequence[ReleaseRule],
    values: Values,
    built_in: Mapping[str, Any],
    target: Target,
    scopes: Collection[str],
) -> dict[str, Any]:
    """The claims that the rules give to this target; those that are ``governed`` and not here are withheld.

    ``built_in``: every built-in claim that has a value, whatever was asked for. ``scopes``: what was granted. Raises
    ``LoginFailed`` with ``rule_error`` or ``output`` unless the failing rule is optional (threats CR-04).
    """
    claims: dict[str, Any] = {}
    for rule in rules:
        if target not in rule.to or rule.claim in claims:
            continue
        if is_reserved(rule.claim) or rule.scope not in scopes:  # The first is refused at load, and dropped here again.
            why = "reserved" if is_reserved(rule.claim) else f"without the scope {rule.scope}"
            _note(rule, values, target, "withheld", None, why)
            continue
        try:
            if rule.when is not None and rule.when.evaluate(values) is not True:
                _note(rule, values, target, "withheld", None, "its condition does not hold")
                continue
            value = built_in.get(rule.claim) if rule.value is None else rule.value.evaluate(values)
            if rule.value is not None:
                _require_clean(value)
        except RuleFailed as failure:
            _note(rule, values, target, "failed", None, str(failure))
            if rule.optional:
                continue
            raise LoginFailed("rule_error", f"claim {rule.name}, {_place(rule)}: {failure}") from None
        if value is None or value == "" or value == []:
            _note(rule, values, target, "withheld", None, "it has no value")
            continue
        claims[rule.claim] = value
        _note(rule, values, target, "released", value, "")
    _require_small(claims, target)
    return claims


def _require_clean(value: Any) -> None:
    texts = value if isinstance(value, list) else [value] if isinstance(value, str) else []
    odd = "".join(text for text in texts if not text.isprintable())
    if any(unicodedata.category(c).startswith("C") and c not in _JOINERS for c in odd):
        raise RuleFailed("the value has control characters")


def _require_small(claims: Mapping[str, Any], target: Target) -> None:
    octets = len(_ENCODE(claims).encode("utf-8", "replace"))
    if octets > MAX_OCTETS[target]:
        largest = max(claims, key=lambda name: len(str(claims[name])))
        raise LoginFailed("output", f"claims of {octets} octets for the {target}, of which {largest} is the largest")


def _note(rule: ReleaseRule, values: Values, target: Target, outcome: Outcome, value: Any, detail: str) -> None:
    if not is_recording():
        return
    client_id = str(values.variables.get("application.client_id", ""))
    inputs: dict[str, Any] = {}
    sources: list[str] = []
    for expression in (rule.when, rule.value):
        if expression is not None:
            inputs |= inputs_of(expression, values)
            sources.append(_source(expression, rule))
    source = "; ".join(sources) or "built in"
    told = f"{target}: {detail}" if detail else target
    note(Step("claim", client_id, rule.claim, outcome, rule.location, source, inputs, value, told))


def _source(expression: Expression, rule: ReleaseRule) -> str:
    return f"when {expression.source}" if expression is rule.when else expression.source


def _place(rule: ReleaseRule) -> str:
    return f"{rule.location.file}:{rule.location.line}"
