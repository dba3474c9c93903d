"""The organisations as if one of them were not federated: for the twin that a proof compares with.

The twin is the same broker over the same stores, in this process only and on no socket. What it gives out is what the
running broker would have given out before the switch, or would give out now if rule 0 were missing: so a refusal by the
running broker, where the twin lets in, is the work of rule 0 and of nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from broker.organizations import Connection, Organization, Organizations

MakeReading = Callable[[Sequence[Organization]], Organizations]


class AsIfNotFederated:
    """``Organizations`` in which one organisation has no connection; everything else is as it is now."""

    def __init__(self, real: Organizations, name: str, make_reading: MakeReading) -> None:
        self._real = real
        self._name = name
        self._make_reading = make_reading

    def current(self) -> Organizations:
        real = self._real.current()
        return self._make_reading(
            [
                replace(each, connection=None, is_declared=False) if each.name == self._name else each
                for each in real.all()
            ]
        )

    def get(self, name: str) -> Organization | None:
        return self.current().get(name)

    def owning_domain(self, domain: str) -> Organization | None:
        return self.current().owning_domain(domain)

    def bound_to_tenant(self, tenant_id: str) -> Organization | None:
        return self.current().bound_to_tenant(tenant_id)

    def connection(self, name: str) -> Connection | None:
        return self.current().connection(name)

    def shared_connections(self) -> Sequence[Connection]:
        return self.current().shared_connections()

    def all(self) -> Sequence[Organization]:
        return self.current().all()
