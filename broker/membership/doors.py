"""How a door of Pobuca's own asks the gate, before it looks at anything that somebody knows or has (threats FE-01,
FE-03 to FE-05).
"""

from __future__ import annotations

from broker.addresses import Address, canonical_address
from broker.admission import Admission, Evidence, Gate
from broker.errors import SsoRequired
from broker.identity import Account, Stamp
from broker.organizations import PASSWORD


def require_open(gate: Gate, address: str, door: str, *, explanation: str | None = None) -> Address:
    """The canonical form of an address at which no federated organisation stands.

    Raises ``SsoRequired`` with the door as its reason, by the domain alone; ``ValueError`` if it is no address.
    """
    canonical = canonical_address(address)
    try:
        gate.require_open(address)
    except SsoRequired as refusal:
        raise SsoRequired(door, refusal.detail, explanation=explanation) from refusal
    return canonical


def knock(gate: Gate, account: Account, door: str, stamp: Stamp | None = None) -> Admission:
    """The admission of an account that shall be tried at a door: now, or with what it was given at ``stamp``.

    Raises ``SsoRequired`` with the door as its reason, and ``NotAllowed``.
    """
    evidence = (
        Evidence.knocking(account, PASSWORD)
        if stamp is None
        else Evidence.standing(account, PASSWORD, stamp, None)
    )
    try:
        return gate.admit(evidence)
    except SsoRequired as refusal:
        raise SsoRequired(door, refusal.detail) from refusal
