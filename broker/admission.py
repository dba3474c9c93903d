"""The one gate: who is let in, and the only place that can say so (DESIGN section 3, threats G5).

Opening or resuming a session and minting or reporting on a token each take an ``Admission``. Its constructor refuses
anyone but ``Gate.admit``. The rules are a list in order; the first is the enforcement rule, and configuration has no
word that switches it off. An error inside a rule refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import InitVar, dataclass
from datetime import datetime
from typing import Final

from broker.addresses import canonical_address
from broker.clock import Clock
from broker.errors import BrokerError, NotAllowed, SsoRequired
from broker.identity import CONSUMER_TENANT, Account, Authentication, Stamp, Subject
from broker.organizations import BREAK_GLASS, BreakGlass, Organization, Organizations

_SEAL: Final = object()


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of somebody at a door.

    From a fresh ``Authentication``, or from a standing session or grant and its account. ``account`` is None only
    before the first sign-in has created it. ``party_organizations``: the organisations whose people the asking party
    may sign in, None for all. ``stamp``: of what stands; None when nothing was given out yet.
    """

    organization: str
    connection: str
    subject: Subject
    email: str | None
    is_guest: bool
    account: Account | None
    party_organizations: tuple[str, ...] | None
    stamp: Stamp | None = None

    @classmethod
    def fresh(
        cls, authentication: Authentication, account: Account | None, party_organizations: tuple[str, ...] | None
    ) -> Evidence:
        return cls(
            authentication.organization,
            authentication.connection,
            authentication.subject,
            authentication.email,
            authentication.is_guest,
            account,
            party_organizations,
        )

    @classmethod
    def standing(
        cls, account: Account, connection: str, stamp: Stamp, party_organizations: tuple[str, ...] | None
    ) -> Evidence:
        """Of a session or grant opened earlier through ``connection``; guesthood was judged when it was opened."""
        return cls(
            account.organization,
            connection,
            account.subject,
            account.email,
            False,
            account,
            party_organizations,
            stamp,
        )

    @classmethod
    def knocking(cls, account: Account, connection: str) -> Evidence:
        """Of an account at a door of Pobuca's own, before anything was proved: whether it may be tried at all.

        Passwords, resets, invitations and app passwords ask with it, and again with what was proved.
        """
        return cls(account.organization, connection, account.subject, account.email, False, account, None)


@dataclass(frozen=True, slots=True)
class Admission:
    """The proof that the rules let this identity in. ``passed`` names the rules, in their order.

    ``stamp``: the epochs that the rules saw. What is given out on this admission carries it, and is void when one of
    them has risen meanwhile. ``until``: when it ends at the latest, where the way in is open for a time only.
    """

    organization: str
    connection: str
    subject: Subject
    account_id: str | None
    stamp: Stamp
    passed: tuple[str, ...]
    # Not a field: what is no field is not copied by ``dataclasses.replace``, so no admission grows out of another.
    seal: InitVar[object] = None
    until: datetime | None = None

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("only Gate.admit makes an Admission")


@dataclass(frozen=True, slots=True)
class Bench:
    """What the rules judge by, the same for all of them: one reading, one moment."""

    organization: Organization
    organizations: Organizations
    now: datetime


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


def _glass_used(evidence: Evidence, organization: Organization) -> BreakGlass | None:
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
    glass = _glass_used(evidence, bench.organization)
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


RULES: Final[Sequence[Rule]] = (
    enforcement,
    epoch,
    membership,
    no_personal_accounts,
    guests,
    active_account,
    party_scope,
)


class Gate:
    """Applies the rules to evidence, and rule 0 to an address of which no account is known."""

    def __init__(self, organizations: Organizations, clock: Clock) -> None:
        self._organizations = organizations
        self._clock = clock

    def admit(self, evidence: Evidence) -> Admission:
        """The admission of this evidence; raises ``SsoRequired`` or ``NotAllowed`` when a rule says no.

        And ``DirectoryUnavailable`` when nobody can tell whether the rules of before still hold.
        """
        organizations = self._organizations.current()
        organization = organizations.get(evidence.organization)
        if organization is None:
            raise NotAllowed("organization", "organisation is not configured", explanation="not_connected")
        bench = Bench(organization, organizations, self._clock.now())
        for rule in RULES:
            try:
                rule(evidence, bench)
            except BrokerError:
                raise
            except Exception as error:  # Fail closed: a rule that cannot be decided refuses (threats G1, CR-04).
                raise NotAllowed("rule_error", f"{rule.__name__}: {error!r}") from error
        account, glass = evidence.account, _glass_used(evidence, organization)
        return Admission(
            organization.name,
            evidence.connection,
            evidence.subject,
            account.id if account else None,
            Stamp(organization.epoch, account.epoch if account else 0, glass.opened_at if glass else None),
            tuple(rule.__name__ for rule in RULES),
            _SEAL,
            glass.closes_at if glass else None,
        )

    def require_open(self, address: str) -> None:
        """Raises ``SsoRequired`` if the address belongs to a federated organisation, ``ValueError`` if it is none.

        For doors at which somebody knocks with nothing but an address: a password form, a reset, an invitation. By the
        domain alone, so that the answer is the same whether or not there is an account (threats FE-01, FE-11).
        """
        owner = self._organizations.current().owning_domain(canonical_address(address).domain)
        if owner is not None and owner.connection is not None:
            raise SsoRequired("enforcement", f"{owner.name} is federated; an address of its domain at another door")
