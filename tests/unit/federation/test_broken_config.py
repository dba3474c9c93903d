"""Every seeded mistake of ``tests/data/broken_config`` is told at its line and column, and nothing else is.

A file there begins with ``# file:``, the place that it takes in the good configuration, and for each finding a
``# finds: LINE:COLUMN CODE FRAGMENT``. The lines are those of the file itself.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from broker.federation.findings import Finding
from broker.federation.load import ConfigurationRejected, load
from tests.support.configurations import DATA, ENVIRON, good_configuration

CASES = sorted((DATA / "broken_config").glob("*.yaml"))
# Values of secrets, and those written into the files by mistake.
SECRETS = (*ENVIRON.values(), "hunter2", "correct-horse", "plain-text", "me:pw")
FINDS = re.compile(r"# finds: (\d+):(\d+) (\w+) (.+)")


def findings_of(directory: Path) -> tuple[Finding, ...]:
    try:
        return load(directory, environ=ENVIRON).warnings
    except ConfigurationRejected as rejection:
        return rejection.findings


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_seeded_mistake_is_told_where_it_is_and_nothing_else_is(case: Path, tmp_path: Path) -> None:
    text = case.read_text()
    place = re.search("# file: (.+)", text)
    assert place is not None
    directory = good_configuration(tmp_path / "config")
    target = directory / place.group(1)
    target.write_bytes(case.read_bytes())
    expected = FINDS.findall(text)
    found = findings_of(directory)
    assert [(f.file, f.line, f.column, f.code) for f in found] == [
        (str(target), int(line), int(column), code) for line, column, code, _ in expected
    ]
    for finding, (_, _, _, fragment) in zip(found, expected, strict=True):
        assert fragment in finding.sentence
        assert str(finding).startswith(f"{target}:{finding.line}:{finding.column}: ")
        assert not any(secret in finding.sentence for secret in SECRETS), "a secret is shown"


def test_there_are_enough_seeded_mistakes() -> None:
    assert len(CASES) >= 100
