"""The domains of an organisation: claimed, proved by DNS, proved again, and dropped (threats FE-10, UO-19).

A domain says to whom addresses belong. It admits nobody, and losing it opens nothing: the enforcement rule looks at the
account's organisation as well. A proof that does not hold any more is therefore told, and changes nothing by itself.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

import structlog

from broker.addresses import canonical_domain
from broker.clock import Clock
from broker.dns.records import DnsUnanswered, TextRecords
from broker.organizations import Organization, Organizations
from broker.shared_domains import why_shared
from broker.store.audit import AuditTrail, Entry
from broker.store.federations import DomainClaim, DomainRecord, DomainTaken, Federations, Proof
from broker.store.state import StateStore

_LABEL: Final = "_pobuca-challenge"
_LAPSE: Final = "domain_lapse"
_SWEEP: Final = "domain_sweep"
# A mark is refreshed by each look that finds the lapse again.
_LAPSE_KEPT: Final = timedelta(days=90)

_log = structlog.get_logger()


class DomainRefused(Exception):
    """This domain cannot be the organisation's; ``reason`` is a short word, the message a sentence."""

    def __init__(self, reason: str, sentence: str) -> None:
        self.reason = reason
        super().__init__(sentence)


class NotProved(Exception):
    """The record is not there, or says something else; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """What to put into the DNS: a TXT record of this name with this value."""

    domain: str
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class DomainStanding:
    """One domain of an organisation. ``proof`` is ``file`` where configuration declares it, ``claimed`` before a proof.

    ``lapsed_since``: when it was first seen that the DNS record is gone, None while it holds.
    """

    domain: str
    proof: Literal["file", "claimed"] | Proof
    since: datetime | None = None
    confirmed_at: datetime | None = None
    lapsed_since: datetime | None = None


class Domains:
    """The flow. ``key``: a secret of the broker from which each challenge is made, so that none has to be kept."""

    def __init__(
        self,
        organizations: Organizations,
        federations: Federations,
        audit: AuditTrail,
        dns: TextRecords,
        state: StateStore,
        clock: Clock,
        key: bytes,
    ) -> None:
        self._organizations = organizations
        self._federations = federations
        self._audit = audit
        self._dns = dns
        self._state = state
        self._clock = clock
        self._key = key

    def checked(self, organization: str, text: str) -> str:
        """The canonical domain, if it may become this organisation's; raises ``DomainRefused`` or ``DomainTaken``."""
        try:
            domain = canonical_domain(text)
        except ValueError as error:
            raise DomainRefused("address", f"this is not a domain: {error}") from error
        if (why := why_shared(domain)) is not None:
            raise DomainRefused("shared", f"{domain} {why}, and cannot be one organization's")
        organizations = self._organizations.current()
        owner = organizations.owning_domain(domain)
        if owner is not None and owner.name != organization:
            raise DomainTaken(f"{domain} belongs to another organization")
        below = (other for other in organizations.all() if other.name != organization and _is_below(other, domain))
        if next(below, None) is not None:
            raise DomainTaken(f"a domain below {domain} belongs to another organization")
        return domain

    def challenge(self, organization: str, domain: str) -> Challenge:
        """What proves a canonical domain: 256 bits that nobody can know without having been told them."""
        # The organisation is part of it, so that what proves a domain for one proves nothing for another.
        digest = hashlib.blake2b(f"{organization}\n{domain}".encode(), key=self._key, digest_size=32).digest()
        return Challenge(domain, f"{_LABEL}.{domain}", urlsafe_b64encode(digest).decode().rstrip("="))

    def claim(self, organization: str, text: str, actor: str) -> Challenge:
        """Notes that the organisation says that a domain is its own; what proves it."""
        domain = self.checked(organization, text)
        challenge = self.challenge(organization, domain)
        now = self._clock.now()
        claim = self._federations.claim_domain(DomainClaim(domain, organization, challenge.value, now))
        if claim.claimed_at == now:
            self._note("domain_claimed", organization, domain, actor)
        return challenge

    def verify(self, organization: str, text: str, actor: str) -> DomainRecord:
        """Looks for the TXT record and makes the domain the organisation's, or confirms it.

        Raises ``DomainRefused``, ``DomainTaken``, ``NotProved`` or ``DnsUnanswered``.
        """
        domain = self.checked(organization, text)
        challenge = self.challenge(organization, domain)
        if not self._is_proved(challenge):
            raise NotProved(f"there is no TXT record {challenge.name} with the value {challenge.value}")
        return self._record(organization, domain, "dns", actor)

    def vouch(self, organization: str, text: str, actor: str) -> DomainRecord:
        """An operator says that the domain is the organisation's; never asked again."""
        return self._record(organization, self.checked(organization, text), "operator", actor)

    def drop(self, organization: str, text: str, actor: str) -> bool:
        """Forgets a domain or a claim; True if there was one."""
        domain = canonical_domain(text)
        dropped = self._federations.drop_domain(organization, domain)
        if dropped:
            self._state.delete(_LAPSE, domain)
            self._note("domain_dropped", organization, domain, actor)
        return dropped

    def standings(self, organization: str) -> Sequence[DomainStanding]:
        """Every domain and open claim of an organisation, for a page or a list."""
        recorded = self._federations.recorded(organization).domains
        names = {record.domain for record in recorded}
        known = self._organizations.current().get(organization)
        declared = [d for d in known.domains if d not in names] if known is not None else []
        claims = [claim for claim in self._federations.domain_claims(organization) if claim.domain not in names]
        return [
            *(DomainStanding(domain, "file") for domain in declared),
            *(
                DomainStanding(r.domain, r.proof, r.verified_at, r.confirmed_at, self._lapsed_since(r.domain))
                for r in recorded
            ),
            *(DomainStanding(claim.domain, "claimed", claim.claimed_at) for claim in claims),
        ]

    def lapsed(self, organization: str) -> Sequence[tuple[DomainStanding, Challenge]]:
        """The domains whose DNS record was gone at the last look, with the record that has to be put back."""
        standings = (each for each in self.standings(organization) if each.lapsed_since is not None)
        return [(standing, self.challenge(organization, standing.domain)) for standing in standings]

    def prove_again(self, every: timedelta) -> int:
        """Looks anew at each DNS proof that is older than ``every``; how many do not hold.

        Of several workers one does it, and again after a quarter of that time if it was stopped or got no answer.
        """
        if not self._state.add_if_absent(_SWEEP, "all", b"", every / 4):
            return 0
        due = self._clock.now() - every
        records = [
            record
            for organization in self._federations.changes(0).organizations
            for record in organization.domains
            if record.proof == "dns" and record.confirmed_at <= due
        ]
        return sum(not self._still_holds(record) for record in records)

    def _still_holds(self, record: DomainRecord) -> bool:
        try:
            proved = self._is_proved(self.challenge(record.organization, record.domain))
        except DnsUnanswered as error:
            _log.warning("domain_unanswered", organization=record.organization, domain=record.domain, detail=str(error))
            return True
        if record not in self._federations.recorded(record.organization).domains:
            return True  # Dropped or proved by somebody else while the DNS was asked.
        if proved:
            self._confirm(record)
            return True
        now = self._clock.now().isoformat().encode()
        if self._state.add_if_absent(_LAPSE, record.domain, now, _LAPSE_KEPT):
            self._note("domain_lapsed", record.organization, record.domain, "broker")
        else:
            kept = self._state.get(_LAPSE, record.domain) or now
            self._state.put(_LAPSE, record.domain, kept, _LAPSE_KEPT)
        _log.warning("domain_lapsed", organization=record.organization, domain=record.domain)
        return False

    def _confirm(self, record: DomainRecord) -> None:
        self._federations.verify_domain(replace(record, confirmed_at=self._clock.now()))
        if self._state.delete(_LAPSE, record.domain):
            self._note("domain_proved_again", record.organization, record.domain, "broker")

    def _record(self, organization: str, domain: str, proof: Proof, actor: str) -> DomainRecord:
        now = self._clock.now()
        record = DomainRecord(domain, organization, proof, now, now)
        self._federations.verify_domain(record)
        self._state.delete(_LAPSE, domain)
        self._note("domain_verified", organization, domain, actor, proof=proof)
        return record

    def _is_proved(self, challenge: Challenge) -> bool:
        return challenge.value in (text.strip() for text in self._dns.lookup(challenge.name))

    def _lapsed_since(self, domain: str) -> datetime | None:
        mark = self._state.get(_LAPSE, domain)
        return datetime.fromisoformat(mark.decode()) if mark is not None else None

    def _note(self, event: str, organization: str, domain: str, actor: str, **detail: str) -> None:
        entry = Entry(event, organization, actor, self._clock.now(), detail={"domain": domain, **detail})
        self._audit.add(entry)


def _is_below(organization: Organization, domain: str) -> bool:
    return any(owned.endswith(f".{domain}") for owned in organization.domains)
