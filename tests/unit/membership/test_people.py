"""Names and fields as people write them."""

from __future__ import annotations

import pytest

from broker.errors import BadRequest
from broker.membership.people import Missing, cleaned, require_names
from broker.membership.roles import ROLES, require_role


def test_names_are_one_line_without_what_turns_text_around() -> None:
    assert require_names("  Anna\n Maria ", "Lad\u202eas") == ("Anna Maria", "Ladas")


@pytest.mark.parametrize(("first", "last", "field"), [("", "Ladas", "first_name"), ("Anna", " \u200b ", "last_name")])
def test_each_is_needed(first: str, last: str, field: str) -> None:
    with pytest.raises(Missing) as missing:
        require_names(first, last)
    assert missing.value.field == field


def test_fields_have_the_lengths_that_accounts_have() -> None:
    assert len(cleaned({"job_title": "x" * 5000})["job_title"]) == 128
    with pytest.raises(KeyError):
        cleaned({"organization": "other"})


def test_a_role_is_one_of_three() -> None:
    assert [require_role(role) for role in ROLES] == ["administrator", "editor", "contributor"]
    for role in ("", "Administrator", "owner"):
        with pytest.raises(BadRequest):
            require_role(role)
