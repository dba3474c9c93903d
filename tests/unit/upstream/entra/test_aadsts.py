"""The table of error numbers is complete and says something a page can explain (entra-id reference, section 2.3)."""

from __future__ import annotations

import pytest

from broker.upstream.entra.aadsts import MEANINGS, meaning_of, numbers_in
from broker.web.explanations import EXPLANATIONS

# Every number that section 2.3 prints in bold, and the key of its page.
IMPORTANT = {
    50057: "account_disabled_upstream",
    50076: "mfa_needed",
    50105: "not_assigned",
    53003: "blocked_by_policy",
    50173: "start_again",
    54005: "start_again",
    65001: "admin_approval",
    65004: "consent_declined",
    700082: "start_again",
    70043: "start_again",
    700016: "app_not_installed",
    700027: "upstream_misconfigured",
    7000215: "upstream_misconfigured",
    90094: "admin_approval",
}


@pytest.mark.parametrize(("number", "explanation"), IMPORTANT.items())
def test_the_numbers_that_matter_have_their_meaning(number: int, explanation: str) -> None:
    meaning = meaning_of([number])
    assert meaning is not None
    assert meaning.explanation == explanation


def test_every_meaning_has_a_page_and_an_advice() -> None:
    for number, meaning in MEANINGS.items():
        assert meaning.explanation in EXPLANATIONS, number
        assert meaning.advice, number
        assert meaning.ours == (meaning.explanation == "upstream_misconfigured"), number


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("AADSTS50057: disabled", (50057,)),
        ("AADSTS65004%3a and AADSTS900941: two", (65004, 900941)),
        ("AADSTS50057 AADSTS50057", (50057,)),
        ("AADSTS123456789", ()),
        ("aadsts50057", ()),
        ("", ()),
        (" ".join(f"AADSTS{number}" for number in range(50000, 50100)), tuple(range(50000, 50008))),
    ],
)
def test_numbers_are_found_in_a_description(text: str, numbers: tuple[int, ...]) -> None:
    assert numbers_in(text) == numbers


def test_an_unknown_number_means_nothing() -> None:
    assert meaning_of([1, 2]) is None
    assert meaning_of([]) is None
