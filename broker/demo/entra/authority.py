"""The first segment of a login URL."""

from __future__ import annotations

from broker.demo.entra.directory import Authority
from broker.demo.entra.errors import refusal
from broker.demo.entra.state import Simulator


def authority_of(simulator: Simulator, segment: str) -> Authority:
    """The authority that a path names; raises ``EntraError`` 90002."""
    found = simulator.directory.authority(segment)
    if found is None:
        raise refusal(90002, tenant=segment)
    return found
