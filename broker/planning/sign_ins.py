"""Recorded sign-ins under both configurations: whose decision, and whose claims, are others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from broker.explaining.recorded import SignIn
from broker.explaining.replaying import Replay, Sample
from broker.location import Location

Apply = Callable[[Sample], Replay]
"""Replays samples under one configuration."""


@dataclass(frozen=True, slots=True)
class ClaimChange:
    """One claim that an application is told; None where it is not given. ``claim`` is empty where the whole answer is
    refused to it, and the values are the reasons.
    """

    application: str
    target: str
    claim: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class ChangedSignIn:
    """One sign-in for which something is different. ``old`` and ``new``: ``admitted``, or the reason of the refusal.
    ``rule`` and ``place`` are of the refusal that comes, or else of the one that goes; the place is None for what is
    built in.
    """

    id: str
    organization: str | None
    old: str
    new: str
    rule: str = ""
    place: Location | None = None
    claims: Sequence[ClaimChange] = ()


@dataclass(frozen=True, slots=True)
class Compared:
    """``looked_at``: to how many sign-ins enough is known to apply rules."""

    changed: Sequence[ChangedSignIn]
    looked_at: int


def compare_sign_ins(sign_ins: Iterable[SignIn], old: Apply, new: Apply) -> Compared:
    """What would become of each. Of what each names, nothing but its id and its organisation is told: what was recorded
    is redacted.
    """
    changed: list[ChangedSignIn] = []
    looked_at = 0
    for sign_in in sign_ins:
        try:
            sample = replace(Sample.recorded(sign_in.sample), application=None)
        except ValueError:
            continue
        looked_at += 1
        found = _compare(sign_in, old(sample), new(sample))
        if found is not None:
            changed.append(found)
    return Compared(changed, looked_at)


def _compare(sign_in: SignIn, old: Replay, new: Replay) -> ChangedSignIn | None:
    asked = frozenset(sign_in.applications)
    claims = tuple(change for change in _claims(old, new) if change.application in asked)
    if old.decision == new.decision and not claims:
        return None
    refusal = new if new.rule else old
    return ChangedSignIn(
        sign_in.id, sign_in.organization, old.decision, new.decision, refusal.rule, refusal.place, claims
    )


def _claims(old: Replay, new: Replay) -> Iterator[ClaimChange]:
    if old.decision != new.decision:  # Then nothing, or everything, is told; which is no news.
        return
    for client_id, was, will in _different(old.refused, new.refused):
        yield ClaimChange(client_id, "", "", was, will)
    refused = {*old.refused, *new.refused}
    for (client_id, target, claim), was, will in _different(old.claims, new.claims):
        if client_id not in refused:
            yield ClaimChange(client_id, target, claim, was, will)


def _different(old: Mapping[Any, Any], new: Mapping[Any, Any]) -> Iterator[tuple[Any, Any, Any]]:
    for key in sorted({*old, *new}):
        if old.get(key) != new.get(key):
            yield key, old.get(key), new.get(key)
