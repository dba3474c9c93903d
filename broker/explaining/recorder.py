"""Keeps the record of a request that belongs to a sign-in: redacted, sealed, once, and for a while."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

import structlog

from broker.clock import Clock
from broker.explaining.redaction import Redaction
from broker.explaining.words import GROUPS
from broker.store.state import StateStore, StateUnavailable
from broker.tracing import Record

KIND: Final = "explained"

MOST_BYTES: Final = 512 * 1024
"""Of a record, before it is sealed: four bytes for each character at most, and a wide margin."""
# Characters of JSON, and steps: a sign-in of somebody in 200 groups takes about a fifth of it.
_MAX_CHARACTERS: Final = 64 * 1024
_MAX_STEPS: Final = 200
# A store that did not answer is left alone for so long, so that nobody's answer waits for this.
_REST: Final = timedelta(seconds=10)

# The groups of hops between other parties.
_NOT_APPLICATIONS: Final = frozenset(GROUPS)

_log = structlog.get_logger()


class Sealing(Protocol):
    """Seals bytes so that they open only for the sign-in they belong to."""

    def seal(self, plain: bytes, belongs_to: str) -> bytes: ...

    def open(self, sealed: bytes, belongs_to: str) -> bytes:
        """What was sealed; raises ``ValueError``."""
        ...


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as the edge saw it.

    ``what``: method and route. ``repeats``: an application may send it again and again, so that only the last one of
    each application is kept.
    """

    ref: str
    what: str
    at: datetime
    status: int
    repeats: bool = False


class Recorder:
    """One write for each request of a sign-in, none for any other. It raises nothing."""

    def __init__(
        self, store: StateStore, sealing: Sealing, redaction: Redaction, clock: Clock, keep: timedelta
    ) -> None:
        """``keep``: for how long; nothing is recorded where that is no time at all."""
        self._store = store
        self._sealing = sealing
        self._redaction = redaction
        self._clock = clock
        self._keep = keep
        self._resting_until: datetime | None = None

    @property
    def is_on(self) -> bool:
        return self._keep > timedelta(0)

    def keep(self, record: Record, asked: Asked) -> None:
        """Keeps it, if it belongs to a sign-in."""
        if not self.is_on or not record.sign_in:
            return
        now = self._clock.now()
        if self._resting_until is not None and now < self._resting_until:
            return
        try:
            self._write(record, asked, now)
            self._resting_until = None
        except StateUnavailable as error:
            self._resting_until = now + _REST
            _log.warning("explanation_not_kept", reason="store", detail=str(error), sign_in=record.sign_in)
        except Exception:  # Nobody's sign-in suffers for what only explains it.
            _log.error("explanation_not_kept", reason="error", sign_in=record.sign_in, exc_info=True)

    def _write(self, record: Record, asked: Asked, now: datetime) -> None:
        application = record.sample.get("application") or _who_asked(record)
        whole = Record(record.sign_in, record.steps[:_MAX_STEPS], {**record.sample, "application": application})
        steps, sample, is_whole = self._redaction.of(whole)
        content: dict[str, Any] = {
            "sign_in": record.sign_in,
            "ref": asked.ref,
            "at": asked.at.astimezone(UTC).isoformat(),
            "milliseconds": max(0, (now - asked.at) // timedelta(milliseconds=1)),
            "asked": asked.what,
            "status": asked.status,
            "is_cut": not is_whole or len(record.steps) > _MAX_STEPS,
            "steps": steps,
            "sample": sample if is_whole else _whose(sample),
        }
        key, indexes = _places(record.sign_in, asked, application, sample.get("organization"))
        sealed = self._sealing.seal(_bounded(content).encode("utf-8", "replace"), record.sign_in)
        self._store.put(KIND, key, sealed, self._keep, indexes=indexes)


def _places(sign_in: str, asked: Asked, application: Any, organization: Any) -> tuple[str, list[str]]:
    """The key, and the indexes in which it is found.

    What repeats is written over, and stands in no index that grows: else an application that polls would fill them.
    """
    if asked.repeats:
        return f"{sign_in}.{asked.what}.{application}"[:200], [of_sign_in(sign_in)]
    indexes = [of_sign_in(sign_in), of_ref(asked.ref), of_hour(asked.at)]
    if isinstance(organization, str) and organization:
        indexes.append(of_day(organization, asked.at))
    return f"{sign_in}.{asked.at.astimezone(UTC):%Y%m%dT%H%M%S.%f}.{asked.ref}", indexes


def _who_asked(record: Record) -> str:
    """The application of the first hop that is one's: its group is the client_id."""
    known = (step.group for step in record.steps if step.kind == "hop" and step.group not in _NOT_APPLICATIONS)
    return next(known, "")


def _whose(sample: Mapping[str, Any]) -> dict[str, Any]:
    """What is left of a sample that is too large: nothing that a rule could be applied to."""
    return {name: sample[name] for name in ("organization", "application") if name in sample}


def of_sign_in(sign_in: str) -> str:
    return f"sign-in.{sign_in}"


def of_ref(ref: str) -> str:
    return f"ref.{ref}"


def of_hour(at: datetime) -> str:
    return f"hour.{at.astimezone(UTC):%Y%m%d%H}"


def of_day(organization: str, at: datetime) -> str:
    return f"day.{organization}.{at.astimezone(UTC):%Y%m%d}"


def _bounded(content: dict[str, Any]) -> str:
    """As JSON; what is too large loses what its steps read, then its sample, then steps."""
    if len(text := _text(content)) <= _MAX_CHARACTERS:
        return text
    content = content | {"is_cut": True, "steps": [step | {"inputs": {}} for step in content["steps"]]}
    if len(text := _text(content)) <= _MAX_CHARACTERS:
        return text
    content = content | {"sample": _whose(content["sample"])}
    while len(text := _text(content)) > _MAX_CHARACTERS and content["steps"]:
        content = content | {"steps": content["steps"][: len(content["steps"]) // 2]}
    return text


def _text(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))
