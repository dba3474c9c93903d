"""Whatever is sent to the simulated endpoints, the answer is a client error or a page, never a crash."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.clock import ManualClock
from broker.demo.entra.app import create_simulator
from broker.demo.entra.seed import CLIENT_ID, CLIENT_SECRET, seeded_directory
from tests.unit.demo.entra.running import ASSERTION_TYPE, CALLBACK, TENANT_A

DEEP = "[" * 100_000


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    directory = seeded_directory(redirect_uris=[CALLBACK])
    clock = ManualClock(datetime(2026, 11, 21, tzinfo=UTC))
    return create_simulator(directory, clock=clock, base_url="http://localhost").test_client()


ANYTHING = st.text(max_size=60)
ASKED = {
    "client_id": st.just(CLIENT_ID),
    "redirect_uri": st.just(CALLBACK),
    "response_type": st.sampled_from(["code", "code id_token", "token"]) | ANYTHING,
    "scope": st.sampled_from(["openid", "openid User.Read"]) | ANYTHING,
}
MORE = "state nonce prompt login_hint domain_hint response_mode code_challenge code_challenge_method claims client_info"


@settings(deadline=None, max_examples=150)
@given(st.fixed_dictionaries(ASKED, optional=dict.fromkeys(MORE.split(), ANYTHING)))
def test_an_authorization_request_of_anything_is_answered(client: FlaskClient, asked: dict[str, str]) -> None:
    assert client.get(f"/{TENANT_A}/oauth2/v2.0/authorize?{urlencode(asked)}").status_code < 500


FORM = {"grant_type": st.sampled_from(["authorization_code", "refresh_token", "client_credentials"]) | ANYTHING}
FORM_MORE = "client_id client_secret code redirect_uri code_verifier refresh_token scope client_assertion client_info"


@settings(deadline=None, max_examples=150)
@given(st.fixed_dictionaries(FORM, optional=dict.fromkeys(FORM_MORE.split(), ANYTHING)), st.binary(max_size=40))
def test_a_token_request_of_anything_is_refused(client: FlaskClient, form: dict[str, str], raw: bytes) -> None:
    header = {"Authorization": "Basic " + base64.b64encode(raw).decode()}
    assert client.post(f"/{TENANT_A}/oauth2/v2.0/token", data=form).status_code in (400, 401)
    known = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, **form}
    assert client.post(f"/{TENANT_A}/oauth2/v2.0/token", data=known, headers=header).status_code in (400, 401)


CONSENT = {"client_id": st.just(CLIENT_ID) | ANYTHING, "redirect_uri": st.just(CALLBACK) | ANYTHING}


@settings(deadline=None, max_examples=100)
@given(
    st.sampled_from([TENANT_A, "organizations", "common"]),
    st.sampled_from(["adminconsent", "v2.0/adminconsent"]),
    st.fixed_dictionaries(CONSENT, optional=dict.fromkeys(("scope", "state", "prompt", "login_hint"), ANYTHING)),
)
def test_a_request_for_admin_consent_of_anything_is_answered(
    client: FlaskClient, tenant: str, path: str, asked: dict[str, str]
) -> None:
    assert client.get(f"/{tenant}/{path}?{urlencode(asked)}").status_code < 500


@pytest.fixture(scope="module")
def bearer(client: FlaskClient) -> dict[str, str]:
    """Of the application itself, with every permission that anything here asks for."""
    permissions = ["Directory.Read.All", "DelegatedPermissionGrant.ReadWrite.All", "User.RevokeSessions.All"]
    client.post(f"/_simulator/consents/{TENANT_A}", json={"applicationPermissions": permissions})
    form = {
        "grant_type": "client_credentials",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "scope": "https://graph.microsoft.com/.default",
    }
    token = client.post(f"/{TENANT_A}/oauth2/v2.0/token", data=form).get_json()["access_token"]
    return {"Authorization": f"Bearer {token}"}


LEAF = st.none() | st.booleans() | st.integers() | ANYTHING
NESTED = st.recursive(LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANYTHING, inner, max_size=3))
WANTED = {
    "changeType": st.just("updated") | LEAF,
    "resource": st.just("users") | LEAF,
    "notificationUrl": st.sampled_from(["https://", "https://[", "//a", "https://a#b"]) | st.integers(),
    "expirationDateTime": st.sampled_from(["2026-11-22T00:00:00Z", "0001-01-01T00:00:00+23:59"]) | LEAF,
}


@settings(deadline=None, max_examples=100)
@given(NESTED | st.fixed_dictionaries(WANTED, optional={"clientState": LEAF, "includeResourceData": NESTED}))
def test_a_subscription_of_anything_is_refused(client: FlaskClient, bearer: dict[str, str], body: object) -> None:
    assert client.post("/v1.0/subscriptions", json=body, headers=bearer).status_code == 400


QUERY = ("$select", "$filter", "$deltatoken", "$skiptoken", "$orderby")


@settings(deadline=None, max_examples=100)
@given(
    st.sampled_from(
        ["users/delta", "directory/deletedItems/microsoft.graph.user", "oauth2PermissionGrants", "servicePrincipals"]
    ),
    st.dictionaries(st.sampled_from(QUERY), ANYTHING, max_size=3),
    st.text(alphabet="odata.mxpgsize=0123456789, return", max_size=40),
)
def test_a_query_of_graph_of_anything_is_answered(
    client: FlaskClient, bearer: dict[str, str], path: str, query: dict[str, str], prefer: str
) -> None:
    answer = client.get(f"/v1.0/{path}?{urlencode(query)}", headers={**bearer, "Prefer": prefer})
    assert answer.status_code in (200, 400, 410)


@settings(deadline=None, max_examples=100)
@given(st.text(max_size=40), st.text(max_size=40))
def test_a_path_of_anything_is_answered(client: FlaskClient, first: str, second: str) -> None:
    for path in (f"{first}/v2.0/.well-known/openid-configuration", f"v1.0/users/{first}/{second}", f"{first}/{second}"):
        assert client.get("/" + urlencode({"": path})[1:]).status_code < 500


def test_json_nested_beyond_reason_is_refused(client: FlaskClient) -> None:
    asked = {"client_id": CLIENT_ID, "redirect_uri": CALLBACK, "response_type": "code", "scope": "openid"}
    form = {**asked, "claims": DEEP}
    assert client.post(f"/{TENANT_A}/oauth2/v2.0/authorize", data=form).status_code == 302
    part = base64.urlsafe_b64encode(DEEP.encode()).decode()
    form = {
        "grant_type": "client_credentials",
        "client_id": CLIENT_ID,
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": f"{part}.{part}.AAAA",
    }
    assert client.post(f"/{TENANT_A}/oauth2/v2.0/token", data=form).status_code == 401


def test_a_body_beyond_the_limit_is_refused_unread(client: FlaskClient) -> None:
    assert client.post(f"/{TENANT_A}/oauth2/v2.0/token", data={"code": "x" * (1 << 20)}).status_code == 413
