"""The port for probes: accounts that a proof of enforcement makes for some seconds, to try every door with.

A probe of a federated organisation may be given what nobody else there can have any more, a password first of all:
otherwise there would be nothing right to refuse. It changes nothing at the gate, whose rule 0 knows no probes, and what
it was given goes with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from broker.identity import Account
from broker.store.credentials import PasswordRecord
from broker.store.directory import NewAccount


class Probes(Protocol):
    """Makes and removes them; each operation is one transaction."""

    def make(self, draft: NewAccount, record: PasswordRecord) -> Account:
        """An account that is marked as a probe, with a password; raises ``AddressTaken``."""
        ...

    def left_behind(self, before: datetime) -> Sequence[str]:
        """The account ids of probes made before a moment: of proofs that were killed, as a proof takes seconds."""
        ...

    def remove(self, account_id: str) -> bool:
        """Removes a probe, whoever came by its invitations, and all that belongs to them; True if there was one.

        An account that is not a probe is never removed by it.
        """
        ...
