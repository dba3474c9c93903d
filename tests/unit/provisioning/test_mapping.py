"""From the directory's words to the fields of a new account (entra-id reference, section 7)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from broker.claims.rules import AttributeRule, On
from broker.errors import NotAllowed
from broker.identity import Profile
from broker.organizations import Organization
from broker.provisioning.mapping import (
    MappedProfile,
    asks_directory,
    fills_again,
    kept_by_directory,
    map_profile,
)
from broker.provisioning.text import clean
from tests.support.people import AEGEAN, account, authentication

FULL = {
    "graph.givenName": "Eleni",
    "graph.surname": "Markou",
    "graph.displayName": "Eleni Markou",
    "graph.mail": "eleni.markou@aegeanfoods.example",
    "graph.userPrincipalName": "eleni.markou@aegeanfoods.example",
    "graph.jobTitle": "Buyer",
    "graph.businessPhones": "+30 210 1234567",
    "graph.department": "Purchasing",
}


def mapped(values: dict[str, str], **changes: Any) -> MappedProfile:
    return map_profile(Profile(values), authentication(**changes), AEGEAN)


def test_a_full_profile_fills_the_table_and_says_where_each_value_came_from() -> None:
    result = mapped(FULL)
    assert (result.first_name, result.last_name, result.display_name) == ("Eleni", "Markou", "Eleni Markou")
    assert result.attributes == {"job_title": "Buyer", "work_phone": "+30 210 1234567"}
    assert result.sources["work_phone"] == "graph.businessPhones"
    assert result.email_domain == "aegeanfoods.example"
    assert result.email_verified


def test_what_the_table_does_not_name_is_dropped() -> None:
    assert "department" not in mapped(FULL).attributes


def test_a_user_with_only_display_name_and_upn_gets_names_from_them() -> None:
    values = {"graph.displayName": "Maria Kosta", "graph.userPrincipalName": "maria.kosta@aegeanfoods.example"}
    result = mapped(values, email=None)
    assert (result.first_name, result.last_name) == ("Maria", "Kosta")
    assert result.email == "maria.kosta@aegeanfoods.example"
    assert not result.email_verified
    assert result.sources["first_name"] == "graph.displayName, first word"


def test_a_single_name_gets_a_dash_where_pobuca_needs_a_last_name() -> None:
    values = {"graph.displayName": "Platon", "graph.mail": "platon@aegeanfoods.example"}
    assert (mapped(values).first_name, mapped(values).last_name) == ("Platon", "-")


def test_without_any_name_the_local_part_stands_in() -> None:
    result = mapped({"graph.mail": "platon@aegeanfoods.example"})
    assert (result.first_name, result.last_name, result.display_name) == ("platon", "-", "platon")


def test_a_guests_made_up_principal_name_is_not_an_address() -> None:
    values = {"graph.displayName": "Tomas Weiss", "graph.userPrincipalName": "tomas_h.example#EXT#@a.onmicrosoft.com"}
    with pytest.raises(NotAllowed) as refusal:
        mapped(values, email=None)
    assert refusal.value.explanation == "no_email"


@pytest.mark.parametrize(
    "changes",
    [
        {"email_owner_verified": False},
        {"email": None},
        {"email": "somebody.else@aegeanfoods.example"},
    ],
)
def test_an_address_counts_as_verified_only_if_the_upstream_vouches_for_that_very_address(changes: Any) -> None:
    assert not mapped(FULL, **changes).email_verified


def test_an_address_outside_the_organisations_domains_is_never_verified() -> None:
    elsewhere = {**FULL, "graph.mail": "eleni@helios-shipping.example"}
    assert not mapped(elsewhere, email="eleni@helios-shipping.example").email_verified


def test_the_organisations_language_fills_in_where_the_directory_gives_none() -> None:
    greek = replace(AEGEAN, default_language="el")
    assert map_profile(Profile(FULL), authentication(), greek).attributes["language"] == "el"
    spoken = Profile({**FULL, "graph.preferredLanguage": "en-GB"})
    assert map_profile(spoken, authentication(), greek).attributes["language"] == "en-GB"


def test_hostile_text_is_cut_and_loses_its_control_and_bidi_characters() -> None:
    title = "\u202eBuyer\x00\r\n\t<b>of</b>\u2066 things\u200b" + "x" * 500
    result = mapped({**FULL, "graph.jobTitle": title})
    assert result.attributes["job_title"].startswith("Buyer <b>of</b> thingsxxx")
    assert len(result.attributes["job_title"]) == 128


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Ελένη  Μάρκου", "Ελένη Μάρκου"),
        ("Jose\u0301", "José"),
        ("\u2028a\u2029b", "a b"),
        ("\ud800x", "x"),
        ("  ", ""),
    ],
)
def test_text_is_one_line_in_nfc(written: str, read: str) -> None:
    assert clean(written, 64) == read


# --- later sign-ins ---------------------------------------------------------------------------------------------------


def table(**on: On) -> Organization:
    """Aegean Foods, with other owners of some fields."""
    changed = {name: replace(AEGEAN.attributes[name], on=each) for name, each in on.items()}
    return replace(AEGEAN, attributes={**AEGEAN.attributes, **changed})


def again(values: dict[str, str], organization: Organization, *, asked: bool = True, **changes: Any) -> dict[str, Any]:
    profile = Profile(values, from_directory=asked)
    fills = fills_again(profile, authentication(), organization, account(**changes))
    return {name: fill.value for name, fill in fills.items()}


def test_only_fields_that_the_directory_keeps_are_written_again() -> None:
    assert kept_by_directory(AEGEAN) == ()
    later = {**FULL, "graph.jobTitle": "Head", "graph.givenName": "Lena", "graph.mail": "other@aegeanfoods.example"}
    assert again(later, AEGEAN) == {}
    assert again(later, table(job_title="always", first_name="if_empty", work_phone="if_empty")) == {
        "job_title": "Head",
        "work_phone": "+30 210 1234567",
    }
    assert again(later, table(first_name="always")) == {"first_name": "Lena"}
    assert again(FULL, table(job_title="always")) == {}, "nothing is new"


@pytest.mark.parametrize("on", ["always", "if_empty"])
def test_fe_14_the_address_is_never_written_again_whatever_the_table_says(on: On) -> None:
    later = {**FULL, "graph.mail": "eleni@helios-shipping.example"}
    assert again(later, table(email=on)) == {}
    odd = replace(AEGEAN, attributes={"role": AttributeRule("role", ("graph.jobTitle",), on=on)})
    assert again(later, odd) == {}


def test_what_the_directory_has_no_more_is_emptied_but_nobody_is_without_a_name() -> None:
    gone = {"graph.mail": FULL["graph.mail"]}
    assert again(gone, table(job_title="always", first_name="always", last_name="always")) == {"job_title": None}
    assert again(gone, table(job_title="if_empty")) == {}
    greek = replace(table(language="always"), default_language="el")
    assert again(gone, greek, attributes={"language": "en"}) == {"language": "el"}


def test_a_directory_that_was_not_heard_leaves_what_only_it_knows() -> None:
    organization = table(job_title="always", display_name="always", first_name="always")
    heard = {"id_token.name": "E. M.", "id_token.given_name": "E."}
    assert again(heard, organization, asked=False) == {}
    own = AttributeRule("display_name", ("id_token.name",), on="always")
    only_token = replace(AEGEAN, attributes={**organization.attributes, "display_name": own})
    assert again(heard, only_token, asked=False) == {"display_name": "E. M."}
    assert asks_directory(kept_by_directory(only_token))
    assert not asks_directory((own,))


def test_a_row_that_the_directory_does_not_fill_is_not_filled_at_the_first_sign_in_either() -> None:
    result = map_profile(Profile(FULL), authentication(), table(job_title="never", first_name="never"))
    assert "job_title" not in result.attributes
    assert (result.first_name, result.sources["first_name"]) == ("Eleni", "graph.displayName, first word")
