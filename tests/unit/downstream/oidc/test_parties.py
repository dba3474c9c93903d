"""Registered applications: their addresses and their secrets (threats DO-01, DO-08)."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.downstream.oidc.parties import FixedRelyingParties
from tests.unit.downstream.oidc.stand import REDIRECT, SECRET, party

WEB = party(redirect_uris=[REDIRECT, "https://app.pobuca.example/cb?tenant=1"])
NATIVE = party(
    application_type="native",
    token_endpoint_auth_method="none",
    redirect_uris=["http://127.0.0.1/cb", "http://[::1]:7000/cb?x=1", "https://app.pobuca.example/native"],
)

VARIATIONS = [
    REDIRECT + "/",
    REDIRECT + "?",
    REDIRECT + "#",
    REDIRECT + "?x=1",
    REDIRECT + " ",
    " " + REDIRECT,
    REDIRECT + "\n",
    REDIRECT.upper(),
    REDIRECT.replace("app", "APP"),
    REDIRECT.replace("https", "http"),
    REDIRECT.replace("https", "HTTPS"),
    REDIRECT.replace(".example", ".example:443"),
    REDIRECT.replace(".example", ".example."),
    REDIRECT.replace("//", "//user@"),
    REDIRECT.replace("//", "//evil.example\\@"),
    REDIRECT.replace("/callback", "/x/../callback"),
    REDIRECT.replace("/callback", "/%63allback"),
    REDIRECT.replace("/callback", "//callback"),
    REDIRECT.replace(".pobuca", "%2Epobuca"),
    REDIRECT + "/../evil",
    REDIRECT + "%00",
    REDIRECT[:-1],
    "https://app.pobuca.example",
    "https://app.pobuca.example.evil.example/callback",
    "javascript:alert(1)",
    "",
]


def test_a_registered_address_is_registered() -> None:
    assert WEB.registers(REDIRECT)
    assert WEB.registers("https://app.pobuca.example/cb?tenant=1")


@pytest.mark.parametrize("uri", VARIATIONS)
def test_no_variation_of_a_registered_address_is(uri: str) -> None:
    assert not WEB.registers(uri)


@given(st.integers(0, len(REDIRECT)), st.text(max_size=3), st.integers(0, 3))
def test_one_character_of_difference_is_a_difference(at: int, inserted: str, dropped: int) -> None:
    mutated = REDIRECT[:at] + inserted + REDIRECT[at + dropped :]
    assert WEB.registers(mutated) == (mutated == REDIRECT)
    assert WEB.registers(quote(mutated, safe="")) is False


@pytest.mark.parametrize(
    "uri",
    [
        "http://127.0.0.1/cb",
        "http://127.0.0.1:1/cb",
        "http://127.0.0.1:65535/cb",
        "http://[::1]:8080/cb?x=1",
        "http://[::1]/cb?x=1",
        "https://app.pobuca.example/native",
    ],
)
def test_a_native_client_may_listen_at_any_port(uri: str) -> None:
    assert NATIVE.registers(uri)


@pytest.mark.parametrize(
    "uri",
    [
        "http://127.0.0.1:0/cb",
        "http://127.0.0.1:65536/cb",
        "http://127.0.0.1:080/cb",
        "http://127.0.0.1:8080/cb/",
        "http://127.0.0.1:8080/cb?x=1",
        "http://127.0.0.1:8080/cb#x",
        "http://127.0.0.1:@evil.example/cb",
        "http://127.0.0.1:80@evil.example/cb",
        "http://127.0.0.1.evil.example/cb",
        "http://127.0.0.1:8080/cb\n",
        "http://127.0.0.1:\N{ARABIC-INDIC DIGIT EIGHT}0/cb",
        "http://127.0.0.2:8080/cb",
        "http://localhost:8080/cb",
        "http://[::1]:8080/cb",
        "http://[0:0:0:0:0:0:0:1]:8080/cb?x=1",
        "https://127.0.0.1:8080/cb",
        "https://app.pobuca.example:8443/native",
    ],
)
def test_and_nothing_else_of_its_address_may_differ(uri: str) -> None:
    assert not NATIVE.registers(uri)


def test_a_web_client_has_no_loopback_exception() -> None:
    assert not WEB.registers("http://127.0.0.1:8080/cb")


def test_only_its_own_secret_is_its_secret() -> None:
    assert WEB.has_secret(SECRET)
    assert not WEB.has_secret(SECRET + " ")
    assert not WEB.has_secret("")


def test_a_public_client_has_no_secret_at_all() -> None:
    assert not NATIVE.has_secret("")


def test_a_secret_is_not_shown() -> None:
    assert SECRET not in repr(WEB)
    assert str(WEB.secret_digest) not in repr(WEB)


def test_a_confidential_client_needs_a_secret_that_is_not_empty() -> None:
    with pytest.raises(ValueError, match="needs a secret"):
        party(secret="")


def test_the_sector_is_the_host_of_the_address_unless_named() -> None:
    assert party().sector == "app.pobuca.example"
    assert party(subject_type="pairwise", sector_identifier="pobuca.example").sector == "pobuca.example"


def test_parties_are_found_by_their_identifier() -> None:
    parties = FixedRelyingParties([WEB])
    assert parties.get("sample") is WEB
    assert parties.get("SAMPLE") is None
