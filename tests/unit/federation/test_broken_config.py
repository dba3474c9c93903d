"""Every seeded mistake of ``tests/data/broken_config`` is told at its file, line and column, and nothing else is."""

from __future__ import annotations

import pytest

from broker.federation.findings import Finding
from tests.support.configurations import ENVIRON
from tests.support.seeded_mistakes import FILES, Mistake, find_all, lay_out

# Values of secrets, and those written into the files by mistake.
SECRETS = (*ENVIRON.values(), "hunter2", "correct-horse", "plain-text", "me:pw", "eyJhbGci", "MIIEvQ", "pY~8Q", "kT9v")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Mistake], list[Finding]]:
    mistakes = lay_out(tmp_path_factory.mktemp("broken"))
    return {mistake.name: mistake for mistake in mistakes}, find_all(mistakes)


@pytest.mark.parametrize("name", [file.stem for file in FILES])
def test_a_seeded_mistake_is_told_where_it_is_and_nothing_else_is(
    run: tuple[dict[str, Mistake], list[Finding]], name: str
) -> None:
    mistakes, findings = run
    mistake = mistakes[name]
    found = [finding for finding in findings if finding.file == str(mistake.file)]
    assert [(f.line, f.column, f.code) for f in found] == [e[:3] for e in mistake.expected], found
    for finding, (_, _, _, fragment) in zip(found, mistake.expected, strict=True):
        assert fragment in finding.sentence
        assert str(finding).startswith(f"{mistake.file}:{finding.line}:{finding.column}: ")


def test_what_is_right_beside_the_mistakes_stays_untold(run: tuple[dict[str, Mistake], list[Finding]]) -> None:
    mistakes, findings = run
    files = {str(mistake.file) for mistake in mistakes.values()}
    assert [finding for finding in findings if finding.file not in files] == []


def test_no_secret_is_shown(run: tuple[dict[str, Mistake], list[Finding]]) -> None:
    _, findings = run
    assert not [finding for finding in findings for secret in SECRETS if secret in finding.sentence]


def test_there_are_enough_seeded_mistakes() -> None:
    assert len(FILES) >= 100
