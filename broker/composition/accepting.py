"""Which configurations may take the place of the one that serves, although each is good in itself (threats FE-18)."""

from __future__ import annotations

import structlog

from broker.composition.surroundings import Surroundings
from broker.federation.declared import declared
from broker.federation.findings import Finding
from broker.federation.load import Configuration
from broker.federation.reconciling import NotReconciled, no_longer_declared, reconcile, require_free_tenants
from broker.reloading.reloader import NotTaken
from broker.store.federations import Federations

_log = structlog.get_logger()


def accept(running: Configuration, found: Configuration, around: Surroundings) -> None:
    """Reconciles the records with a configuration that is to take the place of another, as a start does.

    Raises ``NotTaken`` as ``require_acceptable`` does, and ``DirectoryUnavailable``.
    """
    require_acceptable(running, found, around.records.federations)
    try:
        notices = reconcile(declared(found), around.records.federations, around.records.audit, around.clock)
    except NotReconciled as contradiction:
        raise NotTaken([_finding(found, "conflict", str(contradiction))]) from contradiction
    for notice in notices:
        _log.warning(notice.event, reason=notice.reason, detail=notice.sentence)


def require_acceptable(running: Configuration, found: Configuration, federations: Federations) -> None:
    """Raises ``NotTaken`` with every finding for one by which something would be lost that the running one has, or
    that contradicts the records. Changes nothing.
    """
    told = [*_emptied(running, found), *_no_longer_declared(running, found, federations)]
    try:
        require_free_tenants(declared(found), federations)
    except NotReconciled as contradiction:
        told.append(_finding(found, "conflict", str(contradiction)))
    if told:
        raise NotTaken(told)


def _emptied(running: Configuration, found: Configuration) -> list[Finding]:
    """A folder that was full and is empty is being copied, or was not mounted: nobody takes everything away at once."""
    return [
        _finding(found, "missing", f"{folder} held files and holds none any more; restart the broker if that is meant")
        for folder, before, after in (
            ("organizations", running.organizations, found.organizations),
            ("relying_parties", running.relying_parties, found.relying_parties),
        )
        if before and not after
    ]


def _no_longer_declared(running: Configuration, found: Configuration, federations: Federations) -> list[Finding]:
    """With its file an enforced organisation would lose its rules, and a lost file looks like one that was removed."""
    gone = {notice.organization: notice for notice in no_longer_declared(declared(found), federations)}
    for notice in no_longer_declared(declared(running), federations):
        gone.pop(notice.organization, None)  # It was so at the start already.
    return [_finding(found, notice.reason, notice.sentence) for notice in gone.values()]


def _finding(configuration: Configuration, code: str, sentence: str) -> Finding:
    """About the files as a whole: at the beginning of the broker's own."""
    return Finding(configuration.location("broker").file, 1, 1, code, sentence)
