"""The probe: an account of the organisation that can have everything an account can have, made for one proof."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Protocol

from broker.addresses import canonical_address
from broker.clock import Clock
from broker.entropy import Entropy
from broker.identity import Subject
from broker.organizations import ADMINISTRATOR, Organization
from broker.store.credentials import PasswordRecord
from broker.store.directory import NewAccount
from broker.store.probes import Probes

# A proof takes seconds; a probe that is older was left behind by one that was killed.
LEFT_BEHIND: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Client:
    """A registered application in whose name the probe asks for tokens. ``method``: how it proves itself."""

    client_id: str
    secret: str = field(repr=False)
    method: str
    redirect_uri: str | None
    scopes: Sequence[str]
    api_scopes: Sequence[str]
    organizations: Sequence[str] | None


@dataclass(frozen=True, slots=True)
class Probe:
    """Whose doors are tried. ``domain`` is one of the organisation's."""

    organization: str
    account_id: str
    address: str
    domain: str
    password: str = field(repr=False)


class Hashing(Protocol):
    """Gives the PHC string that the broker keeps of a password."""

    def hash(self, password: str) -> str: ...


class ProbeMaker:
    """Makes and removes them."""

    def __init__(self, records: Probes, clock: Clock, entropy: Entropy, hashing: Hashing) -> None:
        self._records = records
        self._clock = clock
        self._entropy = entropy
        self._hashing = hashing

    def make(self, organization: Organization) -> Probe:
        """An administrator's account with a password, at an address of the organisation's first domain.

        Raises ``ValueError`` if the organisation has no domain: then there is no address to be judged by.
        """
        self._remove_left_behind()
        if not organization.domains:
            raise ValueError("the organisation has no domain")
        domain = organization.domains[0]
        account_id, password, now = self._entropy.uuid(), self._entropy.token(), self._clock.now()
        address = str(canonical_address(f"prove-{account_id[:8]}@{domain}"))
        draft = NewAccount(
            id=account_id,
            organization=organization.name,
            subject=Subject.own(account_id),
            email=address,
            email_domain=domain,
            email_verified=True,
            first_name="Probe",
            last_name="of the doors",
            display_name="Probe of the doors (removed in a moment)",
            role=ADMINISTRATOR,
            created_at=now,
            attributes={},
            attribute_sources={},
        )
        self._records.make(draft, PasswordRecord(address, account_id, self._hashing.hash(password), now))
        return Probe(organization.name, account_id, address, domain, password)

    def remove(self, probe: Probe) -> None:
        """Takes the account away with everything that belongs to it; it never was anybody."""
        self._records.remove(probe.account_id)

    def _remove_left_behind(self) -> None:
        for account_id in self._records.left_behind(self._clock.now() - LEFT_BEHIND):
            self._records.remove(account_id)
