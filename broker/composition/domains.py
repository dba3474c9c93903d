"""The domains of organisations: how their proofs are made and looked at again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from broker.composition.keys import derived
from broker.composition.surroundings import Surroundings
from broker.dns.resolving import DnsTextRecords
from broker.domains import Domains
from broker.federation.load import Configuration
from broker.organizations import Organizations


@dataclass(frozen=True, slots=True)
class RepeatedProofs:
    """The domains of an application, and how old a proof may be: ``app.extensions[RepeatedProofs.NAME]``."""

    NAME: ClassVar[str] = "repeated_proofs"

    domains: Domains
    every: timedelta

    @classmethod
    def of(cls, configuration: Configuration, domains: Domains) -> RepeatedProofs:
        """As the configuration says."""
        return cls(domains, timedelta(hours=configuration.broker.domains.prove_again_hours))

    def prove_again(self) -> int:
        """Looks anew at each proof that is older; how many do not hold."""
        return self.domains.prove_again(self.every)


def domain_proofs(configuration: Configuration, organizations: Organizations, around: Surroundings) -> Domains:
    """The domains of organisations, as the command line, the pages and the background look after them."""
    dns = configuration.broker.domains
    return Domains(
        organizations,
        around.records.federations,
        around.records.audit,
        DnsTextRecords(dns.resolvers, dns.port, timedelta(seconds=dns.timeout_seconds)),
        around.state,
        around.clock,
        derived(configuration, "domain tokens"),
    )
