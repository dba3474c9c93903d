"""Pobuca's customers and their trusts, as values, and the port through which flows look them up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from broker.claims.rules import NO_RULES, AttributeRule, OrganizationRules

# The connection of Pobuca's own sign-in, and of the break-glass: each is one for every organisation.
PASSWORD: Final = "password"  # noqa: S105 - the name of a connection
BREAK_GLASS: Final = "break-glass"

ENTERPRISE: Final = "enterprise"
ADMINISTRATOR: Final = "administrator"
"""The role whose bearers administer their organisation."""


@dataclass(frozen=True, slots=True)
class Connection:
    """One configured trust with an upstream.

    ``organization`` and ``tenant_id`` are None only for the shared connection of an app registration: the button
    *Sign in with Microsoft* before the organisation is known. ``registration`` names the app registration at the
    upstream.
    """

    name: str
    kind: str
    registration: str
    organization: str | None = None
    tenant_id: str | None = None


@dataclass(frozen=True, slots=True)
class BreakGlass:
    """Who may come in without Microsoft while the window is open: the one exception of rule 0, off by default.

    ``people``: account ids; while it is open, only those of the named who had rehearsed when it was opened.
    ``opened_at`` and ``closes_at`` are None when it is shut.
    """

    people: tuple[str, ...]
    opened_at: datetime | None = None
    closes_at: datetime | None = None

    def is_open(self, now: datetime) -> bool:
        """Whether now is within the window."""
        return self.opened_at is not None and self.closes_at is not None and self.opened_at <= now < self.closes_at


@dataclass(frozen=True, slots=True)
class Organization:
    """One customer. ``domains`` are canonical; ``connection`` is set when it is federated: when every other way in is
    closed. A connection that is still being set up is not here but with ``onboarding``.

    ``attributes``: account field to how it is filled. ``rules``: what must hold of its people beside what is built in.
    ``epoch`` rises when the way in changes (``Stamp``). ``is_declared``: a file names the connection, so that pages
    cannot change it. ``tenant_domains``: those of its domains that the bound tenant was seen to have verified when it
    was connected.
    """

    name: str
    display_name: str
    plan: str
    domains: tuple[str, ...]
    connection: Connection | None
    guests_admitted: bool = False
    default_role: str = "editor"
    default_language: str | None = None
    attributes: Mapping[str, AttributeRule] = field(default_factory=dict)
    rules: OrganizationRules = NO_RULES
    epoch: int = 0
    break_glass: BreakGlass | None = None
    is_declared: bool = False
    tenant_domains: tuple[str, ...] = ()


class Organizations(Protocol):
    """Read-only, in memory, one consistent reading of configuration and records at a time."""

    def current(self) -> Organizations:
        """The reading that contains every change that was acknowledged before this call, on whichever worker.

        What decides whether somebody is let in asks for it; what merely shows or sends on need not. Raises
        ``DirectoryUnavailable``: unknown state opens nothing (threats FE-23).
        """
        ...

    def get(self, name: str) -> Organization | None: ...

    def owning_domain(self, domain: str) -> Organization | None:
        """The organisation that owns a canonical domain; sub-domains belong to it as well (threats FE-13)."""
        ...

    def bound_to_tenant(self, tenant_id: str) -> Organization | None:
        """The one organisation bound to an Entra tenant (threats UO-19)."""
        ...

    def connection(self, name: str) -> Connection | None: ...

    def shared_connections(self) -> Sequence[Connection]:
        """The connections whose tenant is not known beforehand, in the order in which the sign-in page offers them."""
        ...

    def all(self) -> Sequence[Organization]: ...
