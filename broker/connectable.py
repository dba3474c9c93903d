"""What connecting an organisation stands on, and which organisation may be connected at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from broker.admission import Gate
from broker.attempts import Attempt, Attempts
from broker.clock import Clock
from broker.errors import LoginFailed, NotAllowed
from broker.organizations import ENTERPRISE, Organization, Organizations
from broker.provisioning.just_in_time import JustInTime
from broker.shared_domains import why_shared
from broker.store.audit import AuditTrail
from broker.store.federations import Federations
from broker.upstream.onboarding import DirectoryOnboarding, Leg, TenantFacts


@dataclass(frozen=True, slots=True)
class OnboardingPorts:
    """``connection_name``: what an organisation's own connection is called, also while it is being set up."""

    attempts: Attempts
    upstream: DirectoryOnboarding
    organizations: Organizations
    federations: Federations
    audit: AuditTrail
    gate: Gate
    accounts: JustInTime
    clock: Clock
    connection_name: Callable[[str], str]

    def new_leg(self, organization: str, tenant_id: str | None) -> Leg:
        """A sign-in for this organisation, at the tenant or, without one, at any directory."""
        name = self.connection_name(organization)
        return self.attempts.new_leg(name, organization, tenant_id, self.upstream.sign_in_uri)


def require_connectable(organizations: Organizations, name: str) -> Organization:
    """The organisation, if it may be connected now; raises ``NotAllowed`` with the sentence that says why not."""
    organization = organizations.current().get(name)
    if organization is None:
        raise NotAllowed("organization", "no such organisation", explanation="not_connected")
    if organization.is_declared:
        raise NotAllowed("declared", "the connection stands in a file", explanation="connection_declared")
    if organization.connection is not None:
        raise NotAllowed("binding", "it is enforced already", explanation="already_enforced")
    if organization.plan != ENTERPRISE:
        raise NotAllowed("plan", f"the plan is {organization.plan}", explanation="plan_not_enterprise")
    return organization


class DomainNotOwned(NotAllowed):
    """The directory does not own every domain of the organisation (step 7)."""

    def __init__(self, domains: Sequence[str]) -> None:
        detail = f"not among the tenant's verified domains: {', '.join(domains)}"
        super().__init__("domain", detail, explanation="domain_not_owned")
        self.domains = tuple(domains)


def proved_domains(
    organization: Organization, facts: TenantFacts, claimed: Sequence[str], known: Organizations
) -> Sequence[str]:
    """The domains that are the organisation's because its directory owns them (entra-id reference, section 3.3 step 7).

    Every one that it has must be among the directory's; those that it has claimed are proved along, and an
    organisation that has none gets all that are free. Raises ``DomainNotOwned``, or ``NotAllowed`` if nothing is left.
    """
    owned = frozenset(facts.verified_domains)
    missing = [domain for domain in organization.domains if domain not in owned]
    if missing:
        raise DomainNotOwned(missing)
    wanted = claimed if organization.domains else [*claimed, *facts.verified_domains]
    free = [
        domain
        for domain in dict.fromkeys(wanted)
        if domain in owned
        and domain not in facts.initial_domains
        and why_shared(domain) is None
        and known.owning_domain(domain) is None
    ]
    domains = (*organization.domains, *free)
    if not domains:
        raise NotAllowed("domain", "no domain of the tenant is free", explanation="no_domain")
    return domains


def leg_of(attempt: Attempt) -> Leg:
    """The leg that an attempt is on; raises ``LoginFailed`` if it is on none."""
    if attempt.leg is None:
        raise LoginFailed("state", "the attempt has no leg", explanation="connecting_expired")
    return attempt.leg
