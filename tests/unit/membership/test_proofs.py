"""What a proved password leaves behind."""

from __future__ import annotations

from datetime import timedelta

import pytest

from broker.clock import ManualClock
from broker.errors import LoginFailed
from broker.membership.proofs import LIFETIME, Proofs
from broker.store.state import StateStore
from tests.support.entropy import SeededEntropy


@pytest.fixture
def proofs(state_store: StateStore, clock: ManualClock, entropy: SeededEntropy) -> Proofs:
    return Proofs(state_store, clock, entropy)


def test_a_proof_is_taken_once(proofs: Proofs, clock: ManualClock) -> None:
    handle = proofs.leave("state", "account")
    left = clock.now()
    clock.advance(timedelta(seconds=2))
    proof = proofs.take("state", handle)
    assert (proof.account_id, proof.at) == ("account", left)
    with pytest.raises(LoginFailed, match="code"):
        proofs.take("state", handle)


def test_it_is_of_one_sign_in_and_used_up_by_another(proofs: Proofs) -> None:
    handle = proofs.leave("state", "account")
    for state in ("another", "state"):
        with pytest.raises(LoginFailed, match="code"):
            proofs.take(state, handle)


def test_it_does_not_wait(proofs: Proofs, clock: ManualClock) -> None:
    handle = proofs.leave("state", "account")
    clock.advance(LIFETIME)
    with pytest.raises(LoginFailed, match="code"):
        proofs.take("state", handle)


def test_nothing_is_proved_by_a_handle_that_nobody_left(proofs: Proofs) -> None:
    with pytest.raises(LoginFailed, match="code"):
        proofs.take("state", "A" * 43)
