"""A plan in words, and as JSON."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from broker.federation.findings import Finding, printable
from broker.location import Location
from broker.planning.affected import MOST_ACCOUNTS, Affected
from broker.planning.comparing import ItemChange, KeyChange
from broker.planning.plan import Plan
from broker.planning.sign_ins import ChangedSignIn

_KINDS: Final = {
    "broker": "the broker",
    "claim_rules": "claim rules",
    "organization": "organization",
    "relying_party": "application",
}
_SIGNS: Final = {"added": "+", "removed": "-", "changed": "~"}
_HEADINGS: Final = {
    "weaker": "Weaker: lets in more, or gives out more",
    "stronger": "Stronger",
    "different": "Different: the recorded sign-ins and the rules' tests tell more",
}
_MOST_KEYS: Final = 40
_MOST_SIGN_INS: Final = 20
_MOST_CHARACTERS: Final = 120


def told(plan: Plan) -> Iterator[str]:
    """Lines for a terminal."""
    for line in _told(plan):
        yield printable(line)


def _told(plan: Plan) -> Iterator[str]:
    yield f"{plan.new} against {plan.old}"
    if plan.is_empty:
        yield "Nothing would change."
        return
    yield from _section("Changes", [line for change in plan.changes for line in _change(change)])
    yield from _section("Secrets of which the value is another one", [f"~ {name}" for name in plan.secrets])
    for direction, heading in _HEADINGS.items():
        effects = [effect for effect in plan.effects if effect.direction == direction]
        lines = [f"{effect.subject or 'the broker'}: {_cut(effect.sentence)}{_at(effect.place)}" for effect in effects]
        yield from _section(heading, lines)
    yield from _section("A running broker would refuse it", [str(finding) for finding in plan.refused])
    yield from _section("Takes effect only at a restart; until then a running broker refuses all of it", plan.restart)
    yield from _section("Concerned", [*_people(plan), *_applications(plan)])
    yield from _sign_ins(plan)


def _section(heading: str, lines: Sequence[str | Finding]) -> Iterator[str]:
    if lines:
        yield ""
        yield heading
        yield from (f"  {line}" for line in lines)


def _change(change: ItemChange) -> Iterator[str]:
    what = f"{_KINDS[change.kind]} {change.name}".rstrip()
    yield f"{_SIGNS[change.what]} {what} {change.what}  ({change.place.file})"
    for key in change.keys[:_MOST_KEYS]:
        yield f"    {_SIGNS[key.what]} {_key(key)}"
    if len(change.keys) > _MOST_KEYS:
        yield f"    … and {len(change.keys) - _MOST_KEYS} more keys (--json has all)"


def _key(key: KeyChange) -> str:
    match key.what:
        case "added":
            return f"{key.key}: {_value(key.new)}{_at(key.new_place)}"
        case "removed":
            return f"{key.key}: {_value(key.old)}{_at(key.old_place)}"
        case _:
            places = f"  ({key.old_place} → {key.new_place})"
            return f"{key.key}: {_value(key.old)} → {_value(key.new)}{places}"


def _value(value: Any) -> str:
    return _cut(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _cut(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _MOST_CHARACTERS else plain[:_MOST_CHARACTERS] + "…"


def _at(place: Location | None) -> str:
    return f"  ({place})" if place is not None else ""


def _people(plan: Plan) -> Iterator[str]:
    counted = {each.organization: each for each in plan.affected}
    for name in plan.reach.organizations:
        yield f"organization {name}{_numbers(counted.get(name))}"


def _numbers(each: Affected | None) -> str:
    if each is None or each.accounts is None:
        return ""
    accounts = f"at least {MOST_ACCOUNTS}" if each.accounts >= MOST_ACCOUNTS else str(each.accounts)
    return f": {accounts} account{'' if each.accounts == 1 else 's'}, {each.sessions} signed in"


def _applications(plan: Plan) -> Iterator[str]:
    for name in plan.reach.applications:
        yield f"application {name}"


def _sign_ins(plan: Plan) -> Iterator[str]:
    if plan.sign_ins is None:
        return
    changed, looked_at = plan.sign_ins.changed, plan.sign_ins.looked_at
    yield ""
    if not changed:
        yield f"Recorded sign-ins: none of {looked_at} would end in another way."
        return
    yield f"Recorded sign-ins: {len(changed)} of {looked_at} would end in another way"
    for each in changed[:_MOST_SIGN_INS]:
        yield from _sign_in(each)
    if len(changed) > _MOST_SIGN_INS:
        yield f"  … and {len(changed) - _MOST_SIGN_INS} more (--json has all)"


def _sign_in(each: ChangedSignIn) -> Iterator[str]:
    decision = each.old if each.old == each.new else f"{each.old} → {each.new}"
    rule = f", by the rule {each.rule}" if each.rule else ""
    yield f"  {each.id} {each.organization or ''}: {decision}{rule}{_at(each.place)}"
    for claim in each.claims:
        old = "not given" if claim.old is None else _value(claim.old)
        new = "not given" if claim.new is None else _value(claim.new)
        what = f"{claim.target} {claim.claim}".strip() or "the answer"
        yield f"    {claim.application} {what}: {old} → {new}"


def plan_as_json(plan: Plan) -> dict[str, Any]:
    """All of it, plainly."""
    return {
        "old": plan.old,
        "new": plan.new,
        "changes": [_plain(change) for change in plan.changes],
        "secrets": list(plan.secrets),
        "effects": [_plain(effect) for effect in plan.effects],
        "refused": [_plain(finding) for finding in plan.refused],
        "restart": [_plain(finding) for finding in plan.restart],
        "organizations": [
            _plain(each) for each in plan.affected or [Affected(name) for name in plan.reach.organizations]
        ],
        "applications": list(plan.reach.applications),
        "sign_ins": _plain(plan.sign_ins),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Location):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return value
