"""All that can be said of a change before it is live."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from broker.federation.configuration import Configuration
from broker.federation.findings import Finding
from broker.planning.affected import Affected, Reach, reach
from broker.planning.comparing import ItemChange, changed_secrets, compare
from broker.planning.effect import Effect
from broker.planning.effects import effects
from broker.planning.sign_ins import Compared
from broker.reloading.restart import needs_restart


@dataclass(frozen=True, slots=True)
class Plan:
    """``old`` and ``new`` are the directories. ``secrets``: references whose value is another one. ``restart``: what
    takes effect only at a start. ``refused``: why a running broker would not take it. ``sign_ins`` is None where no
    store was asked.
    """

    old: str
    new: str
    changes: Sequence[ItemChange]
    secrets: Sequence[str]
    effects: Sequence[Effect]
    restart: Sequence[Finding]
    reach: Reach
    affected: Sequence[Affected] = ()
    refused: Sequence[Finding] = ()
    sign_ins: Compared | None = None

    @property
    def is_empty(self) -> bool:
        """Whether it would change nothing."""
        return not self.changes and not self.secrets


def plan_files(old: Configuration, new: Configuration) -> Plan:
    """What the files alone say."""
    changes = compare(old, new)
    return Plan(
        old=str(old.directory),
        new=str(new.directory),
        changes=changes,
        secrets=changed_secrets(old, new),
        effects=effects(old, new),
        restart=sorted(needs_restart(old, new)),
        reach=reach(old, new, changes),
    )
