"""Expectations against what the rules do, and what two configurations do differently for the same samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from broker.composition.replaying import Apply, replaying
from broker.composition.samples import SampleRefused, from_section
from broker.explaining.replaying import ADMITTED, Replay, Sample
from broker.explaining.story import shown
from broker.federation.configuration import Configuration
from broker.federation.expectations import Expectation


@dataclass(frozen=True, slots=True)
class Failure:
    """What is not as it is expected. ``place``: ``file:line:column`` of the expectation that does not hold."""

    place: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Change:
    """One difference; an absent value is None. ``what``: ``decision``, ``attributes.department``, or
    ``connect userinfo roles``.
    """

    what: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one expectation."""

    name: str
    place: str
    failures: tuple[Failure, ...]
    changes: tuple[Change, ...] = ()


def run(
    expectations: Sequence[Expectation], configuration: Configuration, against: Configuration | None = None
) -> Iterator[Result]:
    """Each expectation, in order. ``against``: a configuration to compare with."""
    apply = replaying(configuration)
    other = replaying(against) if against is not None else None
    applications = {config.client_id for config in configuration.relying_parties}
    for expectation in expectations:
        section = expectation.section
        try:
            sample = from_section(section.sample, configuration)
        except SampleRefused as refusal:
            failed = (Failure(expectation.place("sample"), str(refusal)),)
            yield Result(section.name, expectation.place(), failed)
            continue
        replay = apply(sample)
        failures = tuple(_failures(expectation, replay, applications))
        changes = tuple(_changes(sample, other, replay)) if other is not None else ()
        yield Result(section.name, expectation.place(), failures, changes)


def _failures(expectation: Expectation, replay: Replay, applications: set[str]) -> Iterator[Failure]:
    expect = expectation.section.expect
    if replay.decision != expect.outcome:
        yield Failure(
            expectation.place("expect", "outcome"), f"the outcome is {decision(replay)}, expected {expect.outcome}"
        )
        return
    if expect.rule is not None and replay.rule != expect.rule:
        yield Failure(expectation.place("expect", "rule"), f"it is refused by {_who(replay)}, expected {expect.rule}")
    for name, text in expect.attributes.items():
        if replay.fields.get(name) != text:
            filled = _or_nothing(replay.fields.get(name))
            sentence = f"{name} is {filled}{_source(replay, name)}, expected {shown(text)}"
            yield Failure(expectation.place("expect", "attributes", name), sentence)
    for number, name in enumerate(expect.empty):
        if name in replay.fields:
            sentence = f"{name} is {shown(replay.fields[name])}{_source(replay, name)}, expected nothing"
            yield Failure(expectation.place("expect", "empty", number), sentence)
    for number, claims in enumerate(expect.claims):
        path = ("expect", "claims", number)
        who, target = claims.application, claims.target
        if who not in applications:
            yield Failure(expectation.place(*path, "application"), f"there is no application {who}")
            continue
        if who in replay.refused:
            yield Failure(expectation.place(*path), f"{who} gets no answer: {replay.refused[who]}")
            continue
        for name, value in claims.gives.items():
            found = replay.claims.get((who, target, name))
            if not _is_same(found, value):
                sentence = f"{who} gets {_or_nothing(found)} as {name} in {target}, expected {shown(value)}"
                yield Failure(expectation.place(*path, "gives", name), sentence)
        for index, name in enumerate(claims.withholds):
            if (who, target, name) in replay.claims:
                found = replay.claims[who, target, name]
                sentence = f"{who} gets {shown(found)} as {name} in {target}, expected nothing"
                yield Failure(expectation.place(*path, "withholds", index), sentence)


def _changes(sample: Sample, other: Apply, new: Replay) -> Iterator[Change]:
    old = other(sample)
    if (old.decision, old.rule) != (new.decision, new.rule):
        yield Change("decision", decision(old), decision(new))
    for name in sorted({*old.fields, *new.fields}):
        if old.fields.get(name) != new.fields.get(name):
            yield Change(f"attributes.{name}", _value(old.fields.get(name)), _value(new.fields.get(name)))
    for who in sorted({*old.refused, *new.refused}):
        if old.refused.get(who) != new.refused.get(who):
            yield Change(f"{who} refused", old.refused.get(who), new.refused.get(who))
    for key in sorted({*old.claims, *new.claims}):
        was, will = old.claims.get(key), new.claims.get(key)
        if not _is_same(was, will):
            yield Change(" ".join(key), _value(was), _value(will))


def decision(replay: Replay) -> str:
    """The outcome, and who refused where."""
    return ADMITTED if replay.decision == ADMITTED else f"{replay.decision} (by {_who(replay)})"


def _who(replay: Replay) -> str:
    return f"{replay.rule or 'nobody'}, {replay.place}" if replay.place is not None else replay.rule or "nobody"


def _source(replay: Replay, name: str) -> str:
    return f" (from {replay.sources[name]})" if name in replay.sources else ""


def _is_same(found: Any, value: Any) -> bool:
    """Alike and of one type: 1 is not true, and not the text 1."""
    return type(found) is type(value) and found == value


def _or_nothing(value: Any) -> str:
    return "nothing" if value is None else shown(value)


def _value(value: Any) -> str | None:
    return None if value is None else shown(value)
