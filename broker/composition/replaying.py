"""Replays of sign-ins under a configuration: what decides and what is told is what ``serve`` would build of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from broker.claims.facts import Facts
from broker.claims.rules import Target
from broker.downstream.oidc.claims import Person
from broker.downstream.oidc.parties import RelyingParty
from broker.downstream.oidc.released import NotReleased, Releases
from broker.errors import LoginFailed
from broker.explaining.replaying import Application, Replay, Replaying, Sample
from broker.federation.configuration import Configuration
from broker.federation.declared import declared
from broker.federation.registry import Registry, connection_name, own_connection
from broker.identity import Account, Secret
from broker.organizations import Organization


@dataclass(frozen=True, slots=True)
class _Known:
    """What the upstream said, as a memory."""

    facts: Facts

    def of(self, account: Account, connection: str) -> Facts:  # noqa: ARG002 - the port's signature
        return self.facts


Apply = Callable[[Sample], Replay]


def replaying(configuration: Configuration) -> Apply:
    """Replays samples under this configuration. An organisation that is connected by consent and not by its file is
    taken to be bound to the tenant that the sample is of.
    """
    parties = {
        config.client_id: RelyingParty.of(
            config,
            # Nobody authenticates here, and a machine that tests rules need not have the secret.
            Secret("of no use") if config.client_secret else None,
            configuration.release(config.client_id),
        )
        for config in configuration.relying_parties
    }

    def told(
        client_id: str, target: Target, account: Account, organization: Organization, facts: Facts
    ) -> Mapping[str, Any]:
        party, person = parties[client_id], Person(account, organization)
        releases = Releases(_Known(facts))
        try:
            if target == "id_token":
                return releases.for_id_token(party, person, facts.connection, party.scopes, ())
            if target == "userinfo":
                return releases.for_userinfo(party, person, facts.connection, party.scopes, ())
            return releases.for_access_token(party, person, facts.connection, party.scopes)
        except NotReleased as refusal:
            raise LoginFailed(refusal.reason, refusal.detail) from refusal

    applications = [Application(party.client_id, party.organizations) for party in parties.values()]
    organizations = declared(configuration)
    as_declared = Replaying(Registry(organizations), applications, told)

    def replay(sample: Sample) -> Replay:
        bound = _bound_by_consent(sample.facts, organizations)
        if bound is None:
            return as_declared.replay(sample)
        others = [each for each in organizations if each.name != bound.name]
        return Replaying(Registry([*others, bound]), applications, told).replay(sample)

    return replay


def _bound_by_consent(facts: Facts, organizations: Sequence[Organization]) -> Organization | None:
    found = next((each for each in organizations if each.name == facts.organization), None)
    if found is None or found.connection is not None or facts.connection != connection_name(found.name):
        return None
    return replace(found, connection=own_connection(found.name, facts.tenant_id))
