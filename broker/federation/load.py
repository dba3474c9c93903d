"""Files to configuration: all or nothing, and everything that is wrong is told at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from broker.clock import Clock, SystemClock
from broker.federation.configuration import Configuration
from broker.federation.conflicts import report_conflicts
from broker.federation.documents import Document, read_document
from broker.federation.files import find_sources, read_source, strange_entries
from broker.federation.findings import ConfigurationRejected, ConfigurationUnreadable, Finding, has_errors
from broker.federation.model import BrokerConfig, OrganizationConfig, RelyingPartyConfig, Section
from broker.federation.references import References
from broker.federation.schema import ItemKind
from broker.federation.sections import Item, validate
from broker.location import Location

__all__ = [
    "Configuration",
    "ConfigurationRejected",
    "ConfigurationUnreadable",
    "Finding",
    "Location",
    "load",
]


def load(directory: Path, *, environ: Mapping[str, str], clock: Clock | None = None) -> Configuration:
    """The configuration in ``directory``, with secrets from ``environ`` and from the files that it names.

    Raises ``ConfigurationRejected`` with every finding of every file if any is an error, and its child
    ``ConfigurationUnreadable`` if there is no directory to read. Warnings alone stand in ``Configuration.warnings``.
    ``clock`` judges certificates; the machine's own if left out. Nothing is written and nothing is cached.
    """
    sources, findings = find_sources(directory)
    items: list[Item] = []
    unread: set[ItemKind] = set()
    for source in sources:
        content = read_source(source)
        document: Document | None = None
        if isinstance(content, Finding):
            findings.append(content)
        else:
            document, told = read_document(source.name, content)
            findings += told
        if document is None:
            unread.add(source.kind)
        else:
            items.append(validate(source.kind, document))
    report_conflicts(items, unread)
    references = References(directory, environ, (clock or SystemClock()).now())
    references.examine(items)
    findings += strange_entries(directory, references.used)
    findings += [finding for item in items for finding in item.findings]
    findings.sort()
    if has_errors(findings):
        raise ConfigurationRejected(findings)
    return Configuration(
        directory=directory,
        broker=_models(items, BrokerConfig)[0],
        organizations=_models(items, OrganizationConfig),
        relying_parties=_models(items, RelyingPartyConfig),
        warnings=tuple(findings),
        secrets=references.secrets,
        documents={(item.kind, _name(item)): item.document for item in items},
    )


_S = TypeVar("_S", bound=Section)


def _models(items: Sequence[Item], kind: type[_S]) -> tuple[_S, ...]:
    return tuple(item.model for item in items if isinstance(item.model, kind))


def _name(item: Item) -> str:
    match item.model:
        case OrganizationConfig(organization=name):
            return name
        case RelyingPartyConfig(client_id=name):
            return name
        case _:
            return ""
