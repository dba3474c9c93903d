"""What a proof found, dated, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Verdict = Literal["shut", "open", "untried", "allowed"]
"""``shut``: the probe was refused and the control let in. ``open``: the probe was let in. ``untried``: the attempt
proves nothing, because the control was refused as well or could not be made. ``allowed``: the one way in, or the
break-glass while its window is open, as it should be.
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One attempt: whether it let somebody in, and what was answered, in a few words without any secret."""

    let_in: bool
    answer: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One door: what was tried, and the answers to the probe and to the control."""

    door: str
    tried: str
    verdict: Verdict
    answer: str
    control: str


@dataclass(frozen=True, slots=True)
class Report:
    """All doors of one organisation at one time."""

    organization: str
    at: datetime
    broker: str
    federated: bool
    findings: Sequence[Finding]

    @property
    def holds(self) -> bool:
        """Whether the organisation is federated and no door is open or untried."""
        return self.federated and all(finding.verdict in ("shut", "allowed") for finding in self.findings)

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "organization": self.organization,
            "at": self.at.isoformat(timespec="seconds"),
            "broker": self.broker,
            "federated": self.federated,
            "holds": self.holds,
            "doors": [
                {
                    "door": finding.door,
                    "tried": finding.tried,
                    "verdict": finding.verdict,
                    "answer": finding.answer,
                    "control": finding.control,
                }
                for finding in self.findings
            ],
        }


def judge(probe: Outcome | None, control: Outcome | None) -> Verdict:
    """The verdict on a pair of attempts; None is an attempt that could not be made."""
    if probe is not None and probe.let_in:
        return "open"
    if probe is None or control is None or not control.let_in:
        return "untried"
    return "shut"
