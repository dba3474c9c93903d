"""What every flow of this package stands on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from broker.admission import Gate
from broker.clock import Clock
from broker.entropy import Entropy
from broker.mail import Mailer
from broker.membership.hashing import PasswordHashing
from broker.organizations import Organizations
from broker.provisioning.consulting import Consulting
from broker.rate_limits import RateLimits
from broker.store.audit import AuditTrail
from broker.store.credentials import Credentials
from broker.store.directory import Directory
from broker.store.standings import Standings
from broker.store.state import StateStore


@dataclass(frozen=True, slots=True)
class Ports:
    """``hooks``: asks and tells others of new accounts. ``tidy``: ends what is left of an account's sessions, whose
    epoch has voided them already.

    ``public_url`` begins every link in a letter; ``default_language`` is that of people of whom none is known.
    """

    gate: Gate
    organizations: Organizations
    directory: Directory
    credentials: Credentials
    standings: Standings
    audit: AuditTrail
    state: StateStore
    limits: RateLimits
    hashing: PasswordHashing
    mailer: Mailer
    clock: Clock
    entropy: Entropy
    tidy: Callable[[str], None]
    hooks: Consulting
    public_url: str
    default_language: str = "en"
