"""One consistent reading of ``config/``: frozen, checked as a whole, with its secrets resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from broker.claims.rules import AttributeRule, OrganizationRules, ReleaseRule, Rule
from broker.federation.documents import Document
from broker.federation.documents import Path as KeyPath
from broker.federation.files import Reading
from broker.federation.findings import Finding
from broker.federation.marks import Mark
from broker.federation.model import BrokerConfig, OrganizationConfig, RelyingPartyConfig
from broker.federation.rule_shapes import ClaimRules
from broker.federation.schema import ItemKind
from broker.federation.secrets import sealing_key_bytes
from broker.identity import Secret
from broker.location import Location


@dataclass(frozen=True, slots=True)
class RuleSet:
    """What one file of ``config/claim_rules`` gives to those who name it."""

    require: tuple[Rule, ...] = ()
    admit: tuple[Rule, ...] = ()
    release: tuple[ReleaseRule, ...] = ()


@dataclass(frozen=True, slots=True)
class Compiled:
    """The rules of all files: sets by their name, and what comes of them for each organisation and application.

    ``attributes`` are whole tables.
    """

    sets: Mapping[str, RuleSet] = field(default_factory=dict)
    organizations: Mapping[str, OrganizationRules] = field(default_factory=dict)
    attributes: Mapping[str, Mapping[str, AttributeRule]] = field(default_factory=dict)
    releases: Mapping[str, tuple[ReleaseRule, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Configuration:
    """What ``load`` gives. ``warnings`` are findings that do not stop a start. ``reading`` holds the files that were
    read, ``marks`` those of the files that they name, as they were when they were read.
    """

    directory: Path
    broker: BrokerConfig
    organizations: tuple[OrganizationConfig, ...]
    relying_parties: tuple[RelyingPartyConfig, ...]
    claim_rules: tuple[ClaimRules, ...] = ()
    compiled: Compiled = field(default_factory=Compiled, repr=False)
    warnings: tuple[Finding, ...] = ()
    secrets: Mapping[str, Secret] = field(default_factory=dict, repr=False)
    documents: Mapping[tuple[ItemKind, str], Document] = field(default_factory=dict, repr=False)
    reading: Reading | None = field(default=None, repr=False)
    marks: Mapping[Path, Mark] = field(default_factory=dict, repr=False)

    def path(self, written: str) -> Path:
        """The path that a file means; a relative one starts at the configuration directory."""
        return self.directory / written

    def secret(self, reference: str) -> Secret:
        """The value of ``env:NAME`` or ``file:PATH``, as it was at the reading; ``KeyError`` if no file names it."""
        return self.secrets[reference]

    def sealing_key(self) -> bytes:
        """The 32 bytes under which signing keys are sealed."""
        return sealing_key_bytes(self.secret(self.broker.sealing_key))

    def rules(self, organization: str) -> OrganizationRules:
        """What must hold of the people of an organisation: the rules of the sets that it names, then its own."""
        return self.compiled.organizations[organization]

    def attributes(self, organization: str) -> Mapping[str, AttributeRule]:
        """How the fields of its accounts are filled: the built-in table with the organisation's rows in it."""
        return self.compiled.attributes[organization]

    def release(self, client_id: str) -> tuple[ReleaseRule, ...]:
        """What an application gets beside the built-in claims: by the sets that it names, then by its own rules."""
        return self.compiled.releases[client_id]

    def location(self, kind: ItemKind, name: str = "", path: KeyPath = ()) -> Location:
        """Where an item stands, or a key in it: ``location("organization", "acme", ("federation", "attributes"))``.

        ``name`` is the organization or client_id, empty for the broker's own file; ``KeyError`` if there is none.
        """
        document = self.documents[kind, name]
        return Location(document.file, *document.key_place(path))
