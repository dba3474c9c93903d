"""What was asked of Entra and has to be compared with what comes back (threats G2)."""

from __future__ import annotations

from typing import Protocol


class Asked(Protocol):
    """A login's ``Transaction``, or a ``Leg`` of connecting an organisation: whoever made it, the checks are the same.

    ``tenant_id`` is None at the authority of all work accounts; ``organization`` where it is not known beforehand.
    """

    @property
    def connection(self) -> str: ...

    @property
    def organization(self) -> str | None: ...

    @property
    def tenant_id(self) -> str | None: ...

    @property
    def nonce(self) -> str: ...

    @property
    def code_verifier(self) -> str: ...

    @property
    def redirect_uri(self) -> str: ...

    @property
    def upstream_acr(self) -> str | None: ...
