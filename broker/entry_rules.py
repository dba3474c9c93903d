"""The rules of the one gate, in their order (DESIGN section 3, threats G5)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from broker.addresses import canonical_address
from broker.claims.facts import admit_values, fields_of, require_values
from broker.claims.judging import judge
from broker.errors import NotAllowed, SsoRequired
from broker.evidence import Evidence, FactsMemory
from broker.identity import CONSUMER_TENANT
from broker.organizations import BREAK_GLASS, PASSWORD, BreakGlass, Organization, Organizations


@dataclass(frozen=True, slots=True)
class Bench:
    """What the rules judge by, the same for all of them: one reading, one moment."""

    organization: Organization
    organizations: Organizations
    now: datetime
    memory: FactsMemory


Rule = Callable[[Evidence, Bench], None]


def enforcement(evidence: Evidence, bench: Bench) -> None:
    """Rule 0: people of a federated organisation come in through its connection and its tenant, and in no other way.

    Judged by membership and by the canonical domain of every address known of the person, so that neither a changed
    address nor another upstream with the same address is a way round (threats FE-09, FE-14). Its one exception is the
    break-glass of the person's own organisation.
    """
    organization, organizations = bench.organization, bench.organizations
    broken_glass = _through_the_glass(evidence, bench)
    addresses = [evidence.email, evidence.account.email if evidence.account else None]
    domains = [evidence.account.email_domain] if evidence.account and evidence.account.email_domain else []
    for address in addresses:
        if address is not None:
            try:
                domains.append(canonical_address(address).domain)
            except ValueError:
                continue  # An unusable address belongs to no domain; membership below still decides.
    judged = [organization, *filter(None, (organizations.owning_domain(domain) for domain in domains))]
    for owner in judged:
        bound = owner.connection
        if bound is None:
            continue
        if broken_glass and owner.name == organization.name:
            continue
        if owner.name != organization.name or evidence.connection != bound.name:
            raise SsoRequired("enforcement", f"{owner.name} is federated; came through {evidence.connection}")
        if bound.tenant_id is not None and evidence.subject.authority != bound.tenant_id:
            raise SsoRequired("enforcement", "subject of a tenant that is not the bound one")


def _through_the_glass(evidence: Evidence, bench: Bench) -> bool:
    """Whether this is one of the named people, through the break-glass, while its window is open.

    It is an exception of this rule and no way of its own: where the rule closes nothing, it opens nothing.
    """
    if evidence.connection != BREAK_GLASS:
        return False
    organization, account = bench.organization, evidence.account
    glass = organization.break_glass if organization.connection is not None else None
    if glass is None or account is None or account.id not in glass.people or not glass.is_open(bench.now):
        raise SsoRequired("enforcement", "the break-glass is not open for this account")
    return True


def glass_used(evidence: Evidence, organization: Organization) -> BreakGlass | None:
    return organization.break_glass if evidence.connection == BREAK_GLASS else None


def epoch(evidence: Evidence, bench: Bench) -> None:
    """What was given out before the way in changed, or before the person was ended, opens nothing (threats FE-06,
    FE-07). Nor does what an earlier opening of the break-glass gave out.
    """
    stamp, account = evidence.stamp, evidence.account
    if stamp is None or account is None:
        return
    if stamp.organization != bench.organization.epoch:
        raise NotAllowed("old_session", "from before the organisation's way in changed", explanation="start_again")
    if stamp.account != account.epoch:
        raise NotAllowed("ended", "from before all that this account had was ended", explanation="start_again")
    glass = glass_used(evidence, bench.organization)
    if stamp.window != (glass.opened_at if glass else None):
        raise NotAllowed("old_window", "from an earlier opening of the break-glass", explanation="start_again")


def membership(evidence: Evidence, bench: Bench) -> None:
    """The account, once there is one, belongs to the organisation and to the subject it is admitted for."""
    account, organization = evidence.account, bench.organization
    if account is not None and (account.organization != organization.name or account.subject != evidence.subject):
        raise NotAllowed("membership", "account of another organisation or subject")


def no_personal_accounts(evidence: Evidence, _: Bench) -> None:
    """The tenant of personal Microsoft accounts is nobody's organisation (threats UO-16)."""
    if evidence.subject.authority == CONSUMER_TENANT:
        raise NotAllowed("guest", "personal Microsoft account", explanation="personal_account")


def guests(evidence: Evidence, bench: Bench) -> None:
    """Guests of the directory are not co-workers unless the organisation says so (threats UO-16)."""
    if evidence.is_guest and not bench.organization.guests_admitted:
        raise NotAllowed("guest", "guest of the directory", explanation="guest")


def active_account(evidence: Evidence, _: Bench) -> None:
    """A deactivated account stays out, whatever the upstream says (threats PR-14)."""
    if evidence.account is not None and not evidence.account.active:
        raise NotAllowed("disabled", "account is not active", explanation="account_disabled")


def party_scope(evidence: Evidence, bench: Bench) -> None:
    """An application registered for some organisations signs in nobody else's people (threats DO-22)."""
    allowed = evidence.party_organizations
    if allowed is not None and bench.organization.name not in allowed:
        raise NotAllowed("tenant", "application is not for this organisation", explanation="application_not_for_you")


def organization_rules(evidence: Evidence, bench: Bench) -> None:
    """The organisation's own ``require`` and ``admit`` rules: over what the upstream said just now, or, for what
    stands, over what it said at the last sign-in. So a changed rule acts at once on all that was given out before.

    Not for Pobuca's own sign-in, which rule 0 lets in only where there is no directory that could say anything. Nor
    through the break-glass: it is for the day on which the directory, or a rule on what it says, keeps everybody out,
    and it is open for named people and for a time only.
    """
    rules = bench.organization.rules
    if evidence.connection in (PASSWORD, BREAK_GLASS) or not (rules.require or rules.admit):
        return
    account, facts = evidence.account, evidence.facts
    if evidence.stamp is not None and account is not None:
        facts = bench.memory.of(account, evidence.connection)
    if facts is None:
        raise NotAllowed("facts", "nothing is known of what the directory said", explanation="start_again")
    if evidence.required is None or evidence.required is not rules.require:
        judge("require", rules.require, require_values(facts))
    fields = evidence.fields
    if fields is None and account is not None:
        fields = fields_of(account)
    if fields is not None:
        judge("admit", rules.admit, admit_values(facts, fields))


RULES: Final[Sequence[Rule]] = (
    enforcement,
    epoch,
    membership,
    no_personal_accounts,
    guests,
    active_account,
    party_scope,
    organization_rules,
)
