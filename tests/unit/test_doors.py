"""Every route says what it is, or the application does not start."""

from __future__ import annotations

import pytest

from broker.doors import DOORS, Door, Harmless, Unclaimed, claim_of, claims, door, harmless


@door("password")
def with_password() -> None: ...


@harmless("a picture")
def picture() -> None: ...


def forgotten() -> None: ...


def test_what_is_marked_is_claimed() -> None:
    found = claims({"a": with_password, "b": picture, "static": forgotten}, {"static": Harmless("files")})
    assert found == {"a": Door(("password",)), "b": Harmless("a picture"), "static": Harmless("files")}
    assert claim_of(with_password) == Door(("password",))


def test_a_route_that_says_nothing_stops_the_start_by_its_name() -> None:
    with pytest.raises(Unclaimed, match="forgotten_route"):
        claims({"a": with_password, "forgotten_route": forgotten}, {})


def test_a_door_that_nothing_proves_cannot_be_claimed() -> None:
    with pytest.raises(ValueError, match="side_entrance"):
        door("side_entrance")
    assert all(name.isidentifier() for name in DOORS)
