"""The seeded mistakes of ``tests/data/broken_config``, side by side in as few configuration directories as they fit in.

A file there begins with ``# file:``, the place that it takes in the good configuration, and for each finding a
``# finds: LINE:COLUMN CODE FRAGMENT``. The lines are those of the file itself. ``(apart)``: after what cannot be read
or named nothing is concluded of names any more, so that these stand in a directory of their own. So that many fit into
one directory, each gets a customer, a tenant and an application of its own, in names of the same length.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from broker.federation.findings import Finding
from broker.federation.load import ConfigurationRejected, load
from tests.support.configurations import DATA, ENVIRON, good_configuration

FILES = sorted((DATA / "broken_config").glob("*.yaml"))
_PLACE = re.compile(r"# file: (\S+)( \(apart\))?")
_FINDS = re.compile(r"# finds: (\d+):(\d+) (\w+) (.+)")


@dataclass(frozen=True, slots=True)
class Mistake:
    """One seeded mistake, laid out at ``file``. ``expected``: line, column, code, and a fragment of the sentence."""

    name: str
    directory: Path
    file: Path
    expected: tuple[tuple[int, int, str, str], ...]


def lay_out(base: Path) -> list[Mistake]:
    """Writes all of them below ``base``: one directory for most, and one for each that breaks ``broker.yaml``."""
    together, apart = base / "together", base / "apart"
    for directory in (together, apart):
        good_configuration(directory)
    mistakes = []
    for number, source in enumerate(FILES):
        text = source.read_text()
        place = _PLACE.search(text)
        if place is None:
            raise ValueError(f"{source.name} does not say which file it is")
        if place[1] == "broker.yaml":
            directory = base / source.stem
            directory.mkdir()
        else:
            directory = apart if place[2] else together
        file = directory / _own(place[1], number)
        file.write_bytes(_own(source.read_bytes().decode("utf-8"), number).encode())
        expected = tuple((int(line), int(column), code, words) for line, column, code, words in _FINDS.findall(text))
        mistakes.append(Mistake(source.stem, directory, file, expected))
    return mistakes


def _own(text: str, number: int) -> str:
    text = text.replace("helios-shipping", f"helios-ship-{number:03}").replace("reports", f"rep-{number:03}")
    text = text.replace("HELIOS-Shipping", f"HELIOS-Ship-{number:03}")
    return text.replace("2eb1e60b7b83", f"2eb1e60b7{number:03}").replace("shared-rules", f"shared-r-{number:03}")


def find_all(mistakes: Sequence[Mistake]) -> list[Finding]:
    """One run over every directory, with whatever is found."""
    findings: list[Finding] = []
    for directory in dict.fromkeys(mistake.directory for mistake in mistakes):
        try:
            findings += load(directory, environ=ENVIRON).warnings
        except ConfigurationRejected as rejection:
            findings += rejection.findings
    return findings
