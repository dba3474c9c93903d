"""Configuration and records read together: the ``Organizations`` that the running broker asks.

Files declare and win: an organisation, a domain or a connection that a file names is the file's, whatever was recorded
(DESIGN section 5). With one exception, which only ever closes: an organisation that was enforced stays enforced when
its file no longer says so, until an operator disconnects it (threats FE-18).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from broker.federation.attributes import BUILT_IN
from broker.federation.registry import Registry, own_connection
from broker.organizations import BreakGlass, Connection, Organization
from broker.store.federations import Federations, Recorded


@dataclass(frozen=True, slots=True)
class _Reading:
    generation: int
    recorded: Mapping[str, Recorded]
    registry: Registry


class LiveOrganizations:
    """Keeps one reading in memory and asks the records with one small question whether it is still true.

    A change therefore costs one reading of what changed on each worker, and a sign-in nothing that grows with the
    number of organisations.
    """

    def __init__(
        self, declared: Sequence[Organization], records: Federations, seen: Callable[[int], None] | None = None
    ) -> None:
        """``seen`` hears of each generation before it is believed, and may raise (``HighWater.see``)."""
        self._declared = {organization.name: organization for organization in declared}
        self._records = records
        self._seen = seen
        self._renewing = threading.Lock()
        self._reading = _Reading(0, {}, self._registry({}))

    def current(self) -> Registry:
        generation = self._records.generation()
        reading = self._reading
        if reading.generation != generation:
            reading = self._renew(generation)
        return reading.registry

    def get(self, name: str) -> Organization | None:
        return self._reading.registry.get(name)

    def owning_domain(self, domain: str) -> Organization | None:
        return self._reading.registry.owning_domain(domain)

    def bound_to_tenant(self, tenant_id: str) -> Organization | None:
        return self._reading.registry.bound_to_tenant(tenant_id)

    def connection(self, name: str) -> Connection | None:
        return self._reading.registry.connection(name)

    def shared_connections(self) -> Sequence[Connection]:
        return self._reading.registry.shared_connections()

    def all(self) -> Sequence[Organization]:
        return self._reading.registry.all()

    def _renew(self, generation: int) -> _Reading:
        with self._renewing:
            known = self._reading
            if known.generation == generation:
                return known
            # A lower number is a database that was put back while we ran: nothing known of it holds any more.
            goes_on = generation > known.generation
            changes = self._records.changes(known.generation if goes_on else 0)
            if self._seen is not None:
                self._seen(changes.generation)
            recorded = {**(known.recorded if goes_on else {}), **{each.name: each for each in changes.organizations}}
            self._reading = _Reading(changes.generation, recorded, self._registry(recorded))
            return self._reading

    def _registry(self, recorded: Mapping[str, Recorded]) -> Registry:
        names = {**dict.fromkeys(self._declared), **dict.fromkeys(recorded)}
        both = (_merged(self._declared.get(name), recorded.get(name)) for name in names)
        return Registry(_each_domain_once(filter(None, both), self._declared))


def _merged(declared: Organization | None, recorded: Recorded | None) -> Organization | None:
    base = declared or (_of_record(recorded) if recorded is not None else None)
    if base is None or recorded is None:
        return base
    federation = recorded.federation
    connection = base.connection
    if connection is None and federation is not None and federation.stage == "enforced" and federation.tenant_id:
        connection = own_connection(base.name, federation.tenant_id)
    consent = federation.consent if federation is not None else None
    is_of_tenant = consent is not None and connection is not None and connection.tenant_id == consent.tenant_id
    return replace(
        base,
        domains=tuple(dict.fromkeys((*base.domains, *(record.domain for record in recorded.domains)))),
        connection=connection,
        epoch=federation.epoch if federation is not None else 0,
        break_glass=_break_glass(recorded),
        tenant_domains=consent.verified_domains if consent is not None and is_of_tenant else (),
    )


def _break_glass(recorded: Recorded) -> BreakGlass | None:
    named, window = recorded.glass_people, recorded.window
    if not named:
        return None
    if window is None:
        return BreakGlass(named)
    # Who is named no more is out at once; who was named, or rehearsed, after the opening is not in.
    return BreakGlass(tuple(p for p in named if p in window.people), window.opened_at, window.closes_at)


def _of_record(recorded: Recorded) -> Organization | None:
    record = recorded.organization
    if record is None:
        return None
    return Organization(
        name=record.name,
        display_name=record.display_name,
        plan=record.plan,
        domains=(),
        connection=None,
        default_language=record.language,
        attributes=BUILT_IN,
    )


def _each_domain_once(
    organizations: Iterable[Organization], declared: Mapping[str, Organization]
) -> Sequence[Organization]:
    """A domain that a file gives to one organisation is no other's."""
    owner = {domain: organization.name for organization in declared.values() for domain in organization.domains}
    return [
        replace(
            organization,
            domains=tuple(d for d in organization.domains if owner.get(d, organization.name) == organization.name),
        )
        for organization in organizations
    ]
