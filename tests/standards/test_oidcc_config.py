"""The module of the conformance suite's configuration profile: the discovery document, member by member."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, get_args
from urllib.parse import urlsplit

import pytest
import requests

from broker.federation.rule_shapes import Scope
from broker.web.language import LANGUAGES
from tests.standards import checks, claims
from tests.standards.suite import SUITE_PARTIES, Suite
from tests.support.world import Foundation, World, world_on

# Every member that is published, with its type: OpenID Connect Discovery 1.0 section 3, RFC 8414 section 2, RFC 9207
# section 3, Back-Channel Logout 1.0 section 2.1. Another one wants a registered name, and a line here.
MEMBERS: Final[dict[str, type]] = {
    "issuer": str,
    "authorization_endpoint": str,
    "token_endpoint": str,
    "userinfo_endpoint": str,
    "jwks_uri": str,
    "introspection_endpoint": str,
    "introspection_endpoint_auth_methods_supported": list,
    "revocation_endpoint": str,
    "revocation_endpoint_auth_methods_supported": list,
    "scopes_supported": list,
    "response_types_supported": list,
    "response_modes_supported": list,
    "grant_types_supported": list,
    "acr_values_supported": list,
    "subject_types_supported": list,
    "id_token_signing_alg_values_supported": list,
    "token_endpoint_auth_methods_supported": list,
    "claim_types_supported": list,
    "claims_supported": list,
    "ui_locales_supported": list,
    "claims_parameter_supported": bool,
    "request_parameter_supported": bool,
    "request_uri_parameter_supported": bool,
    "code_challenge_methods_supported": list,
    "authorization_response_iss_parameter_supported": bool,
    "backchannel_logout_supported": bool,
    "backchannel_logout_session_supported": bool,
}
ENDPOINTS: Final = (
    "authorization_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "jwks_uri",
    "introspection_endpoint",
    "revocation_endpoint",
)


def fetched(world: World) -> requests.Response:
    headers = {"Accept": "text/plain, application/json, */*"}
    return world.browser().get(f"{world.broker_url}/.well-known/openid-configuration", headers=headers, timeout=30)


@pytest.fixture
def document(world: World) -> dict[str, Any]:
    return checks.json_object(fetched(world))


def test_it_is_json_at_the_well_known_address(world: World) -> None:
    answer = fetched(world)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert "max-age" in answer.headers["Cache-Control"]


def test_every_member_is_registered_and_of_its_type(document: dict[str, Any]) -> None:
    assert {name: type(value) for name, value in document.items()} == MEMBERS
    for name, value in document.items():
        if isinstance(value, list):
            assert all(isinstance(item, str) for item in value), name
            assert len(value) == len(set(value)), name


def test_the_issuer_is_the_address_without_the_suffix(world: World, document: dict[str, Any]) -> None:
    issuer = document["issuer"]
    assert f"{issuer}/.well-known/openid-configuration" == fetched(world).url
    parts = urlsplit(issuer)
    assert parts.scheme == "https"
    assert "?" not in issuer
    assert "#" not in issuer
    assert not issuer.endswith("/")


def test_the_endpoints_are_ours_over_https_and_there(world: World, document: dict[str, Any]) -> None:
    for name in ENDPOINTS:
        parts = urlsplit(document[name])
        assert parts.scheme == "https", name
        assert document[name].startswith(document["issuer"] + "/"), name
        assert not parts.query, name
        assert not parts.fragment, name
        answer = world.browser().get(document[name], allow_redirects=False, timeout=30)
        assert answer.status_code in (200, 400, 401, 405), name


def test_what_openid_connect_makes_mandatory_is_there(document: dict[str, Any]) -> None:
    assert document["response_types_supported"] == ["code"]
    assert set(document["subject_types_supported"]) <= {"public", "pairwise"}
    assert document["id_token_signing_alg_values_supported"][0] == "RS256"
    assert "none" not in document["id_token_signing_alg_values_supported"]
    assert document["grant_types_supported"] == ["authorization_code", "refresh_token", "client_credentials"]
    assert {"client_secret_basic", "client_secret_post"} <= set(document["token_endpoint_auth_methods_supported"])
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert set(document["response_modes_supported"]) == {"query", "form_post"}
    assert document["claim_types_supported"] == ["normal"]


def test_what_is_not_supported_is_said(document: dict[str, Any]) -> None:
    assert document["request_parameter_supported"] is False
    assert document["request_uri_parameter_supported"] is False, "left out, it would count as true"
    assert document["claims_parameter_supported"] is True
    assert document["authorization_response_iss_parameter_supported"] is True
    assert document["backchannel_logout_supported"] is True
    assert document["backchannel_logout_session_supported"] is True


def test_scopes_are_those_that_can_be_filled(document: dict[str, Any]) -> None:
    assert document["scopes_supported"][0] == "openid"
    assert set(document["scopes_supported"]) == set(get_args(Scope))
    assert all(scope.isascii() and scope.isprintable() and not set(scope) & set(' "\\') for scope in get_args(Scope))


def test_every_claim_that_is_advertised_is_received(foundation: Foundation, tmp_path: Path) -> None:
    everything = {**SUITE_PARTIES[0], "scopes": list(get_args(Scope))}
    with world_on(foundation, tmp_path / "everything", parties=(everything,)) as world:
        # Entra's own tokens do not say how somebody signed in; one that does is passed on.
        world.control.post("token-mutations", {"claims": {"amr": ["pwd"]}})
        suite = Suite(world)
        asked = suite.asked(scope=" ".join(get_args(Scope)))
        arrival = suite.go_on(suite.authorize(asked))
        code = checks.code_in(checks.authorization_response(arrival.url, asked, suite.issuer))
        tokens = checks.token_response(suite.redeem(code, asked))
        said = checks.json_object(suite.user_info(tokens["access_token"]))
        received = world.verified(tokens["id_token"]).keys() | said.keys()
    assert set(suite.metadata["claims_supported"]) == received


def test_locales_are_well_formed_and_canonical(document: dict[str, Any]) -> None:
    assert set(document["ui_locales_supported"]) == set(LANGUAGES)
    for tag in document["ui_locales_supported"]:
        assert claims.LANGUAGE_TAG.fullmatch(tag)


def test_the_key_set_has_a_key_for_every_algorithm(suite: Suite) -> None:
    answer = suite.program.get(suite.metadata["jwks_uri"], timeout=30)
    checks.key_set(answer)
    algorithms = {key["alg"] for key in answer.json()["keys"]}
    assert algorithms == set(suite.metadata["id_token_signing_alg_values_supported"])
