"""A sealed secret opens with its key, for the thing it belongs to, and in no other way."""

from __future__ import annotations

import pytest

from broker.identity import Secret
from broker.jose.bound_sealing import BoundSealer
from broker.jose.sealing import Sealer

KEY = bytes(range(32))


def test_what_was_sealed_opens_for_the_thing_it_belongs_to() -> None:
    sealer = BoundSealer(KEY)
    sealed = sealer.seal(Secret("0.refresh-τoken"), "account-1")
    assert sealer.open(sealed, "account-1").reveal() == "0.refresh-τoken"
    assert "refresh" not in sealed


def test_it_opens_for_nothing_else() -> None:
    sealer = BoundSealer(KEY)
    sealed = sealer.seal(Secret("t"), "account-1")
    with pytest.raises(ValueError):
        sealer.open(sealed, "account-2")


def test_another_key_changed_bytes_and_other_forms_do_not_open() -> None:
    sealer = BoundSealer(KEY)
    sealed = sealer.seal(Secret("t"), "account-1")
    header, rest = sealed.split(".", 1)
    forged = BoundSealer(bytes(32)).seal(Secret("t"), "account-1")
    other_end = "AA" if not sealed.endswith("AA") else "BB"
    for broken in (forged, sealed[:-2] + other_end, f"{header[:-1]}.{rest}", "", "a.b"):
        with pytest.raises(ValueError):
            sealer.open(broken, "account-1")
    with pytest.raises(ValueError):  # A plain seal of the same key names nothing that it belongs to.
        sealer.open(Sealer(KEY).seal(b"t"), "account-1")


def test_a_key_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError):
        BoundSealer(b"short")
