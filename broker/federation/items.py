"""One file while it is checked: what is written in it, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from broker.federation.documents import Document, Path
from broker.federation.findings import Finding, Severity, printable
from broker.federation.scalars import Place
from broker.federation.schema import ItemKind
from broker.federation.shapes import Section
from broker.location import Location


@dataclass(slots=True)
class Item:
    """One file with what is wrong with it. ``model`` is set when nothing is. ``root``: its shape, if it is not the one
    of its kind.
    """

    kind: ItemKind
    document: Document
    findings: list[Finding] = field(default_factory=list)
    bad: set[Path] = field(default_factory=set)
    model: Section | None = None
    root: type[Section] | None = None

    def get(self, *path: str | int) -> Any:
        """The written value at ``path``, or None if there is none or it has a finding at, above or below it."""
        return self.written(*path) if self._is_good(path) else None

    def texts(self, *path: str | int) -> list[tuple[Path, str]]:
        """The good items of a list of texts, each with its path; also of a list in which others are bad."""
        value = self.written(*path)
        if not isinstance(value, list):
            return []
        each = (((*path, index), item) for index, item in enumerate(value))
        return [(where, item) for where, item in each if isinstance(item, str) and self._is_good(where)]

    def written(self, *path: str | int) -> Any:
        """What stands at ``path``, right or wrong; None if nothing does."""
        value: Any = self.document.data
        for part in path:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def entries(self, *path: str | int) -> Iterator[Path]:
        """The path of each section in a list of sections, right or wrong."""
        value = self.written(*path)
        for index, one in enumerate(value if isinstance(value, list) else ()):
            if isinstance(one, dict):
                yield (*path, index)

    def location(self, path: Path) -> Location:
        """Where the value is."""
        return Location(self.document.file, *self.document.place(path))

    def line(self, path: Path, *, at_key: bool = False) -> str:
        """The same, as another finding refers to it."""
        place = self.document.key_place(path) if at_key else self.document.place(path)
        return f"{printable(self.document.file)}:{place[0]}"

    def _is_good(self, path: Path) -> bool:
        return not any(bad[: len(path)] == path or path[: len(bad)] == bad for bad in self.bad)

    def report(
        self, path: Path, code: str, sentence: str, *, at_key: bool = False, severity: Severity = "error"
    ) -> None:
        """Adds a finding about a value that is right in itself."""
        place = self.document.key_place(path) if at_key else self.document.place(path)
        self.report_at(place, code, sentence, severity=severity)

    def report_at(self, place: Place, code: str, sentence: str, *, severity: Severity = "error") -> None:
        """Adds a finding about something within a value."""
        self.findings.append(Finding(self.document.file, *place, code, sentence, severity))

    def refuse(self, path: Path, code: str, sentence: str, *, at_key: bool = False) -> None:
        """Adds an error about a value from which nothing further is to be concluded."""
        self.report(path, code, sentence, at_key=at_key)
        self.bad.add(path)


def of_kind(items: Sequence[Item], kind: ItemKind) -> list[Item]:
    """The files of one kind, in their order."""
    return [item for item in items if item.kind == kind]
