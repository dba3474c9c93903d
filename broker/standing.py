"""The ports through which flows hear what the directory says of somebody who is in already (DESIGN promise 7).

An organisation that is federated decides in its directory who stays: disabled, deleted, unassigned or revoked there
means out here.
"""

from __future__ import annotations

from typing import Protocol

from broker.admission import Admission
from broker.identity import Account, Authentication


class DirectoryStanding(Protocol):
    """Asks the directory again, not more often than configured, whether a person may still come in."""

    def require(self, account: Account, connection: str) -> None:
        """Returns if the directory still lets the person in, or did so lately; for a connection without a directory
        always. To be asked before the gate, wherever something that stands is renewed.

        Raises ``NotAllowed`` (``ended``) when the directory said that the person may not come in any more, and
        ``Busy`` when nobody has been able to tell for too long.
        """
        ...


class UpstreamGrants(Protocol):
    """Keeps what the directory can be asked with."""

    def keep(self, admission: Admission, account: Account, authentication: Authentication) -> None:
        """Keeps the upstream grant of a sign-in that was admitted, instead of the one before."""
        ...


class NoUpstreamGrants:
    """Keeps nothing: for a login over upstreams that cannot be asked again."""

    def keep(self, admission: Admission, account: Account, authentication: Authentication) -> None:
        """Nothing."""


class NoDirectory:
    """Nobody to ask: for a login over upstreams of which none is a directory. The gate still judges."""

    def require(self, account: Account, connection: str) -> None:
        """Returns."""
