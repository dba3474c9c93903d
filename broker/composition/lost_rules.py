"""A start must not open what a lost file had closed: the rules of an enforced organisation stand in its file alone.

The running broker refuses such a change (``accepting``); at a start the one to compare with is what served last.
"""

from __future__ import annotations

from collections.abc import Sequence

from broker.clock import Clock
from broker.federation.declared import declared
from broker.federation.findings import ConfigurationRejected
from broker.federation.load import Configuration, load
from broker.federation.reconciling import Notice, NotReconciled, no_longer_declared
from broker.reloading.served import served
from broker.store.audit import Entry
from broker.store.records import Records
from broker.store.state import StateStore


def require_rules_kept(
    configuration: Configuration, state: StateStore, records: Records, clock: Clock, *, accept: bool
) -> Sequence[Notice]:
    """Raises ``NotReconciled`` if an organisation that stays enforced had rules in what served last, and has no file
    that could hold them now; unless that is accepted, which is written into the audit trail (threats FE-18, CF-06).
    """
    lost = _lost(configuration, state, records, clock)
    if not lost:
        return ()
    names = ", ".join(lost)
    if not accept:
        raise NotReconciled(
            f"{names}: signs in with its directory by rules that stood in its file, which is gone or no longer "
            "federated; without them people would be let in whom the rules keep out. Put the file back, or end the "
            f"federation with `broker org disconnect {lost[0]}`, or, if this is on purpose, start once with "
            "--accept-rollback"
        )
    for name in lost:
        records.audit.add(Entry("rollback_accepted", name, "operator", clock.now(), detail={"lost": "rules"}))
    sentence = f"an operator accepted that the rules of {names} are gone with its file"
    return (Notice("rollback_accepted", "rules", sentence),)


def _lost(configuration: Configuration, state: StateStore, records: Records, clock: Clock) -> list[str]:
    gone = {notice.organization for notice in no_longer_declared(declared(configuration), records.federations)}
    before = served(state) if gone else None
    if before is None:
        return []
    try:
        last = load(before.directory, environ={}, clock=clock, reading=before.reading, follow=False)
    except ConfigurationRejected:
        return []  # Of another version of the broker, whose rules this one cannot read.
    ruled = (each.name for each in declared(last) if each.rules.require or each.rules.admit)
    return sorted(name for name in ruled if name in gone)
