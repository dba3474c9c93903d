"""What verified claims say of a person is read with care: guests, addresses, groups, and what is
kept (threats UO-15, UO-16).
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.upstream.entra.guests import is_guest
from broker.upstream.entra.person import bounded, email_of, groups_in, has_too_many_groups, login_names
from broker.upstream.entra.text import loggable
from tests.support.people import TENANT_A, TENANT_B
from tests.support.properties import steady

ISSUER = f"https://login.microsoftonline.com/{TENANT_A}/v2.0"


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"acct": 0},
        {"acct": "0"},
        {"idp": f"https://sts.windows.net/{TENANT_A}/"},
        {"idp": ISSUER},
        {"upn": "eleni@aegeanfoods.example", "preferred_username": "eleni.ext@aegeanfoods.example"},
        {"upn": "eleni_ext_@aegeanfoods.example"},
        {"upn": 7},
    ],
)
def test_a_member_is_no_guest(claims: dict[str, Any]) -> None:
    assert not is_guest(claims, TENANT_A, ISSUER)


@pytest.mark.parametrize(
    "claims",
    [
        {"acct": 1},
        {"acct": "1"},
        {"acct": 2},
        {"acct": True},
        {"acct": False},
        {"acct": []},
        {"idp": "live.com"},
        {"idp": f"https://sts.windows.net/{TENANT_B}/"},
        {"idp": f"https://sts.windows.net/{TENANT_A}"},
        {"idp": ""},
        {"idp": 7},
        {"idp": [ISSUER]},
        {"acct": 0, "idp": "mail"},
        {"upn": "tomas_helios.example#EXT#@aegeanfoods.onmicrosoft.com"},
        {"upn": "tomas_helios.example#ext#@aegeanfoods.onmicrosoft.com"},
        {"upn": "tomas_helios.example_EXT_@aegeanfoods.onmicrosoft.com"},
        {"preferred_username": "tomas#EXT#@x.example"},
    ],
)
def test_any_mark_of_a_guest_makes_one_and_so_does_a_mark_that_cannot_be_read(claims: dict[str, Any]) -> None:
    assert is_guest(claims, TENANT_A, ISSUER)


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"email": "Eleni@Aegeanfoods.example", "xms_edov": True}, ("Eleni@Aegeanfoods.example", True)),
        ({"email": "a@b.example", "xms_edov": "1"}, ("a@b.example", True)),
        ({"email": "a@b.example", "xms_edov": "true"}, ("a@b.example", True)),
        ({"email": "a@b.example", "xms_edov": "True"}, ("a@b.example", True)),
        ({"email": "a@b.example", "xms_edov": 1}, ("a@b.example", True)),
        ({"email": " a@b.example "}, ("a@b.example", False)),
        ({"email": "a@b.example", "xms_edov": False}, ("a@b.example", False)),
        ({"email": "a@b.example", "xms_edov": "false"}, ("a@b.example", False)),
        ({"email": "a@b.example", "xms_edov": 2}, ("a@b.example", False)),
        ({"email": "a@b.example", "xms_edov": [True]}, ("a@b.example", False)),
        ({"email": "a@b.example", "email_verified": True}, ("a@b.example", False)),
        ({"preferred_username": "a@b.example", "xms_edov": True}, ("a@b.example", False)),
        ({"email": "not an address", "preferred_username": "a@b.example", "xms_edov": True}, ("a@b.example", False)),
        ({"email": ["a@b.example"]}, (None, False)),
        ({"email": "a@b.example\r\nBcc: c@d.example"}, (None, False)),
        ({"preferred_username": "+30 210 0000000"}, (None, False)),
        ({}, (None, False)),
    ],
)
def test_an_address_is_vouched_for_only_by_its_own_claim(
    claims: dict[str, Any], expected: tuple[str | None, bool]
) -> None:
    assert email_of(claims) == expected


def test_login_names_are_in_lower_case_and_each_stands_once() -> None:
    claims = {"email": "A@b.example", "preferred_username": "a@B.example ", "upn": "other@b.example", "name": "A"}
    assert login_names(claims) == ("a@b.example", "other@b.example")
    assert login_names({"upn": "x" * 300, "email": 7, "preferred_username": " "}) == ()


def test_groups_are_a_list_of_texts_or_unknown() -> None:
    assert groups_in({"groups": []}) == ()
    assert groups_in({"groups": ["a"]}) == ("a",)
    for unknown in ({}, {"groups": None}, {"groups": "a"}, {"groups": [1]}, {"groups": ["a"] * 251}):
        assert groups_in(unknown) is None


def test_too_many_groups_are_signalled_in_two_ways() -> None:
    assert has_too_many_groups({"_claim_names": {"groups": "src1"}})
    assert has_too_many_groups({"hasgroups": True})
    for no in ({}, {"_claim_names": {"other": "src1"}}, {"_claim_names": "groups"}, {"hasgroups": False}):
        assert not has_too_many_groups(no)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=20)
    | st.sampled_from(["x" * 1024, "x" * 1025, ["x"] * 251]),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


names = st.text(max_size=8) | st.sampled_from(["nonce", "aio", "roles", "x" * 129])


@steady
@given(st.dictionaries(names, values, max_size=8), st.integers(0, 80))
def test_only_small_plain_claims_are_kept_and_cannot_be_changed(claims: dict[str, Any], more: int) -> None:
    claims |= {f"claim-{number}": number for number in range(more)}
    kept = bounded(claims)
    assert len(kept) <= 64
    assert not {"nonce", "aio"} & kept.keys()
    for name, value in kept.items():
        assert isinstance(value, bool | int | str | tuple)
        assert value == (tuple(claims[name]) if isinstance(value, tuple) else claims[name])
        assert not isinstance(value, str) or len(value) <= 1024
    with pytest.raises(TypeError):
        kept["x"] = 1  # type: ignore[index] # that is the point


@steady
@given(st.text())
def test_upstream_text_is_fit_for_one_line_of_a_log(text: str) -> None:
    shown = loggable(text)
    assert len(shown) <= 200
    assert shown.isascii()
    assert shown.isprintable() or shown == ""


@pytest.mark.parametrize("text", ["user a@b.example is", "<a@b.example>", '"a@b.example"', "x" * 195 + "a@b.example"])
def test_an_address_does_not_get_into_the_log(text: str) -> None:
    assert "a@b.example" not in loggable(text)
    assert "@" not in loggable(text)
