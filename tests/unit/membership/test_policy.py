"""What a new password must be."""

from __future__ import annotations

import pytest

from broker.membership.policy import MIN_CHARACTERS, Unsuitable, require_suitable

KNOWN = ("anna@olivegrove.example", "Anna", "Ladas", "Anna Ladas", "Olive Grove", "olive-grove")


@pytest.mark.parametrize(
    "password",
    [
        "nine tired donkeys walk home",
        "κουρασμένα γαϊδουράκια",
        "J7#kQ2x!mP9z",
        "Tr0ub4dor&3 said so",
        "            spaces count as well",
        "anna walks nine donkeys",
    ],
)
def test_a_long_password_of_any_characters_will_do(password: str) -> None:
    assert require_suitable(password, KNOWN) == password


@pytest.mark.parametrize("password", ["", "short", "J7#kQ2x!mP9", "é" * (MIN_CHARACTERS - 1)])
def test_a_short_one_will_not(password: str) -> None:
    with pytest.raises(Unsuitable) as refusal:
        require_suitable(password)
    assert refusal.value.why == "too_short"


@pytest.mark.parametrize("password", ["x" * 1025, "\ud800 nine tired donkeys"])
def test_an_endless_one_will_not(password: str) -> None:
    with pytest.raises(Unsuitable) as refusal:
        require_suitable(password)
    assert refusal.value.why == "too_long"


@pytest.mark.parametrize(
    "password",
    [
        "aaaaaaaaaaaaaaaa",
        "121212121212",
        "123456789012",
        "qwertyuiop123",
        "abcdefghijklmnop",
        "PasswordPassword1",
        "password12345678",
        "Welcome2026!!",
        "anna@olivegrove.example",
        "AnnaLadas2026",
        "olivegrove!!!!!!",
        "1qaz2wsx3edc",
        "ｐａｓｓｗｏｒｄ１２３４",
    ],
)
def test_what_somebody_else_would_try_first_will_not(password: str) -> None:
    with pytest.raises(Unsuitable) as refusal:
        require_suitable(password, KNOWN)
    assert refusal.value.why == "too_easy"


def test_characters_are_counted_as_a_person_counts_them() -> None:
    assert require_suitable("γάτα και σκύλος")
    with pytest.raises(Unsuitable):
        require_suitable("e\u0301" * (MIN_CHARACTERS - 1))
