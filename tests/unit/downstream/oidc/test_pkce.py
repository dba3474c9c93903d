"""S256 and nothing else (RFC 7636, threats DO-05)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.downstream.oidc import pkce
from broker.downstream.oidc.errors import AuthorizationRefused, TokenRefused
from tests.unit.downstream.oidc.stand import CHALLENGE, VERIFIER

# RFC 7636 appendix B.
RFC_VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
RFC_CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_the_example_of_the_specification_fits() -> None:
    assert pkce.read_challenge(RFC_CHALLENGE, "S256", required=True) == RFC_CHALLENGE
    pkce.require_verifier(RFC_VERIFIER, RFC_CHALLENGE)


@pytest.mark.parametrize(
    ("challenge", "method"),
    [
        (None, "S256"),
        (CHALLENGE, None),
        (CHALLENGE, "plain"),
        (CHALLENGE, "s256"),
        (CHALLENGE, "S384"),
        (CHALLENGE + "=", "S256"),
        (CHALLENGE[:-1], "S256"),
        (CHALLENGE[:-1] + "B", "S256"),
        (CHALLENGE[:-1] + "+", "S256"),
        (CHALLENGE + "\n", "S256"),
        ("", "S256"),
    ],
)
@pytest.mark.parametrize("required", [True, False])
def test_any_other_challenge_is_refused(challenge: str | None, method: str | None, required: bool) -> None:
    with pytest.raises(AuthorizationRefused) as refused:
        pkce.read_challenge(challenge, method, required=required)
    assert (refused.value.code, refused.value.reason) == ("invalid_request", "pkce")


@pytest.mark.parametrize(
    "verifier",
    [None, "", "a" * 42, "a" * 129, VERIFIER + "=", VERIFIER[:-1] + "é", VERIFIER + "\n", VERIFIER[:-1], RFC_VERIFIER],
)
def test_any_other_verifier_is_refused(verifier: str | None) -> None:
    with pytest.raises(TokenRefused) as refused:
        pkce.require_verifier(verifier, CHALLENGE)
    assert (refused.value.code, refused.value.reason) == ("invalid_grant", "pkce")


def test_only_where_it_is_not_required_may_both_be_left_out() -> None:
    assert pkce.read_challenge(None, None, required=False) is None
    with pytest.raises(AuthorizationRefused):
        pkce.read_challenge(None, None, required=True)
    pkce.require_verifier(None, None)
    with pytest.raises(TokenRefused):
        pkce.require_verifier(VERIFIER, None)


@given(st.text())
def test_no_text_but_the_verifier_fits(verifier: str) -> None:
    if verifier != VERIFIER:
        with pytest.raises(TokenRefused):
            pkce.require_verifier(verifier, CHALLENGE)
