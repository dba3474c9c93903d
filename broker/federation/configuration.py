"""One consistent reading of ``config/``: frozen, checked as a whole, with its secrets resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from broker.federation.documents import Document
from broker.federation.documents import Path as KeyPath
from broker.federation.findings import Finding
from broker.federation.model import BrokerConfig, OrganizationConfig, RelyingPartyConfig
from broker.federation.schema import ItemKind
from broker.federation.secrets import sealing_key_bytes
from broker.identity import Secret
from broker.location import Location


@dataclass(frozen=True, slots=True)
class Configuration:
    """What ``load`` gives. ``warnings`` are findings that do not stop a start."""

    directory: Path
    broker: BrokerConfig
    organizations: tuple[OrganizationConfig, ...]
    relying_parties: tuple[RelyingPartyConfig, ...]
    warnings: tuple[Finding, ...] = ()
    secrets: Mapping[str, Secret] = field(default_factory=dict, repr=False)
    documents: Mapping[tuple[ItemKind, str], Document] = field(default_factory=dict, repr=False)

    def path(self, written: str) -> Path:
        """The path that a file means; a relative one starts at the configuration directory."""
        return self.directory / written

    def secret(self, reference: str) -> Secret:
        """The value of ``env:NAME`` or ``file:PATH``, as it was at the reading; ``KeyError`` if no file names it."""
        return self.secrets[reference]

    def sealing_key(self) -> bytes:
        """The 32 bytes under which signing keys are sealed."""
        return sealing_key_bytes(self.secret(self.broker.sealing_key))

    def location(self, kind: ItemKind, name: str = "", path: KeyPath = ()) -> Location:
        """Where an item stands, or a key in it: ``location("organization", "acme", ("federation", "attributes"))``.

        ``name`` is the organization or client_id, empty for the broker's own file; ``KeyError`` if there is none.
        """
        document = self.documents[kind, name]
        return Location(document.file, *document.key_place(path))
