"""The domains of organisations: how their proofs are made and looked at again."""

from __future__ import annotations

from datetime import timedelta

from broker.composition.keys import derived
from broker.composition.surroundings import Surroundings
from broker.dns.resolving import DnsTextRecords
from broker.domains import Domains
from broker.federation.load import Configuration
from broker.organizations import Organizations


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
