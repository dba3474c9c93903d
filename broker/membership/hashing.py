"""Passwords at rest: argon2id in PHC strings, and the one form in which a password is compared (NIST SP 800-63B)."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

# Longer input is refused before any work: argon2 would take megabytes (threats WE-03).
MAX_BYTES: Final = 1024


@dataclass(frozen=True, slots=True)
class Cost:
    """What one hash costs: RFC 9106 section 4, the second recommended choice."""

    passes: int = 3
    memory_kib: int = 64 * 1024
    lanes: int = 4


def normalised(password: str) -> str:
    """The form in which a password is counted and hashed: NFKC, so that every keyboard gives the same bytes.

    NIST SP 800-63B-4 section 3.1.1.2 asks for NFKC or NFKD. Raises ``ValueError`` for what nobody types: more than
    ``MAX_BYTES``, or a lone surrogate.
    """
    if len(password) > MAX_BYTES:  # Each character is at least a byte; and normalising is work as well.
        raise ValueError("too long")
    form = unicodedata.normalize("NFKC", password)
    try:
        size = len(form.encode("utf-8"))
    except UnicodeEncodeError as error:
        raise ValueError("not text") from error
    if size > MAX_BYTES:
        raise ValueError("too long")
    return form


class PasswordHashing:
    """Makes and checks hashes at one cost."""

    def __init__(self, cost: Cost | None = None) -> None:
        cost = cost or Cost()
        self._hasher = PasswordHasher(cost.passes, cost.memory_kib, cost.lanes, type=Type.ID)

    def hash(self, password: str) -> str:
        """The PHC string of a password; raises ``ValueError`` as ``normalised`` does."""
        return self._hasher.hash(normalised(password))

    def matches(self, hashed: str | None, password: str) -> bool:
        """Whether the password is the one of this hash.

        Without a hash the same work is done for nothing, so that the time tells a stranger as little as the answer
        (threats WE-04).
        """
        try:
            form = normalised(password)
        except ValueError:
            return False
        if hashed is None:
            self._hasher.hash(form)
            return False
        try:
            return self._hasher.verify(hashed, form)
        except (VerificationError, InvalidHashError):
            return False

    def is_outdated(self, hashed: str) -> bool:
        """Whether the hash was made at another cost."""
        return self._hasher.check_needs_rehash(hashed)
