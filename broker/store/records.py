"""All records that stay, behind their ports, over one database."""

from __future__ import annotations

from dataclasses import dataclass

from broker.store.audit import AuditTrail
from broker.store.credentials import Credentials
from broker.store.directory import Directory
from broker.store.federations import Federations
from broker.store.outbox import Outbox
from broker.store.probes import Probes
from broker.store.scim import ScimPeople
from broker.store.standings import Standings


@dataclass(frozen=True, slots=True)
class Records:
    """One of each. They share what is open: ``close`` closes it for all."""

    directory: Directory
    federations: Federations
    credentials: Credentials
    standings: Standings
    audit: AuditTrail
    probes: Probes
    outbox: Outbox
    scim: ScimPeople

    def close(self) -> None:
        self.directory.close()
