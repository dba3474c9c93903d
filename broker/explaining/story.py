"""Tells a recorded sign-in in the order in which it went: each request, and in it who asked, what was checked, and why.

What it gives are texts and places, for a terminal and for a page alike; the sentences are those of ``words``, which
whoever shows them translates.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from broker.explaining import words
from broker.explaining.recorded import RecordedRequest, SignIn, Verdict
from broker.tracing import Outcome, Step, StepKind

# Characters of one value that are shown.
_MAX_VALUE: Final = 300


@dataclass(frozen=True, slots=True)
class Passage:
    """One step. ``sentence``: of ours, empty where only the name is known. ``place``: file, line and column of a rule.

    ``read``: what it read, and what that was. ``gave``: its value, if it has one.
    """

    kind: StepKind
    group: str
    name: str
    sentence: str
    outcome: Outcome
    place: str
    source: str
    read: tuple[tuple[str, str], ...]
    gave: str
    detail: str

    @property
    def made_by_rule(self) -> bool:
        """Whether it is a field or a claim, which a rule makes, or the broker itself."""
        return self.kind == "claim" or self.group == "attributes"

    @property
    def is_against(self) -> bool:
        """Whether it kept the person out."""
        return self.outcome in ("refused", "failed")


@dataclass(frozen=True, slots=True)
class Section:
    """Steps that belong together. ``application``: the ``client_id``, where they are its claims."""

    title: str
    application: str | None
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Chapter:
    """One request."""

    at: datetime
    milliseconds: int
    title: str
    asked: str
    status: int
    ref: str
    application: str | None
    is_cut: bool
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class Story:
    """A sign-in from its first request to its last. ``refusal``: the step that decided it, if it was refused."""

    sign_in: str
    at: datetime
    verdict: Verdict
    organization: str | None
    applications: tuple[str, ...]
    refusal: Passage | None
    chapters: tuple[Chapter, ...]


def tell(sign_in: SignIn) -> Story:
    """The story of a sign-in."""
    refusal = sign_in.refusal
    return Story(
        sign_in.id,
        sign_in.at,
        sign_in.verdict,
        sign_in.organization,
        sign_in.applications,
        passage(refusal) if refusal is not None else None,
        tuple(_chapter(each) for each in sign_in.requests),
    )


def passage(step: Step) -> Passage:
    """One step."""
    return Passage(
        step.kind,
        step.group,
        step.name,
        words.STEPS.get(
            (step.group, step.name), words.OF_APPLICATIONS.get(step.name, "") if step.kind == "hop" else ""
        ),
        step.outcome,
        str(step.location) if step.location is not None else "",
        step.source,
        tuple((name, shown(value)) for name, value in sorted(step.inputs.items()) if value is not None),
        shown(step.value) if step.value is not None else "",
        step.detail,
    )


def sections(steps: tuple[Step, ...]) -> tuple[Section, ...]:
    """Steps under the heading of their group, in their order."""
    return tuple(
        _section(group, tuple(passage(step) for step in together))
        for group, together in groupby(steps, key=lambda step: step.group)
    )


def shown(value: Any) -> str:
    """A value in one line, as the language of the rules writes it; a long one is cut."""
    if isinstance(value, list | tuple):
        text = f"[{', '.join(shown(member) for member in value)}]"
    elif isinstance(value, Mapping):
        text = f"{{{', '.join(f'{name}: {shown(member)}' for name, member in value.items())}}}"
    else:
        text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MAX_VALUE else text[:_MAX_VALUE] + "…"


def _chapter(request: RecordedRequest) -> Chapter:
    return Chapter(
        request.at,
        request.milliseconds,
        _title(request.asked),
        request.asked,
        request.status,
        request.ref,
        request.application,
        request.is_cut,
        sections(request.steps),
    )


def _title(asked: str) -> str:
    titles = [*words.REQUESTS.values(), words.ANOTHER_REQUEST]
    return titles[words.rank(asked)]


def _section(group: str, passages: tuple[Passage, ...]) -> Section:
    title = words.GROUPS.get(group)
    return Section(words.APPLICATION, group, passages) if title is None else Section(title, None, passages)
