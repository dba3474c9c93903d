"""What is wrong with a configuration, told so that an administrator can mend it.

ConfigurationRejected            at least one finding is an error
 └─ ConfigurationUnreadable      there is no directory to read at all
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from broker.federation.marks import Mark

Severity = Literal["error", "warning"]

# A shown value is a hint for the eye, not a copy: longer ones are cut.
_SHOWN_CHARACTERS: Final = 60
_SECRET_NAME: Final = re.compile("secret|passw|passphrase|key|token|credential|url", re.IGNORECASE)


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One problem. ``line`` and ``column`` count from 1; ``code`` is the log word of threats CF-01 to CF-07."""

    file: str
    line: int
    column: int
    code: str
    sentence: str
    severity: Severity = "error"

    def __str__(self) -> str:
        word = "warning: " if self.severity == "warning" else ""
        return f"{printable(self.file)}:{self.line}:{self.column}: {word}{self.sentence}"


class ConfigurationRejected(Exception):
    """A reading that must not be used; ``findings`` holds every problem, warnings too, in the order of the files.

    ``marks``: of the files that it names, as they were when they were read.
    """

    def __init__(self, findings: Sequence[Finding], marks: Mapping[Path, Mark] | None = None) -> None:
        self.findings = tuple(findings)
        self.marks = dict(marks or {})
        super().__init__("\n".join(str(finding) for finding in self.findings))


class ConfigurationUnreadable(ConfigurationRejected):
    """The configuration directory is missing or may not be read."""


def has_errors(findings: Iterable[Finding]) -> bool:
    """Whether any finding stops the start."""
    return any(finding.severity == "error" for finding in findings)


# difflib's own cutoff, which takes one slip in a short word and several in a long one.
_CLOSE: Final = 0.6


def suggestion(word: str, known: Iterable[str], closeness: float = _CLOSE) -> str | None:
    """The known word that ``word`` was probably meant to be; ``closeness`` is difflib's ratio, 1 for the same word."""
    by_folded = {_folded(candidate): candidate for candidate in known}
    close = difflib.get_close_matches(_folded(word), by_folded, n=1, cutoff=closeness)
    return by_folded[close[0]] if close else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``, did you mean X`` to end a sentence with, or nothing."""
    meant = suggestion(word, known)
    return f", did you mean {meant}" if meant is not None else ""


def _folded(word: str) -> str:
    return word.lower().replace("-", "_").replace(" ", "_")


def holds_secret(path: Sequence[str | int]) -> bool:
    """Whether a value at this path may be a secret, by the name of its key (threats CF-05)."""
    names = [part for part in path if isinstance(part, str)]
    return bool(names) and _SECRET_NAME.search(names[-1]) is not None


def printable(text: str) -> str:
    """``text`` without anything that a terminal would obey (threats CF-08)."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode("ascii") for c in text)


def shown(text: str) -> str:
    """A value from a file, cut and safe to print, in quotes."""
    cut = text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"
    return f"'{printable(cut)}'"
