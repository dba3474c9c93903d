"""Files to configuration: all or nothing, and everything that is wrong is told at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from broker.clock import Clock, SystemClock
from broker.federation.compiling import compile_rules
from broker.federation.configuration import Configuration
from broker.federation.conflicts import report_conflicts
from broker.federation.documents import Document, read_document
from broker.federation.files import Reading, read_all, strange_entries
from broker.federation.findings import ConfigurationRejected, ConfigurationUnreadable, Finding, has_errors
from broker.federation.items import Item
from broker.federation.leaks import Leak, find_leaks, findings_of, without
from broker.federation.model import BrokerConfig, OrganizationConfig, RelyingPartyConfig
from broker.federation.references import References
from broker.federation.rule_shapes import ClaimRules
from broker.federation.schema import ItemKind
from broker.federation.sections import validate
from broker.federation.shapes import Section
from broker.location import Location

__all__ = [
    "Configuration",
    "ConfigurationRejected",
    "ConfigurationUnreadable",
    "Finding",
    "Location",
    "load",
]


def load(
    directory: Path,
    *,
    environ: Mapping[str, str],
    clock: Clock | None = None,
    reading: Reading | None = None,
    follow: bool = True,
) -> Configuration:
    """The configuration in ``directory``, with secrets from ``environ`` and from the files that it names.

    Raises ``ConfigurationRejected`` with every finding of every file if any is an error, and its child
    ``ConfigurationUnreadable`` if there is no directory to read. Warnings alone stand in ``Configuration.warnings``.
    ``clock`` judges certificates; the machine's own if left out. ``reading``: the files as they were at another moment
    or place; what they name, secrets and certificates, is read now. ``follow``: False where only what the files
    themselves say is wanted, such as rules, on a machine that has none of the secrets. Nothing is written and nothing
    is cached.
    """
    is_of_now = reading is None
    reading = reading or read_all(directory)
    findings = list(reading.findings)
    items: list[Item] = []
    unread: set[ItemKind] = set()
    leaks: dict[str, list[Leak]] = {}
    for source in reading.sources:
        content = reading.contents[source.name]
        document: Document | None = None
        if isinstance(content, Finding):
            findings.append(content)
        else:
            document, told = read_document(source.name, content)
            findings += told
            leaks[source.name] = find_leaks(document.text if document else content.decode("utf-8", "replace"))
        if document is None:
            unread.add(source.kind)
        else:
            items.append(validate(source.kind, document))
    report_conflicts(items, unread)
    compiled = compile_rules(items)
    references = References(directory, environ, (clock or SystemClock()).now())
    if follow:
        references.examine(items)
    if is_of_now and follow:
        findings += strange_entries(directory, references.used)
    findings += [finding for item in items for finding in item.findings]
    findings = _told_without_secrets(findings, leaks)
    if has_errors(findings):
        raise ConfigurationRejected(findings, references.marks)
    return Configuration(
        directory=directory,
        broker=_models(items, BrokerConfig)[0],
        organizations=_models(items, OrganizationConfig),
        relying_parties=_models(items, RelyingPartyConfig),
        claim_rules=_models(items, ClaimRules),
        compiled=compiled,
        warnings=tuple(findings),
        secrets=references.secrets,
        documents={(item.kind, _name(item)): item.document for item in items},
        reading=reading,
        marks=references.marks,
    )


def _told_without_secrets(findings: Sequence[Finding], leaks: Mapping[str, Sequence[Leak]]) -> list[Finding]:
    every = [leak for each in leaks.values() for leak in each]
    told = [without(finding, every) for finding in findings] if every else list(findings)
    for file, found in leaks.items():
        told += findings_of(file, found, told)
    return sorted(told)


_S = TypeVar("_S", bound=Section)


def _models(items: Sequence[Item], kind: type[_S]) -> tuple[_S, ...]:
    return tuple(item.model for item in items if isinstance(item.model, kind))


def _name(item: Item) -> str:
    match item.model:
        case OrganizationConfig(organization=name):
            return name
        case RelyingPartyConfig(client_id=name):
            return name
        case ClaimRules(claim_rules=name):
            return name
        case _:
            return ""
