"""A sealed record opens with its key, for what it belongs to, unchanged, and never larger than it may be."""

from __future__ import annotations

import pytest

from broker.entropy import SystemEntropy
from broker.jose.record_sealing import RecordSealer

KEY = b"k" * 32
PLAIN = b'{"steps": []}' * 20


def test_what_was_sealed_opens_for_what_it_belongs_to() -> None:
    sealer = RecordSealer(KEY, 1000, SystemEntropy())
    sealed = sealer.seal(PLAIN, "7K2M-Q4XD")
    assert b"steps" not in sealed
    assert sealer.open(sealed, "7K2M-Q4XD") == PLAIN
    assert sealer.seal(PLAIN, "7K2M-Q4XD") != sealed


@pytest.mark.parametrize("at", [0, 1, 13, -1])
def test_a_changed_byte_another_key_another_owner_and_nothing_at_all_are_refused(at: int) -> None:
    sealer = RecordSealer(KEY, 1000, SystemEntropy())
    sealed = bytearray(sealer.seal(PLAIN, "7K2M-Q4XD"))
    for other, belongs_to in ((RecordSealer(b"l" * 32, 1000, SystemEntropy()), "7K2M-Q4XD"), (sealer, "0000-0000")):
        with pytest.raises(ValueError, match="cannot be opened"):
            other.open(bytes(sealed), belongs_to)
    sealed[at] ^= 1
    for broken in (bytes(sealed), b"", bytes(sealed[:8])):
        with pytest.raises(ValueError, match=r"sealed in another way|cannot be opened"):
            sealer.open(broken, "7K2M-Q4XD")


def test_a_record_that_grows_beyond_what_a_record_may_be_is_refused_unopened() -> None:
    sealed = RecordSealer(KEY, 10_000_000, SystemEntropy()).seal(b"x" * 5_000_000, "7K2M-Q4XD")
    with pytest.raises(ValueError, match="larger than any record"):
        RecordSealer(KEY, 1000, SystemEntropy()).open(sealed, "7K2M-Q4XD")


def test_a_key_has_32_bytes() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        RecordSealer(b"short", 1000, SystemEntropy())
