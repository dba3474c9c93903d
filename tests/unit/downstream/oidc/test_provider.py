"""The library behind its walls, and what the provider says of itself."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from broker.downstream.oidc.errors import AuthorizationRefused
from broker.downstream.oidc.metadata import ProviderSettings, provider_metadata
from broker.downstream.oidc.parties import FixedRelyingParties
from broker.downstream.oidc.provider import BrokerProvider
from tests.unit.downstream.oidc.stand import CHALLENGE, ISSUER, REDIRECT, VERIFIER, Stand


def test_the_discovery_document_is_frozen(stand: Stand) -> None:
    response = stand.client.get("/.well-known/openid-configuration", base_url=ISSUER)
    assert response.status_code == 200
    assert response.get_json() == {
        "issuer": ISSUER,
        "authorization_endpoint": f"{ISSUER}/authorize",
        "token_endpoint": f"{ISSUER}/token",
        "userinfo_endpoint": f"{ISSUER}/userinfo",
        "jwks_uri": f"{ISSUER}/jwks",
        "introspection_endpoint": f"{ISSUER}/introspect",
        "revocation_endpoint": f"{ISSUER}/revoke",
        "scopes_supported": ["openid", "profile", "email", "phone", "address", "organization", "offline_access"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "subject_types_supported": ["public", "pairwise"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256", "PS256", "EdDSA"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "acr_values_supported": ["urn:pobuca:acr:directory", "urn:pobuca:acr:mfa"],
        "claim_types_supported": ["normal"],
        "claims_supported": [
            *("iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash"),
            *("name", "given_name", "family_name", "locale", "updated_at"),
            *("email", "email_verified", "phone_number", "phone_number_verified", "address", "organization"),
        ],
        "ui_locales_supported": ["en", "el"],
        "claims_parameter_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
    }


def test_the_library_finds_the_metadata_complete() -> None:
    document = provider_metadata(ProviderSettings("https://issuer.example"))
    assert "acr_values_supported" not in document
    assert dict(BrokerProvider(document, _nobody()).provider_configuration) == document


def test_an_issuer_that_is_not_https_is_not_one() -> None:
    with pytest.raises(Exception, match="HTTPS"):
        BrokerProvider(provider_metadata(ProviderSettings("http://issuer.example")), _nobody())


def test_the_key_set_is_the_ring_s_public_halves(stand: Stand) -> None:
    document = stand.client.get("/jwks", base_url=ISSUER).get_json()
    assert document == stand.keys.public_jwks()
    assert {key["alg"] for key in document["keys"]} == {"RS256", "ES256", "PS256", "EdDSA"}
    for key in document["keys"]:
        assert key.keys() & {"d", "p", "q", "dp", "dq", "qi", "k"} == set()
        assert key["kid"]


@pytest.mark.parametrize(
    "door",
    [
        "handle_token_request",
        "handle_userinfo_request",
        "handle_client_registration_request",
        "logout_user",
        "do_post_logout_redirect",
        "_verify_client_authentication",
        "_do_token_refresh",
    ],
)
def test_the_library_s_own_doors_are_walled_up(stand: Stand, door: str) -> None:
    with pytest.raises(TypeError):
        getattr(stand.endpoints.provider, door)("grant_type=authorization_code")


def test_the_library_s_one_key_is_not_published(stand: Stand) -> None:
    with pytest.raises(TypeError):
        _ = stand.endpoints.provider.jwks


@pytest.mark.parametrize("name", ["pyop", "pyop.provider", "oic", "oic.oauth2.message", "jwkest"])
def test_the_library_does_not_log_what_it_handles(name: str) -> None:
    assert not logging.getLogger(name).isEnabledFor(logging.INFO)


def test_a_whole_sign_in_leaves_no_word_of_the_library_in_the_log(
    stand: Stand, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        tokens = stand.tokens()
        stand.token("wrong", code_verifier=VERIFIER)
        stand.authorize(scope="openid unknown")
    assert tokens["access_token"] not in caplog.text
    assert caplog.records == []


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"scope": "openid"},
        {"scope": "openid", "response_type": "token"},
        {"scope": "email", "response_type": "code"},
        {"scope": "openid", "response_type": "code", "max_age": "x"},
        {"scope": "openid", "response_type": "code", "claims": "{"},
        {"scope": "openid", "response_type": "code", "id_token_hint": "x"},
        {"scope": "openid", "response_type": "code", "request": "x"},
        {"scope": "openid", "response_type": "code", "client_id": "unknown"},
        {"scope": "openid", "response_type": "code", "redirect_uri": "https://evil.example"},
        {"scope": "openid offline_access", "response_type": "code"},
    ],
)
def test_whatever_the_library_raises_is_one_refusal_without_its_words(stand: Stand, parameters: dict[str, str]) -> None:
    usual = {"client_id": "sample", "redirect_uri": REDIRECT, "code_challenge": CHALLENGE}
    with pytest.raises(AuthorizationRefused) as refused:
        stand.endpoints.provider.read_authorization_request(usual | parameters)
    assert refused.value.description == "The request is malformed."
    assert refused.value.__suppress_context__


def test_calls_at_the_same_time_do_not_see_each_other_s_state(stand: Stand) -> None:
    provider = stand.endpoints.provider
    answers = [
        provider.authorization_response("sample", REDIRECT, ("openid",), str(n), "subject", f"code-{n}")
        for n in range(3)
    ]
    assert [answer["code"] for answer in answers] == ["code-0", "code-1", "code-2"]
    assert not hasattr(provider.authz_state, "create_authorization_code")


def _nobody() -> Any:
    return FixedRelyingParties([])
