"""What a proved password leaves behind for the sign-in that it was proved for: once, and for that one alone."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pydantic import TypeAdapter

from broker.clock import Clock
from broker.entropy import Entropy, digest
from broker.errors import LoginFailed
from broker.store.state import StateStore, Taken

# The browser does not carry it: it is taken by the same request that left it.
LIFETIME: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Proof:
    """Who proved themselves, for which ``state``, and when."""

    account_id: str
    state_digest: str
    at: datetime


_PROOF: Final = TypeAdapter(Proof)


class Proofs:
    """Leaves and takes them."""

    def __init__(self, store: StateStore, clock: Clock, entropy: Entropy) -> None:
        self._store = store
        self._clock = clock
        self._entropy = entropy

    def leave(self, state: str, account_id: str) -> str:
        """Records that this account was proved now for the sign-in of this ``state``; the handle of the proof."""
        handle = self._entropy.token()
        proof = Proof(account_id, digest(state), self._clock.now())
        self._store.put("proof", digest(handle), _PROOF.dump_json(proof), LIFETIME)
        return handle

    def take(self, state: str, handle: str) -> Proof:
        """The proof of this handle, once; raises ``LoginFailed`` if it is none, or of another sign-in."""
        taken = self._store.take("proof", digest(handle))
        if not isinstance(taken, Taken):
            raise LoginFailed("code", "no such proof", explanation="start_again")
        proof = _PROOF.validate_json(taken.value)
        if not hmac.compare_digest(proof.state_digest, digest(state)):
            raise LoginFailed("code", "the proof of another sign-in", explanation="start_again")
        return proof
