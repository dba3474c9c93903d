"""entra-id reference 1.1."""

from __future__ import annotations

import pytest
import requests

from tests.unit.demo.entra.running import CONSUMERS, TENANT_A, RunningSimulator

FIELDS = [
    "token_endpoint",
    "token_endpoint_auth_methods_supported",
    "jwks_uri",
    "response_modes_supported",
    "subject_types_supported",
    "id_token_signing_alg_values_supported",
    "response_types_supported",
    "scopes_supported",
    "issuer",
    "request_uri_parameter_supported",
    "userinfo_endpoint",
    "authorization_endpoint",
    "device_authorization_endpoint",
    "http_logout_supported",
    "frontchannel_logout_supported",
    "end_session_endpoint",
    "claims_supported",
    "kerberos_endpoint",
    "tenant_region_scope",
    "cloud_instance_name",
    "cloud_graph_host_name",
    "msgraph_host",
    "rbac_url",
]


def discover(entra: RunningSimulator, tenant: str, version: str = "/v2.0") -> requests.Response:
    return requests.get(f"{entra.base}/{tenant}{version}/.well-known/openid-configuration", timeout=10)


@pytest.mark.parametrize(
    ("tenant", "issuer_tenant", "segment"),
    [
        ("common", "{tenantid}", "common"),
        ("organizations", "{tenantid}", "organizations"),
        ("consumers", CONSUMERS, "consumers"),
        (TENANT_A, TENANT_A, TENANT_A),
        (TENANT_A.upper(), TENANT_A, TENANT_A),
        ("aegeanfoods.example", TENANT_A, TENANT_A),
        ("aegeanfoods.onmicrosoft.com", TENANT_A, TENANT_A),
    ],
)
def test_the_issuer_is_a_template_on_the_aliases_and_the_guid_everywhere_else(
    entra: RunningSimulator, tenant: str, issuer_tenant: str, segment: str
) -> None:
    said = discover(entra, tenant).json()
    assert list(said) == FIELDS
    assert said["issuer"] == f"{entra.base}/{issuer_tenant}/v2.0"
    assert said["authorization_endpoint"] == f"{entra.base}/{segment}/oauth2/v2.0/authorize"
    assert said["token_endpoint"] == f"{entra.base}/{segment}/oauth2/v2.0/token"
    assert said["jwks_uri"] == f"{entra.base}/{segment}/discovery/v2.0/keys"


def test_a_tenant_tells_its_region_and_an_alias_none(entra: RunningSimulator) -> None:
    assert discover(entra, TENANT_A).json()["tenant_region_scope"] == "EU"
    assert discover(entra, "common").json()["tenant_region_scope"] is None


def test_an_unknown_tenant_is_a_client_error_with_its_number(entra: RunningSimulator) -> None:
    answer = discover(entra, "nobody.example")
    assert (answer.status_code, answer.json()["error_codes"]) == (400, [90002])


def test_the_headers_are_those_of_a_captured_answer(entra: RunningSimulator) -> None:
    answer = discover(entra, "common")
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.headers["Cache-Control"] == "max-age=86400, private"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["x-ms-request-id"]
    assert {cookie.name for cookie in answer.cookies} == {"fpc", "esctx"}


def test_a_browser_is_not_told_to_use_tls_for_all_of_localhost(entra: RunningSimulator) -> None:
    assert "Strict-Transport-Security" not in discover(entra, "common").headers


def test_version_1_has_another_issuer_and_its_own_keys(entra: RunningSimulator) -> None:
    said = discover(entra, TENANT_A, "").json()
    assert said["issuer"] == f"https://sts.windows.net/{TENANT_A}/"
    keys = requests.get(said["jwks_uri"], timeout=10).json()["keys"]
    assert keys
    assert all("issuer" not in key for key in keys)


def test_an_application_with_its_own_keys_is_led_to_them(entra: RunningSimulator) -> None:
    said = requests.get(f"{entra.base}/common/v2.0/.well-known/openid-configuration?appid=abc", timeout=10).json()
    assert said["jwks_uri"].endswith("/discovery/v2.0/keys?appid=abc")
    assert requests.get(said["jwks_uri"], timeout=10).json()["keys"]


def test_microsofts_libraries_find_the_discovery_address_of_an_authority(entra: RunningSimulator) -> None:
    said = requests.get(
        f"{entra.base}/common/discovery/instance",
        params={
            "api-version": "1.1",
            "authorization_endpoint": f"{entra.base}/aegeanfoods.example/oauth2/v2.0/authorize",
        },
        timeout=10,
    ).json()
    assert said["tenant_discovery_endpoint"] == f"{entra.base}/{TENANT_A}/v2.0/.well-known/openid-configuration"
