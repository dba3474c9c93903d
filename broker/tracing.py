"""What happened in a sign-in, noted while it happens, so that it can be explained afterwards.

Like a log line, a step is noted where it happens and is no argument of anything: ``note`` adds it to the record of the
request at hand, and does nothing where none is being made. What becomes of a record, redaction and sealing included, is
decided where the request ends (``broker.explaining``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from broker.location import Location

StepKind = Literal["hop", "check", "rule", "claim"]
Outcome = Literal["done", "passed", "refused", "failed", "released", "withheld"]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened.

    ``kind``: a ``hop`` between parties, a ``check`` that is built in, a ``rule`` of the configuration, or a ``claim``
    that an application got. ``group`` says where it belongs: ``upstream``, ``require``, ``attributes``, ``gate``,
    ``admit``, ``provisioning``, ``session``, or the ``client_id`` of the application. ``failed`` is a rule that could
    not be decided. ``inputs`` are what a rule read, by the name of the variable; ``value`` is what it gave.
    """

    kind: StepKind
    group: str
    name: str
    outcome: Outcome
    location: Location | None = None
    source: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    value: Any = None
    detail: str = ""


@dataclass(slots=True)
class Record:
    """What is noted of one request. ``sign_in``: the short id of the sign-in that it belongs to, empty if to none.

    ``sample``: what the upstream and the directory said, from which the rules can be applied once more.
    """

    sign_in: str = ""
    steps: list[Step] = field(default_factory=list)
    sample: dict[str, Any] = field(default_factory=dict)


_CURRENT: Final[ContextVar[Record | None]] = ContextVar("record", default=None)


def begin() -> Record:
    """Starts the record of a request, in place of any other."""
    record = Record()
    _CURRENT.set(record)
    return record


def end() -> Record | None:
    """The record of the request at hand, which is being made no longer."""
    record = _CURRENT.get()
    _CURRENT.set(None)
    return record


@contextmanager
def apart() -> Iterator[Record]:
    """A record of its own, of something that belongs to no request; the one at hand goes on afterwards."""
    record = Record()
    token = _CURRENT.set(record)
    try:
        yield record
    finally:
        _CURRENT.reset(token)


def belongs_to(sign_in: str) -> None:
    """The request at hand is part of this sign-in."""
    record = _CURRENT.get()
    if record is not None and sign_in:
        record.sign_in = sign_in


def note(step: Step) -> None:
    """Adds a step."""
    record = _CURRENT.get()
    if record is not None:
        record.steps.append(step)


def hop(group: str, name: str, outcome: Outcome = "done", *, detail: str = "", **inputs: Any) -> None:
    """Notes that something went from one party to another; ``inputs`` are safe to keep: never a code or a token."""
    if _CURRENT.get() is not None:
        note(Step("hop", group, name, outcome, inputs=inputs, detail=detail))


def check(group: str, name: str, outcome: Outcome = "passed", *, detail: str = "", **inputs: Any) -> None:
    """Notes what a check that is built in found, as ``hop`` does."""
    if _CURRENT.get() is not None:
        note(Step("check", group, name, outcome, inputs=inputs, detail=detail))


def is_recording() -> bool:
    """Whether anything that is noted is kept: what costs something to say need not be said otherwise."""
    return _CURRENT.get() is not None


def lacks(group: str) -> bool:
    """Whether a record is being made that has nothing of this group yet: what is asked again is noted once."""
    record = _CURRENT.get()
    return record is not None and not any(step.group == group for step in record.steps)


@contextmanager
def quietly() -> Iterator[None]:
    """Nothing is noted meanwhile: what is asked again was noted when it was asked first."""
    record = _CURRENT.get()
    token = _CURRENT.set(Record(record.sign_in) if record is not None else None)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def remember(**sample: Any) -> None:
    """Adds to the sample: plain values that JSON can hold."""
    record = _CURRENT.get()
    if record is not None:
        record.sample.update(sample)


def sign_in() -> str:
    """The id of the sign-in that the request at hand belongs to; empty if it belongs to none."""
    record = _CURRENT.get()
    return record.sign_in if record is not None else ""
