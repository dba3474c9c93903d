"""What an application calls a person and a session (threats L18)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.downstream.oidc.parties import RelyingParty
from broker.downstream.oidc.subjects import Subjects
from tests.unit.downstream.oidc.stand import party

SUBJECTS = Subjects(b"k" * 32)
PAIRWISE = party(subject_type="pairwise")


def pairwise(sector: str) -> RelyingParty:
    return replace(PAIRWISE, sector=sector)


def test_a_public_subject_is_the_account() -> None:
    assert SUBJECTS.subject(party(), "account-1") == "account-1"
    assert SUBJECTS.session(party(), "sid-1") == "sid-1"


def test_the_wire_form_of_a_pairwise_subject_is_frozen() -> None:
    """A change here makes every person a stranger to every pairwise application."""
    assert SUBJECTS.subject(pairwise("app.example"), "account-1") == "pHgGNScbxTG-50EJ-2niuzjINYWW_geiVW-W_uv6vks"


def test_applications_of_one_sector_know_a_person_by_one_name_and_others_by_another() -> None:
    mine, same, other = pairwise("a.example"), pairwise("a.example"), pairwise("b.example")
    assert SUBJECTS.subject(mine, "account-1") == SUBJECTS.subject(same, "account-1")
    assert SUBJECTS.subject(mine, "account-1") != SUBJECTS.subject(other, "account-1")


def test_another_key_gives_another_subject() -> None:
    mine = pairwise("a.example")
    assert Subjects(b"x" * 32).subject(mine, "account-1") != SUBJECTS.subject(mine, "account-1")


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="256 bits"):
        Subjects(b"k" * 31)


def test_a_session_is_never_called_what_a_person_is_called() -> None:
    mine = pairwise("a.example")
    assert SUBJECTS.session(mine, "same") != SUBJECTS.subject(mine, "same")


@given(st.text(min_size=1, max_size=9), st.text(max_size=9), st.text(min_size=1, max_size=9), st.text(max_size=9))
def test_two_different_pairs_never_collide(sector: str, account: str, other_sector: str, other_account: str) -> None:
    one = SUBJECTS.subject(pairwise(sector), account)
    other = SUBJECTS.subject(pairwise(other_sector), other_account)
    assert (one == other) == ((sector, account) == (other_sector, other_account))
    assert len(one) == 43
    assert one.isascii()
