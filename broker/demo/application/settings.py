"""What the sample application is told when it starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

CALLBACK_PATH = "/callback"


@dataclass(frozen=True, slots=True)
class ApplicationSettings:
    """Where it lives, whom it trusts, and what it is registered as."""

    public_url: str
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    session_key: bytes = field(repr=False)
    """Signs the browser's cookie."""
    ca_file: Path | None = None
    """The only certificate authorities to trust; None: the usual ones."""
    scope: str = "openid profile email phone address organization"

    @property
    def redirect_uri(self) -> str:
        return self.public_url + CALLBACK_PATH
