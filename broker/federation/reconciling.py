"""What is done once at a start, before anybody is let in: the records hear what the files declare.

What a file declares is enforced from its first reading on, and stays so when the file no longer says it, until an
operator disconnects it (threats FE-18). A file can therefore close ways in, and never open one by being lost, old or
half restored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from broker.clock import Clock
from broker.federation.high_water import HighWater
from broker.organizations import Organization
from broker.store.audit import AuditTrail, Entry
from broker.store.federations import Federations, Recorded, TenantTaken


class NotReconciled(Exception):
    """Files and records contradict each other in a way that only an operator can decide; a sentence for them."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that does not stop a start and that an operator should know: an event for the log, and a sentence.

    ``organization`` is set where it is about one.
    """

    event: str
    reason: str
    sentence: str
    organization: str | None = None


def require_not_rolled_back(
    high_water: HighWater, federations: Federations, audit: AuditTrail, clock: Clock, *, accept: bool
) -> Sequence[Notice]:
    """Raises ``NotReconciled`` if the records are older than what was seen of them before; unless that is accepted,
    which is written into the audit trail.
    """
    found, remembered = federations.generation(), high_water.highest()
    if found >= remembered:
        high_water.see(found)
        return ()
    if not accept:
        raise NotReconciled(
            f"the directory store is older than it was: its records stand at change {found}, and {remembered} was seen "
            "before. An organisation may have been enforced or disconnected since, of which it knows nothing. Put the "
            "newest backup back; or, if this is on purpose, start once with --accept-rollback and look at every "
            "organisation with `broker org list`"
        )
    audit.add(
        Entry(
            "rollback_accepted",
            None,
            "operator",
            clock.now(),
            detail={"found": str(found), "remembered": str(remembered)},
        )
    )
    high_water.accept(found)
    sentence = (
        f"an operator accepted that the records went back from change {remembered} to {found}: what was enforced in "
        "between is not enforced now"
    )
    return (Notice("rollback_accepted", "rollback", sentence),)


def reconcile(
    declared: Sequence[Organization], federations: Federations, audit: AuditTrail, clock: Clock
) -> Sequence[Notice]:
    """Records every connection that a file declares, and tells where files and records differ.

    Raises ``NotReconciled`` if a file declares a tenant that is bound to another organisation (threats UO-19); nothing
    was recorded then, unless somebody bound it at this very moment.
    """
    recorded = {each.name: each for each in federations.changes(0).organizations}
    tenants = _tenants(declared)
    _require_free(tenants, recorded)
    for name, tenant_id in tenants.items():
        _declare(name, tenant_id, recorded, federations, audit, clock)
    by_name = {organization.name: organization for organization in declared}
    return (*_no_longer_declared(by_name, recorded), *_domains_twice(by_name, recorded))


def no_longer_declared(declared: Sequence[Organization], federations: Federations) -> Sequence[Notice]:
    """Organisations that a file had enforced and that none of these declares any more; they stay enforced."""
    recorded = {each.name: each for each in federations.changes(0).organizations}
    return tuple(_no_longer_declared({each.name: each for each in declared}, recorded))


def require_free_tenants(declared: Sequence[Organization], federations: Federations) -> None:
    """Raises ``NotReconciled`` as ``reconcile`` does, and records nothing."""
    _require_free(_tenants(declared), {each.name: each for each in federations.changes(0).organizations})


def _tenants(declared: Sequence[Organization]) -> Mapping[str, str]:
    return {
        each.name: each.connection.tenant_id
        for each in declared
        if each.connection is not None and each.connection.tenant_id is not None
    }


def _require_free(tenants: Mapping[str, str], recorded: Mapping[str, Recorded]) -> None:
    for record in recorded.values():
        if record.federation is None or record.name in tenants:
            continue
        for name, tenant_id in tenants.items():
            if tenant_id == record.federation.tenant_id:
                raise NotReconciled(_taken(name, tenant_id, record.name))


def _taken(name: str, tenant_id: str, owner: str) -> str:
    return (
        f"the file of {name} declares the tenant {tenant_id}, which is bound to {owner}: correct the file, or take it "
        f"out, start, and end the other one with `broker org disconnect {owner}`"
    )


def _declare(
    name: str,
    tenant_id: str,
    recorded: Mapping[str, Recorded],
    federations: Federations,
    audit: AuditTrail,
    clock: Clock,
) -> None:
    try:
        federation = federations.declare(name, tenant_id, clock.now())
    except TenantTaken as error:
        bound = (r.name for r in recorded.values() if r.federation is not None and r.federation.tenant_id == tenant_id)
        owner = next(bound, "another organization")
        raise NotReconciled(_taken(name, tenant_id, owner)) from error
    # By the trail itself and not by what changed just now: a start that was killed in between is made good.
    latest = audit.latest(name, "federation_declared")
    epoch = str(federation.epoch)
    if latest is None or (latest.entry.detail or {}).get("epoch") != epoch:
        detail = {"tenant": tenant_id, "epoch": epoch}
        audit.add(Entry("federation_declared", name, "operator", clock.now(), detail=detail))


def _no_longer_declared(declared: Mapping[str, Organization], recorded: Mapping[str, Recorded]) -> Iterator[Notice]:
    for name, record in recorded.items():
        federation = record.federation
        if federation is None or federation.stage != "enforced" or not federation.declared:
            continue
        organization = declared.get(name)
        if organization is not None and organization.connection is not None:
            continue
        what = "has no file any more" if organization is None else "is no longer declared federated by its file"
        yield Notice(
            "federation_not_declared",
            "rollback",
            f"{name} {what}; it stays enforced with the tenant {federation.tenant_id} until "
            f"`broker org disconnect {name}`",
            name,
        )


def _domains_twice(declared: Mapping[str, Organization], recorded: Mapping[str, Recorded]) -> Iterator[Notice]:
    """Domains that a file gives to one organisation and the records to another: the file counts (DESIGN section 5)."""
    owner = {domain: organization.name for organization in declared.values() for domain in organization.domains}
    for record in recorded.values():
        for domain in record.domains:
            other = owner.get(domain.domain, record.name)
            if other != record.name:
                yield Notice(
                    "domain_conflict",
                    "domain",
                    f"the domain {domain.domain} is recorded for {record.name}, and a file gives it to {other}, "
                    "whose it is while the file says so",
                )
