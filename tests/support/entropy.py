"""Randomness that is the same in every run."""

from __future__ import annotations

import base64
import random
import uuid


class SeededEntropy:
    """The ``Entropy`` port on a seeded generator: predictable, so for tests only."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)  # noqa: S311 - it is meant to be predictable

    def token(self, nbytes: int = 32) -> str:
        return base64.urlsafe_b64encode(self._random.randbytes(nbytes)).rstrip(b"=").decode("ascii")

    def uuid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))
