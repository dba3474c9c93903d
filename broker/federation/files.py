"""Which files are configuration. Editors' temporary files, hidden files and Kubernetes' ``..data`` are passed over.

What looks like a mistake, a folder ``organisations`` or a file ``acme.yaml.txt``, is told and not silently left out.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from broker.federation.documents import MAX_BYTES
from broker.federation.findings import ConfigurationUnreadable, Finding, did_you_mean, printable
from broker.federation.schema import ItemKind

FOLDERS: Final[dict[str, ItemKind]] = {
    "claim_rules": "claim_rules",
    "organizations": "organization",
    "relying_parties": "relying_party",
}

SCHEMAS: Final = "schema"
"""The folder of the JSON Schemas, which are there for editors."""
# Below claim_rules: what ``broker rules test`` expects of the rules.
_EXPECTATIONS: Final = "tests"

_SUFFIXES: Final = (".yaml", ".yml")
_BROKER: Final = ("broker.yaml", "broker.yml")
_TEMPORARY_ENDINGS: Final = ("~", ".swp", ".swo", ".swx", ".tmp", ".bak", ".orig", ".rej", ".part")
_TEMPORARY_BEGINNINGS: Final = (".", "#", "~")
_DOCUMENTATION: Final = (".md", ".txt", ".rst")


@dataclass(frozen=True, slots=True)
class Source:
    """One file that is configuration; ``name`` is its path as findings show it."""

    kind: ItemKind
    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class Reading:
    """The bytes of all configuration files at one moment; two readings are equal if nothing changed in between.

    ``contents``: by the name of the source; the finding that says why, where a file could not be read. ``findings``:
    what is wrong with the folders themselves.
    """

    sources: tuple[Source, ...]
    contents: Mapping[str, bytes | Finding]
    findings: tuple[Finding, ...] = ()


def read_all(directory: Path) -> Reading:
    """What lies in ``directory`` now; raises ``ConfigurationUnreadable`` without a directory to read."""
    sources, findings = find_sources(directory)
    return Reading(tuple(sources), {source.name: read_source(source) for source in sources}, tuple(findings))


def find_sources(directory: Path) -> tuple[list[Source], list[Finding]]:
    """Every configuration file in a fixed order; raises ``ConfigurationUnreadable`` without a directory to read."""
    entries = _entries(directory, required=True)
    findings: list[Finding] = []
    sources = [Source("broker", str(directory / name), directory / name) for name in _BROKER if name in entries]
    if not sources:
        near = did_you_mean("broker", [Path(name).stem for name in entries if name.endswith(_SUFFIXES)])
        hint = f"{near}, which is there?" if near else "; docs/configuration.md says what it holds"
        findings.append(Finding(str(directory / _BROKER[0]), 1, 1, "missing", f"the file is missing{hint}"))
    if len(sources) > 1:
        extra = sources.pop()
        findings.append(Finding(extra.name, 1, 1, "conflict", "broker.yaml is there as well; keep one of the two"))
    for folder, kind in FOLDERS.items():
        if folder in entries:
            inside, told = _folder(directory / folder, kind)
            sources += inside
            findings += told
    return sources, findings


def _folder(folder: Path, kind: ItemKind) -> tuple[list[Source], list[Finding]]:
    sources: list[Source] = []
    findings: list[Finding] = []
    if not folder.is_dir():
        return [], [Finding(str(folder), 1, 1, "file", "this must be a folder")]
    try:
        names = _entries(folder, required=False)
    except OSError as error:
        return [], [Finding(str(folder), 1, 1, "file", _cannot(error))]
    for name in names:
        path = folder / name
        if name.endswith(_SUFFIXES) and not path.is_dir():
            sources.append(Source(kind, str(path), path))
        elif kind == "claim_rules" and name == _EXPECTATIONS and path.is_dir():
            continue
        elif not name.endswith(_DOCUMENTATION) or ".yaml." in name or ".yml." in name:
            sentence = "not read: only files that end in .yaml or .yml are, and none in folders below"
            findings.append(Finding(str(path), 1, 1, "file", sentence, "warning"))
    return sources, findings


def strange_entries(directory: Path, used: set[Path]) -> Iterator[Finding]:
    """A warning for whatever lies in the configuration directory and is neither configuration nor named by it."""
    known = {*_BROKER, *FOLDERS, SCHEMAS}
    for name in _entries(directory, required=True):
        path = directory / name
        # A database has files beside it (-wal, -shm, -journal), and a folder may hold what is named.
        named = any(use == path or path in use.parents or name.startswith(use.name + "-") for use in used)
        if name in known or named or name.endswith(_DOCUMENTATION):
            continue
        what = "folder" if path.is_dir() else "file"
        # Names without their ending: every .yaml file would look a little like broker.yaml.
        hint = did_you_mean(name, FOLDERS) if path.is_dir() else did_you_mean(path.stem, ["broker"])
        yield Finding(str(path), 1, 1, "file", f"an unknown {what}, which is not read{hint}", "warning")


def read_source(source: Source) -> bytes | Finding:
    """The content, no more than a little over what is allowed, or the finding that says why it cannot be had."""
    try:
        if not source.path.is_file():
            return Finding(source.name, 1, 1, "file", "not a regular file, or a link that leads nowhere")
        with source.path.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except OSError as error:
        return Finding(source.name, 1, 1, "file", _cannot(error))


def _entries(directory: Path, *, required: bool) -> list[str]:
    try:
        names = sorted(os.listdir(directory))
    except OSError as error:
        if not required:
            raise
        raise ConfigurationUnreadable([Finding(str(directory), 1, 1, "file", _cannot(error))]) from error
    return [n for n in names if not n.startswith(_TEMPORARY_BEGINNINGS) and not n.endswith(_TEMPORARY_ENDINGS)]


def _cannot(error: OSError) -> str:
    return f"cannot be read: {printable((error.strerror or 'unknown reason').lower())}"
