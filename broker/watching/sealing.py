"""The port through which secrets are sealed at rest."""

from __future__ import annotations

from typing import Protocol

from broker.identity import Secret


class Sealing(Protocol):
    """Seals a secret so that it opens only for the thing it belongs to, an account or an organisation."""

    def seal(self, secret: Secret, belongs_to: str) -> str: ...

    def open(self, sealed: str, belongs_to: str) -> Secret:
        """What was sealed; raises ``ValueError`` if it cannot be opened, or belongs to something else."""
        ...
