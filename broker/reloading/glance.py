"""How the configuration looks from outside: whether anything changed is seen without reading it.

Looked at again and again rather than announced by the kernel: changes in a network mount, or of a file that a link
leads to in another folder, are announced to nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from broker.federation.files import find_sources
from broker.federation.findings import ConfigurationUnreadable
from broker.federation.marks import Mark, mark_of


@dataclass(frozen=True, slots=True)
class Glance:
    """``sources``: each configuration file by its name; ``named``: each file that they name, secrets and certificates.

    Temporary files of editors are not among them, so that they change nothing.
    """

    sources: Mapping[str, Mark]
    named: Mapping[Path, Mark]

    @classmethod
    def at(cls, directory: Path, named: Iterable[Path] = ()) -> Self:
        """As it looks now; that there is nothing to look at is a look as well."""
        try:
            sources, findings = find_sources(directory)
        except ConfigurationUnreadable as unreadable:
            return cls({str(directory): str(unreadable)}, {})
        marks = {source.name: mark_of(source.path) for source in sources}
        folders = {finding.file: finding.sentence for finding in findings if finding.severity == "error"}
        return cls(marks | folders, {path: mark_of(path) for path in named})
