"""Pobuca's customers and their trusts, as values, and the port through which flows look them up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


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
class Organization:
    """One customer. ``domains`` are canonical; ``connection`` is set when it is federated.

    ``attributes``: account field to the sources it is filled from, first one that has a value wins.
    """

    name: str
    display_name: str
    plan: str
    domains: tuple[str, ...]
    connection: Connection | None
    guests_admitted: bool = False
    default_role: str = "editor"
    default_language: str | None = None
    attributes: Mapping[str, Sequence[str]] = field(default_factory=dict)


class Organizations(Protocol):
    """Read-only, in memory, one consistent reading of the configuration at a time."""

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
