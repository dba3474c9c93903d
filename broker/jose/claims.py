"""What a verified token says, as a type of its own: a function that takes it cannot be handed an
unverified dictionary.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from broker.clock import from_epoch_seconds
from broker.jose.errors import TokenRejected

if TYPE_CHECKING:
    from broker.jose.key_set import VerifyingKey


@dataclass(frozen=True, slots=True)
class VerifiedClaims:
    """Header and claims of a token whose signature was verified with ``key``. Made only by
    ``verifying.verify_compact``.

    Each reader below gives the value in its type or raises ``TokenRejected`` (``claims``): nothing is coerced (threats
    UO-10).
    """

    header: Mapping[str, Any]
    values: Mapping[str, Any] = field(repr=False)
    key: VerifyingKey

    def get(self, name: str) -> Any:
        """The claim as it stands, or None."""
        return self.values.get(name)

    def text(self, name: str) -> str:
        """A claim that must be a non-empty string."""
        value = self.values.get(name)
        if not isinstance(value, str) or not value:
            raise TokenRejected("claims", f"{name} is missing or not a string")
        return value

    def moment(self, name: str) -> datetime:
        """A claim that must be a time: a JSON integer of seconds (RFC 7519 section 2), never a string or a boolean."""
        value = self.values.get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise TokenRejected("claims", f"{name} is missing or not an integer")
        try:
            return from_epoch_seconds(value)
        except (OverflowError, ValueError, OSError) as error:
            raise TokenRejected("claims", f"{name} is no time") from error

    def optional_text(self, name: str, *, longest: int) -> str | None:
        """A claim that is of use only as a non-empty string of at most ``longest`` characters; else None."""
        value = self.values.get(name)
        return value if isinstance(value, str) and 0 < len(value) <= longest else None

    def optional_moment(self, name: str) -> datetime | None:
        """A time that may be left out, but not be anything else."""
        return self.moment(name) if self.values.get(name) is not None else None
