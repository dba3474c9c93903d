"""What claim rules are expected to do: the files in ``config/claim_rules/tests``, which ``broker rules test`` runs.

No broker reads them. They are as strict as the configuration: a mistyped key would be an expectation that holds always.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from broker.federation.documents import Document, read_document
from broker.federation.expectation_shapes import ExpectationSection, RuleTests
from broker.federation.findings import ConfigurationRejected, Finding, has_errors
from broker.federation.items import Item
from broker.federation.sections import validate

FOLDER: Final = ("claim_rules", "tests")
_SUFFIXES: Final = (".yaml", ".yml")
_MAX_FILE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Expectation:
    """One expectation, with the file that it stands in and its number there."""

    section: ExpectationSection
    document: Document
    number: int

    def place(self, *path: str | int) -> str:
        """``file:line:column`` of a key within it."""
        line, column = self.document.key_place(("expectations", self.number, *path))
        return f"{self.document.file}:{line}:{column}"


def read_expectations(directory: Path) -> tuple[Expectation, ...]:
    """Those beside the rules of a configuration, in the order of the files; none if there is no folder.

    Raises ``ConfigurationRejected`` with every mistake in them.
    """
    folder = directory.joinpath(*FOLDER)
    findings: list[Finding] = []
    expectations: list[Expectation] = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.suffix not in _SUFFIXES or path.name.startswith((".", "~", "#")) or not path.is_file():
            continue
        item = _item(path, findings)
        if item is not None and isinstance(item.model, RuleTests):
            each = enumerate(item.model.expectations)
            expectations += [Expectation(section, item.document, number) for number, section in each]
    if has_errors(findings):
        raise ConfigurationRejected(findings)
    return tuple(expectations)


def _item(path: Path, findings: list[Finding]) -> Item | None:
    try:
        with path.open("rb") as opened:
            content = opened.read(_MAX_FILE + 1)
    except OSError as error:
        findings.append(Finding(str(path), 1, 1, "file", f"it cannot be read: {error.strerror}"))
        return None
    document, told = read_document(str(path), content)
    findings += told
    if document is None:
        return None
    item = validate("claim_rules", document, RuleTests)
    findings += item.findings
    return item
