"""Passwords at rest."""

from __future__ import annotations

import pytest

from broker.membership.hashing import MAX_BYTES, Cost, PasswordHashing, normalised

CHEAP = PasswordHashing(Cost(passes=1, memory_kib=8, lanes=1))


def test_a_hash_is_argon2id_with_a_salt_of_its_own() -> None:
    one, other = CHEAP.hash("nine tired donkeys"), CHEAP.hash("nine tired donkeys")
    assert one.startswith("$argon2id$v=19$m=8,t=1,p=1$")
    assert one != other
    assert CHEAP.matches(one, "nine tired donkeys")
    assert CHEAP.matches(other, "nine tired donkeys")


def test_the_usual_cost_is_the_second_recommended_choice_of_rfc_9106() -> None:
    assert PasswordHashing().hash("nine tired donkeys").startswith("$argon2id$v=19$m=65536,t=3,p=4$")


@pytest.mark.parametrize("wrong", ["", "Nine tired donkeys", "nine tired donkeys ", "nine tired donkey"])
def test_another_password_does_not_match(wrong: str) -> None:
    assert not CHEAP.matches(CHEAP.hash("nine tired donkeys"), wrong)


@pytest.mark.parametrize("hashed", [None, "", "plain", "$argon2id$v=19$m=8,t=1,p=1$broken", "$2b$12$" + "a" * 53])
def test_nothing_matches_what_is_no_hash(hashed: str | None) -> None:
    assert not CHEAP.matches(hashed, "nine tired donkeys")
    assert not CHEAP.matches(hashed, "")


def test_every_keyboard_gives_the_same_password() -> None:
    composed, decomposed = "caf\u00e9 in the morning", "cafe\u0301 in the morning"
    wide = "\uff43af\u00e9 in the morning"
    assert normalised(composed) == normalised(decomposed) == normalised(wide)
    assert CHEAP.matches(CHEAP.hash(composed), decomposed)


@pytest.mark.parametrize("text", ["x" * (MAX_BYTES + 1), "é" * (MAX_BYTES // 2 + 1), "\ufdfa" * 200, "\ud800 lone"])
def test_what_nobody_types_is_refused_before_any_work(text: str) -> None:
    with pytest.raises(ValueError):
        normalised(text)
    assert not CHEAP.matches(None, text)


def test_the_longest_password_is_not_cut_short() -> None:
    longest = "x" * MAX_BYTES
    hashed = CHEAP.hash(longest)
    assert CHEAP.matches(hashed, longest)
    assert not CHEAP.matches(hashed, longest[:-1])


def test_a_hash_of_another_cost_is_outdated() -> None:
    hashed = CHEAP.hash("nine tired donkeys")
    assert not CHEAP.is_outdated(hashed)
    assert PasswordHashing(Cost(passes=2, memory_kib=8, lanes=1)).is_outdated(hashed)
