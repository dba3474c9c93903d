"""Connecting an organisation with its directory: the one file that knows the order (entra-id reference, section 3.3).

Sign in as an administrator of the directory; consent; prove that the consent is there, and by whom; compare the
directory's verified domains with the organisation's; record. Then a test sign-in. Nothing of it lets anybody in or
keeps anybody out: that is the switch in ``federating``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import ClassVar, Final

import structlog

from broker.attempts import OPERATOR, Attempt, Found, Starter, Step, same_starter
from broker.connectable import OnboardingPorts, leg_of, proved_domains, require_connectable
from broker.errors import LoginFailed, NotAllowed
from broker.login_steps import Present
from broker.messages import UpstreamAnswer
from broker.organizations import ADMINISTRATOR
from broker.rehearsing import Rehearsals
from broker.store.audit import Entry
from broker.store.federations import Consent, DomainRecord, DomainTaken, Federation, OutOfStep, TenantTaken
from broker.upstream.onboarding import ConsentAnswer, DirectoryAdministrator, NotYet, TenantFacts

# Microsoft needs some seconds to tell all its servers of a consent; the page comes round by itself every few.
MOST_LOOKS: Final = 8

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who a browser says it is when it comes back: somebody signed in, or the holder of a ticket's cookie."""

    present: Present | None = None
    ticket_cookie: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Go:
    """Send the browser there."""

    url: str


@dataclass(frozen=True, slots=True)
class Wait:
    """The consent cannot be seen yet; look again with this handle."""

    handle: str = field(repr=False)
    starter: Starter


@dataclass(frozen=True, slots=True)
class Done:
    """The leg was the last one: the organisation is connected, or tested."""

    starter: Starter
    federation: Federation


Outcome = Go | Wait | Done


class Onboarding:
    """Runs attempts over ports. ``fresh``: how long ago an administrator may have signed in at most.

    ``NAME``: under which an application keeps it for what stands beside its pages.
    """

    NAME: ClassVar[str] = "onboarding"

    def __init__(self, ports: OnboardingPorts, *, fresh: timedelta, public_url: str) -> None:
        self._ports = ports
        self._rehearsals = Rehearsals(ports)
        self._fresh = fresh
        self._public_url = public_url

    # -- who may ----------------------------------------------------------------------------------------------

    def administrator(self, present: Present | None) -> Starter:
        """Somebody signed in who may connect their organisation now; raises ``NotAllowed`` for anybody else."""
        if present is None:
            raise LoginFailed("state", "nobody is signed in", explanation="connecting_expired")
        account, session = present.account, present.session
        if account.role != ADMINISTRATOR:
            raise NotAllowed("not_admin", "not an administrator of the organisation", explanation="not_admin")
        at = session.authenticated_at
        if at is None or self._ports.clock.now() - at > self._fresh:
            raise NotAllowed("stale", "the sign-in is not fresh", explanation="sign_in_again")
        return Starter(account.organization, account.id, session.sid)

    def holder(self, ticket_cookie: str) -> Starter:
        """Whoever has the ticket's cookie; raises ``NotAllowed``."""
        return self._ports.attempts.holder(ticket_cookie)

    def ticket_organization(self, ticket: str) -> str:
        """The name of the organisation that a ticket is for; raises ``NotAllowed``."""
        return self._ports.attempts.ticket_organization(ticket)

    def ticket_cookie(self, ticket: str) -> str:
        """A fresh value that ties one browser to a ticket."""
        return self._ports.attempts.ticket_cookie(ticket)

    def ticket(self, organization: str) -> str:
        """The address to send to somebody who administers the directory; raises ``NotAllowed`` as ``begin`` does."""
        require_connectable(self._ports.organizations, organization)
        self._ports.audit.add(Entry("connecting_ticket_made", organization, OPERATOR, self._ports.clock.now()))
        return f"{self._public_url}/connect/{self._ports.attempts.new_ticket(organization)}"

    # -- connecting -------------------------------------------------------------------------------------------

    def begin(self, starter: Starter) -> Go:
        """Step 1 and 2: an attempt, and the way to the sign-in of a directory administrator."""
        require_connectable(self._ports.organizations, starter.organization)
        leg = self._ports.new_leg(starter.organization, None)
        state = self._ports.attempts.put(Attempt(starter, "sign_in", self._ports.attempts.expires_at(), leg))
        return Go(self._ports.upstream.sign_in_url(leg, state))

    def come_back(self, answer: UpstreamAnswer, bearer: Bearer) -> Outcome:
        """Goes on after a sign-in, a proof or a test; raises ``BrokerError``, and the attempt is over then."""
        attempt = self._take(answer.state, bearer, ("sign_in", "prove", "test"))
        if attempt.step == "sign_in":
            return self._signed_in(attempt, answer)
        if attempt.step == "prove":
            return self._looked(attempt, answer)
        return Done(attempt.starter, self._rehearsals.finish(attempt, answer))

    def consent_came_back(self, answer: ConsentAnswer, bearer: Bearer) -> Outcome:
        """Step 5: what the answer says is compared with the attempt, and believed in step 6 only (threats UO-17)."""
        attempt = self._take(answer.state, bearer, ("consent",))
        administrator = _administrator_of(attempt)
        scopes = self._ports.upstream.consented(administrator.tenant_id, answer)
        return self._prove(replace(attempt, scopes=scopes))

    def look_again(self, handle: str, bearer: Bearer) -> Outcome:
        """Step 6 once more, from the page that waits."""
        return self._prove(self._take(handle, bearer, ("waiting",)))

    def _take(self, state: str, bearer: Bearer, steps: Sequence[Step]) -> Attempt:
        """The attempt, if it waits for this step of this browser and everything of its start still holds."""
        attempt = self._ports.attempts.take(state)
        structlog.contextvars.bind_contextvars(org=attempt.starter.organization)
        if attempt.step not in steps:
            raise LoginFailed("state", f"it waits for {attempt.step}", explanation="connecting_expired")
        if attempt.starter.by_ticket:
            if bearer.ticket_cookie is None:
                raise LoginFailed("state", "the ticket's cookie is missing", explanation="connecting_expired")
            here = self.holder(bearer.ticket_cookie)
        else:
            here = self.administrator(bearer.present)
        if not same_starter(here, attempt.starter):
            raise LoginFailed("state", "another browser or person", explanation="connecting_expired")
        require_connectable(self._ports.organizations, here.organization)
        return attempt

    def _signed_in(self, attempt: Attempt, answer: UpstreamAnswer) -> Go:
        """Steps 2 to 4."""
        administrator = self._ports.upstream.administrator(leg_of(attempt), answer)
        bound = self._ports.organizations.current().bound_to_tenant(administrator.tenant_id)
        if bound is not None and bound.name != attempt.starter.organization:
            raise _tenant_taken()
        state = self._ports.attempts.put(replace(attempt, step="consent", leg=None, administrator=administrator))
        return Go(self._ports.upstream.consent_url(administrator.tenant_id, state))

    def _prove(self, attempt: Attempt) -> Go:
        """Step 6: something that works only with the consent."""
        administrator, name = _administrator_of(attempt), attempt.starter.organization
        leg = self._ports.new_leg(name, administrator.tenant_id)
        state = self._ports.attempts.put(replace(attempt, step="prove", leg=leg, looks=attempt.looks + 1))
        return Go(self._ports.upstream.proof_url(leg, administrator, state))

    def _looked(self, attempt: Attempt, answer: UpstreamAnswer) -> Outcome:
        administrator = _administrator_of(attempt)
        try:
            facts = self._ports.upstream.proved(leg_of(attempt), administrator, answer)
        except NotYet as not_yet:
            if attempt.looks >= MOST_LOOKS:
                raise LoginFailed("consent", str(not_yet), explanation="consent_not_visible") from not_yet
            handle = self._ports.attempts.put(replace(attempt, step="waiting", leg=None))
            return Wait(handle, attempt.starter)
        return Done(attempt.starter, self._connect(attempt, administrator, facts))

    def _connect(self, attempt: Attempt, administrator: DirectoryAdministrator, facts: TenantFacts) -> Federation:
        """Steps 7 and 8. Domains first: a worker that dies in between leaves domains that are proved, and no trust."""
        starter, now = attempt.starter, self._ports.clock.now()
        organization = require_connectable(self._ports.organizations, starter.organization)
        claims = self._ports.federations.domain_claims(organization.name)
        domains = proved_domains(
            organization, facts, [each.domain for each in claims], self._ports.organizations.current()
        )
        consent = Consent(
            tenant_id=administrator.tenant_id,
            tenant_name=facts.display_name,
            verified_domains=facts.verified_domains,
            by_subject=administrator.object_id,
            started_by=starter.started_by,
            scopes=attempt.scopes,
            at=now,
        )
        try:
            for domain in domains:
                self._ports.federations.verify_domain(DomainRecord(domain, organization.name, "entra", now, now))
            federation = self._ports.federations.connect(organization.name, consent)
        except DomainTaken as error:
            raise NotAllowed("domain", "verified for another organisation", explanation="domain_taken") from error
        except TenantTaken as error:
            raise _tenant_taken() from error
        except OutOfStep as error:
            raise NotAllowed("binding", str(error), explanation="already_enforced") from error
        detail = {"tenant": consent.tenant_id, "by": consent.by_subject, "domains": " ".join(domains)}
        self._ports.audit.add(Entry("federation_connected", organization.name, starter.started_by, now, None, detail))
        _log.info("federation_connected", org=organization.name, tenant=consent.tenant_id, by_ticket=starter.by_ticket)
        return federation

    # -- the test sign-in -------------------------------------------------------------------------------------

    def begin_test(self, starter: Starter) -> Go:
        """The way to a sign-in at the connected tenant, which lets nobody in; raises ``NotAllowed``."""
        return Go(self._rehearsals.begin(starter))

    def found(self, starter: Starter) -> Found | None:
        """What the test sign-in of this browser showed."""
        return self._ports.attempts.found(starter)

    def found_by(self, present: Present) -> Found | None:
        """What the test sign-in of this administrator in this session showed."""
        account = present.account
        return self.found(Starter(account.organization, account.id, present.session.sid))


def _administrator_of(attempt: Attempt) -> DirectoryAdministrator:
    if attempt.administrator is None:
        raise LoginFailed("state", "nobody signed in at the directory yet", explanation="connecting_expired")
    return attempt.administrator


def _tenant_taken() -> NotAllowed:
    return NotAllowed("binding", "the tenant is bound to another organisation", explanation="tenant_taken")
