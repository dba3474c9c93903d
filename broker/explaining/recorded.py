"""What was recorded, as values: a request, and the sign-in that requests belong to."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final, Literal

from broker.explaining.words import rank
from broker.location import Location
from broker.tracing import Step

# As ``entropy.readable`` writes them, and as people do.
_SHORT_ID: Final = re.compile(r"[0-9A-HJKMNP-TV-Z]{8}")
_MISREAD: Final = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})

_ERROR: Final = 400
# Of several steps that refused, the first of these kinds is why.
_DECIDING: Final = ("rule", "check", "claim", "hop")

Verdict = Literal["signed_in", "refused", "under_way"]


def short_id(text: str) -> str | None:
    """The id that somebody typed, in its own spelling: capitals, a dash in the middle; None if it is none."""
    bare = text.strip().upper().translate(_MISREAD)
    return f"{bare[:4]}-{bare[4:]}" if _SHORT_ID.fullmatch(bare) else None


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """One request of a sign-in, redacted.

    ``ref``: its own reference id. ``asked``: method and route, such as ``POST /token``; never an address with what was
    sent in it. ``sample``: what the rules can be applied to once more. ``is_cut``: it was too large to be kept whole.
    """

    sign_in: str
    ref: str
    at: datetime
    milliseconds: int
    asked: str
    status: int
    steps: tuple[Step, ...] = ()
    sample: dict[str, Any] = field(default_factory=dict)
    is_cut: bool = False

    @property
    def organization(self) -> str | None:
        """The organisation that it was about, as far as it was known."""
        name = self.sample.get("organization")
        return name if isinstance(name, str) and name else None

    @property
    def application(self) -> str | None:
        """The ``client_id`` of the application that it was about."""
        name = self.sample.get("application")
        return name if isinstance(name, str) and name else None

    @property
    def verdict(self) -> Verdict:
        """What it decided: by the last step that decides anything.

        A claim that could not be made decides only where the application got nothing at all.
        """
        for step in reversed(self.steps):
            if step.kind != "claim" and step.group == "session" and step.outcome in ("done", "passed"):
                return "signed_in"
            if self._is_against(step):
                return "refused"
        return "under_way"

    @property
    def refusal(self) -> Step | None:
        """The rule or check that refused, else what else did; None if nothing was refused in the end."""
        if self.verdict != "refused":
            return None
        against = [step for step in self.steps if self._is_against(step)]
        return min(reversed(against), key=lambda step: _DECIDING.index(step.kind))

    def _is_against(self, step: Step) -> bool:
        decides = step.kind != "claim" or self.status >= _ERROR
        return decides and step.outcome in ("refused", "failed")


@dataclass(frozen=True, slots=True)
class SignIn:
    """All that was kept of one sign-in: its requests, in their order."""

    id: str
    requests: tuple[RecordedRequest, ...]

    @property
    def at(self) -> datetime:
        """When it began."""
        return self.requests[0].at

    @property
    def organization(self) -> str | None:
        return next((each.organization for each in reversed(self.requests) if each.organization), None)

    @property
    def applications(self) -> tuple[str, ...]:
        """Those that asked in it, in the order in which they did."""
        return tuple(dict.fromkeys(filter(None, (each.application for each in self.requests))))

    @property
    def verdict(self) -> Verdict:
        """How it stands: by the last request that decided anything."""
        found = (each.verdict for each in reversed(self.requests))
        return next((verdict for verdict in found if verdict != "under_way"), "under_way")

    @property
    def refusal(self) -> Step | None:
        """The step that refused it, if that is how it stands."""
        if self.verdict != "refused":
            return None
        return next(filter(None, (each.refusal for each in reversed(self.requests))))

    @property
    def sample(self) -> dict[str, Any]:
        """What the upstream and the directory said, redacted: what was said last counts."""
        merged: dict[str, Any] = {}
        for each in self.requests:
            merged.update(each.sample)
        return merged

    def seen_by(self, organization: str) -> SignIn | None:
        """What an administrator of this organisation may see of it: nothing of another one; None if that is all.

        A request that does not say whose it is belongs to the organisation that the ones before it were about.
        """
        own: list[RecordedRequest] = []
        whose: str | None = None
        for each in self.requests:
            whose = each.organization or whose
            if whose in (None, organization):
                own.append(each)
        if not any(each.organization == organization for each in own):
            return None
        return replace(self, requests=tuple(own))


# -- to and from bytes --------------------------------------------------------------------------------------------


def as_json(request: RecordedRequest) -> dict[str, Any]:
    """Plain values, as they are kept, exported and printed."""
    return {
        "sign_in": request.sign_in,
        "ref": request.ref,
        "at": request.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "milliseconds": request.milliseconds,
        "asked": request.asked,
        "status": request.status,
        "is_cut": request.is_cut,
        "steps": [step_as_json(step) for step in request.steps],
        "sample": request.sample,
    }


def step_as_json(step: Step) -> dict[str, Any]:
    place = step.location
    return {
        "kind": step.kind,
        "group": step.group,
        "name": step.name,
        "outcome": step.outcome,
        "location": [place.file, place.line, place.column] if place is not None else None,
        "source": step.source,
        "inputs": dict(step.inputs),
        "value": step.value,
        "detail": step.detail,
    }


def from_bytes(content: bytes) -> RecordedRequest:
    """What was kept; raises ``ValueError``, ``KeyError`` or ``TypeError`` for anything else."""
    kept = json.loads(content)
    steps = [each | {"location": Location(*each["location"]) if each["location"] else None} for each in kept["steps"]]
    return RecordedRequest(
        **{**kept, "at": datetime.fromisoformat(kept["at"]), "steps": tuple(Step(**each) for each in steps)}
    )


def in_order(requests: Sequence[RecordedRequest]) -> tuple[RecordedRequest, ...]:
    """By time; of the same moment as they follow each other in a sign-in."""
    return tuple(sorted(requests, key=lambda each: (each.at, rank(each.asked), each.ref)))
