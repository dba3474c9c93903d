"""The port for what was recorded of organisations: customers made by command, their domains, and their federation.

Configuration files declare, these records say what happened; ``federation.live`` reads both together. Every change of
an organisation counts the generation of the whole registry up in the same transaction, so that a worker sees with one
small question whether what it knows is still true (threats FE-17), and the organisation's epoch where the way in
changed: what was given out in an earlier epoch opens nothing (threats FE-06, FE-07).

Every operation is one transaction. Any failure to reach the database raises ``DirectoryUnavailable``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

Stage = Literal["connected", "tested", "enforced", "disconnected"]
"""How far a federation is. Only ``enforced`` closes the other ways in. ``disconnected`` remembers the epoch alone."""

Proof = Literal["dns", "entra", "operator"]
"""What showed that a domain is the organisation's: a TXT record, the tenant's ``verifiedDomains``, or a command."""


class TenantTaken(Exception):
    """The tenant is bound to another organisation (threats UO-19)."""


class DomainTaken(Exception):
    """The domain is verified for another organisation (threats UO-19, FE-10)."""


class OutOfStep(Exception):
    """The federation is not in the stage or epoch that this change starts from: somebody else changed it meanwhile."""


@dataclass(frozen=True, slots=True)
class OrganizationRecord:
    """A customer made by command or by another system, not by a file in ``config/organizations``."""

    name: str
    display_name: str
    plan: str
    language: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class DomainRecord:
    """A verified domain, canonical. ``confirmed_at``: when the proof was last seen to hold (threats FE-10)."""

    domain: str
    organization: str
    proof: Proof
    verified_at: datetime
    confirmed_at: datetime


@dataclass(frozen=True, slots=True)
class DomainClaim:
    """A domain that an organisation says is its own; ``token`` is what its TXT record must hold."""

    domain: str
    organization: str
    token: str
    claimed_at: datetime


@dataclass(frozen=True, slots=True)
class Consent:
    """What the connecting showed: the tenant, by whom, and what it owns (entra-id reference, section 3.3 step 8).

    ``by_subject`` is the directory administrator's object id; ``started_by`` the account, or ``operator``.
    """

    tenant_id: str
    tenant_name: str
    verified_domains: tuple[str, ...]
    by_subject: str
    started_by: str
    scopes: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class TestSignIn:
    """A sign-in through the new connection that worked: who (``object_id``), for which account, in which session."""

    object_id: str
    account_id: str | None
    sid: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Disconnection:
    """A disconnection that an administrator asked for and that takes effect ``at``, unless it is called off before."""

    requested_by: str
    requested_at: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class Federation:
    """Where the federation of one organisation stands. ``declared``: the connection is a file's, not a consent's.

    ``epoch`` only ever rises. ``tenant_id`` is None when disconnected.
    """

    organization: str
    stage: Stage
    epoch: int
    tenant_id: str | None
    declared: bool = False
    consent: Consent | None = None
    test: TestSignIn | None = None
    enforced_at: datetime | None = None
    enforced_by: str | None = None
    disconnection: Disconnection | None = None


@dataclass(frozen=True, slots=True)
class BreakGlassWindow:
    """An opened break-glass: until when, by whom and why (threats FE-21).

    ``people``: the accounts that may come in through it, settled when it was opened: of those named, the ones who had
    rehearsed lately. Nobody else may, whoever is named or rehearses meanwhile.
    """

    organization: str
    opened_at: datetime
    closes_at: datetime
    opened_by: str
    why: str
    people: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recorded:
    """All that is recorded of one organisation. ``glass_people``: the accounts named for its break-glass."""

    name: str
    organization: OrganizationRecord | None
    domains: tuple[DomainRecord, ...]
    federation: Federation | None
    window: BreakGlassWindow | None
    glass_people: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed after a generation, up to ``generation``: every organisation concerned, whole as it is now."""

    generation: int
    organizations: tuple[Recorded, ...]


@dataclass(frozen=True, slots=True)
class Enforcement:
    """The order to close every other way in. It is carried out only if the federation is ``tested`` at ``epoch``.

    ``administrator``: the account and the object id proved for it by the test sign-in, to which the account is bound;
    unless another account has that identity already, which then stays as it is.
    """

    organization: str
    epoch: int
    tenant_id: str
    by: str
    at: datetime
    administrator: tuple[str, str] | None = None


class Federations(Protocol):
    """Organisations, domains and federations as recorded."""

    def generation(self) -> int:
        """The number of the last change: 0 when nothing was ever recorded."""
        ...

    def changes(self, after: int) -> Changes:
        """Everything that changed after a generation; 0 reads it all."""
        ...

    def recorded(self, organization: str) -> Recorded: ...

    # -- organisations and domains --------------------------------------------------------------------------------

    def create_organization(self, record: OrganizationRecord) -> None:
        """Raises ``ValueError`` if the name is recorded already."""
        ...

    def update_organization(self, name: str, *, display_name: str | None = None, plan: str | None = None) -> bool:
        """True if there is such a record."""
        ...

    def claim_domain(self, claim: DomainClaim) -> DomainClaim:
        """Records the claim, or gives the one that this organisation has already made of the domain."""
        ...

    def domain_claims(self, organization: str) -> Sequence[DomainClaim]: ...

    def verify_domain(self, record: DomainRecord) -> None:
        """Makes the domain the organisation's, and ends every claim of it; raises ``DomainTaken``. Again: confirms."""
        ...

    def drop_domain(self, organization: str, domain: str) -> bool:
        """Forgets a domain or a claim of it; True if there was one."""
        ...

    # -- federation -----------------------------------------------------------------------------------------------

    def connect(self, organization: str, consent: Consent) -> Federation:
        """Stage ``connected``; raises ``TenantTaken``, and ``OutOfStep`` if it is enforced already."""
        ...

    def record_test(self, organization: str, tenant_id: str, test: TestSignIn) -> Federation:
        """Stage ``tested``; raises ``OutOfStep`` unless it is ``connected`` or ``tested`` with this tenant."""
        ...

    def enforce(self, order: Enforcement) -> Federation:
        """The switch, in one transaction: stage ``enforced``, a new epoch and generation, an ending to be carried out
        (``Endings``), the administrator's account bound to the proved object id, every password, app password,
        passkey, invitation and pending reset of the organisation's accounts gone (threats FE-03 to FE-05, FE-15).

        Passkeys of the organisation's break-glass people stay. Raises ``OutOfStep``. Again, with the same tenant, when
        it is enforced already: gives the federation as it is, and changes nothing.
        """
        ...

    def declare(self, organization: str, tenant_id: str, at: datetime) -> Federation:
        """What a file declares is enforced from its first reading on: stage ``enforced``, with the effects of
        ``enforce`` if that is new or the tenant is another one. Raises ``TenantTaken``.
        """
        ...

    def schedule_disconnection(self, organization: str, disconnection: Disconnection) -> Federation:
        """Raises ``OutOfStep`` unless enforced and not scheduled yet."""
        ...

    def call_off_disconnection(self, organization: str) -> Federation:
        """Raises ``OutOfStep`` if none is scheduled."""
        ...

    def disconnect(
        self, organization: str, by: str, at: datetime, *, scheduled: Disconnection | None = None
    ) -> Federation:
        """Stage ``disconnected``, a new epoch, an ending to be carried out; raises ``OutOfStep`` if not connected.

        Accounts with an address to sign in with are found by their password again, once they have set a new one.

        With ``scheduled``, also unless that very one is still scheduled: so that one that is called off at the last
        moment is not carried out.
        """
        ...

    # -- break-glass ----------------------------------------------------------------------------------------------

    def name_glass_person(self, organization: str, account_id: str) -> bool:
        """Names an account for the break-glass; True if it was not named before. Raises ``ValueError`` if there is no
        such account in the organisation.
        """
        ...

    def unname_glass_person(self, organization: str, account_id: str) -> bool:
        """True if it was named; its epoch rises, so that what it holds ends."""
        ...

    def open_window(self, window: BreakGlassWindow) -> None:
        """Opens the break-glass of an organisation, replacing a window that is open."""
        ...

    def close_window(self, organization: str) -> bool:
        """Closes it before its time: True if one was recorded. Sessions through it end by the window alone."""
        ...
