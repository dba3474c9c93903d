"""The endpoints in HTTP: whatever is sent, the specification's answer and never a 5xx (threats G6, DO-27, SS-07)."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.typing import EventDict

from broker.store.directory import StoredKey
from tests.unit.downstream.oidc.stand import (
    CHALLENGE,
    ISSUER,
    REDIRECT,
    SECRET,
    VERIFIER,
    Stand,
    answer_of,
    asked,
    basic,
    bearer,
)

DISCOVERY = "/.well-known/openid-configuration"
FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize("path", [DISCOVERY, "/jwks"])
def test_metadata_and_keys_may_be_kept_for_an_hour_by_anybody(stand: Stand, path: str) -> None:
    response = stand.client.get(path, base_url=ISSUER)
    assert response.status_code == 200
    assert response.content_type == "application/json"
    assert response.headers["Cache-Control"] == "public, max-age=3600"
    assert response.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        (DISCOVERY, {"GET", "HEAD", "OPTIONS"}),
        ("/jwks", {"GET", "HEAD", "OPTIONS"}),
        ("/authorize", {"GET", "POST"}),
        ("/token", {"POST", "OPTIONS"}),
        ("/userinfo", {"GET", "HEAD", "POST", "OPTIONS"}),
    ],
)
def test_each_endpoint_has_its_methods_and_no_other(stand: Stand, path: str, allowed: set[str]) -> None:
    for method in {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "TRACE"} - allowed:
        response = stand.client.open(path, method=method, base_url=ISSUER)
        assert response.status_code == 405, method
        assert allowed <= set(response.headers["Allow"].replace(" ", "").split(","))


@pytest.mark.parametrize("path", ["/authorize", "/token"])
@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "multipart/form-data; boundary=x", ""])
def test_a_body_is_a_form_and_nothing_else(stand: Stand, path: str, content_type: str) -> None:
    response = stand.client.post(path, data=b"{}", content_type=content_type, headers=basic(), base_url=ISSUER)
    assert response.status_code == 415
    assert stand.logins == []


def test_a_page_of_another_origin_may_ask_for_tokens_and_claims_and_not_for_a_sign_in(stand: Stand) -> None:
    for path in ("/token", "/userinfo"):
        response = stand.client.options(path, base_url=ISSUER, headers={"Origin": "https://spa.example"})
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert "Authorization" in response.headers["Access-Control-Allow-Headers"]
        assert "Access-Control-Allow-Credentials" not in response.headers
    assert "Access-Control-Allow-Origin" not in stand.authorize().headers


def test_a_request_with_too_much_in_it_is_refused(stand: Stand) -> None:
    response = stand.client.post("/authorize", data=asked(state="s" * 70_000), base_url=ISSUER)
    assert (response.status_code, "Location" in response.headers) == (400, False)
    response = stand.client.post("/token", data={"code": "x" * 70_000}, headers=basic(), base_url=ISSUER)
    assert (response.status_code, response.get_json()["error"]) == (400, "invalid_request")
    response = stand.client.post("/userinfo", data={"access_token": "x" * 70_000}, base_url=ISSUER)
    assert (response.status_code, response.get_json()["error"]) == (400, "invalid_request")


def test_a_store_that_does_not_answer_is_told_with_a_time_to_come_back(stand: Stand) -> None:
    code, token = stand.code(), stand.tokens()["access_token"]
    stand.store.down = True
    for response in (stand.token(code), stand.userinfo(token)):
        assert response.status_code == 503
        assert response.headers["Retry-After"] == "5"
        assert response.get_json()["error"] == "temporarily_unavailable"
    page = stand.authorize()
    assert (page.status_code, page.headers["Retry-After"], page.mimetype) == (503, "5", "text/html")
    stand.store.down = False
    assert stand.token(code).status_code == 200
    assert stand.userinfo(token).status_code == 200


def test_a_directory_that_does_not_answer_is_told_likewise(stand: Stand) -> None:
    code, token = stand.code(), stand.tokens()["access_token"]
    stand.directory.down = True
    assert stand.userinfo(token).status_code == 503
    assert stand.token(code).status_code == 503
    stand.directory.down = False
    assert stand.userinfo(token).status_code == 200


def test_what_no_rule_foresaw_is_an_invalid_request_with_a_reference(stand: Stand, logged: list[EventDict]) -> None:
    def broken() -> None:
        raise RuntimeError("with a secret in it")

    code, token = stand.code(), stand.tokens()["access_token"]
    stand.store.before["take"] = broken
    response = stand.token(code)
    assert (response.status_code, response.get_json()["error"]) == (400, "invalid_request")
    assert "Reference: " in response.get_json()["error_description"]
    stand.store.before["get"] = broken
    response = stand.userinfo(token)
    assert (response.status_code, response.get_json()["error"]) == (400, "invalid_request")
    assert [event["reason"] for event in logged] == ["unforeseen", "unforeseen"]
    assert {event["error"] for event in logged} == {"RuntimeError"}
    assert "secret" not in repr(logged)


def test_the_endpoints_are_below_the_path_of_the_issuer(tmp_path: Path, signing_keys: Sequence[StoredKey]) -> None:
    issuer = f"{ISSUER}/sso"
    stand = Stand(tmp_path, signing_keys, issuer=issuer)
    document = stand.client.get(f"/sso{DISCOVERY}", base_url=ISSUER).get_json()
    assert document["issuer"] == issuer
    response = stand.client.get("/sso/authorize", query_string=asked(), base_url=ISSUER)
    assert answer_of(response)["iss"] == issuer
    assert stand.client.get(DISCOVERY, base_url=ISSUER).status_code == 404


# -- anything at all ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shared(signing_keys: Sequence[StoredKey]) -> Iterator[Stand]:
    """One provider for all examples of a property."""
    with tempfile.TemporaryDirectory() as folder:
        yield Stand(Path(folder), signing_keys)


NAMES = st.sampled_from(
    [
        *(
            "client_id",
            "redirect_uri",
            "response_type",
            "scope",
            "state",
            "nonce",
            "code_challenge",
            "prompt",
            "max_age",
        ),
        *(
            "code_challenge_method",
            "response_mode",
            "claims",
            "id_token_hint",
            "login_hint",
            "ui_locales",
            "acr_values",
        ),
        *("display", "request", "request_uri", "registration", "grant_type", "code", "code_verifier", "client_secret"),
        *("access_token", "client_assertion", "resource", "", "x[y]"),
    ]
)
VALUES = st.one_of(
    st.sampled_from(
        [
            *(
                "sample",
                "public",
                "native",
                "narrow",
                REDIRECT,
                "http://127.0.0.1:1/cb",
                "code",
                "openid",
                "openid email",
            ),
            *("S256", "plain", "form_post", "query", "none", "login", "0", "-1", "authorization_code", "{}", "null"),
            *(CHALLENGE, VERIFIER, SECRET, '{"id_token":{"acr":{"value":"\\ud800"}}}', "eyJhbGciOiJub25lIn0.e30."),
        ]
    ),
    st.text(max_size=30),
    st.binary(max_size=12).map(lambda raw: raw.decode("latin-1")),
)
PAIRS = st.lists(st.tuples(NAMES, VALUES), max_size=14)
HEADERS = st.one_of(
    st.just({}),
    st.just(basic()),
    st.just(basic("other", "another secret")),
    st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=30).map(lambda t: {"Authorization": t}),
    st.text(max_size=12).map(lambda t: basic(t, t)),
    st.binary(max_size=40).map(lambda raw: bearer(raw.decode("latin-1").replace("\n", "").replace("\r", ""))),
)
ANY = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def encoded(pairs: list[tuple[str, str]]) -> str:
    return urlencode([(name, value.encode("utf-8", "surrogatepass")) for name, value in pairs])


@ANY
@given(pairs=PAIRS, usual=st.booleans(), post=st.booleans())
def test_any_authorization_request_is_answered(
    shared: Stand, pairs: list[tuple[str, str]], usual: bool, post: bool
) -> None:
    text = encoded([*(asked().items() if usual else ()), *pairs])
    if post:
        response = shared.client.post("/authorize", data=text, content_type=FORM, base_url=ISSUER)
    else:
        response = shared.client.get("/authorize?" + text, base_url=ISSUER)
    assert response.status_code in (200, 303, 400)
    if response.status_code == 303:
        assert response.headers["Location"].startswith((REDIRECT + "?", "http://127.0.0.1:1/cb?"))
    assert "Set-Cookie" not in response.headers
    assert "could+not+be+read" not in response.headers.get("Location", "")
    assert "could not be read" not in response.get_data(as_text=True)


@ANY
@given(pairs=PAIRS, usual=st.booleans(), headers=HEADERS)
def test_any_token_request_is_answered(
    shared: Stand, pairs: list[tuple[str, str]], usual: bool, headers: dict[str, str]
) -> None:
    fields = {"grant_type": "authorization_code", "code": "x" * 43, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    text = encoded([*(fields.items() if usual else ()), *pairs])
    response = shared.client.post("/token", data=text, content_type=FORM, headers=headers, base_url=ISSUER)
    assert response.status_code in (400, 401)
    members: Any = json.loads(response.data)
    assert members.keys() == {"error", "error_description"}
    assert "Reference" not in members["error_description"]


@ANY
@given(pairs=PAIRS, headers=HEADERS, post=st.booleans())
def test_any_userinfo_request_is_answered(
    shared: Stand, pairs: list[tuple[str, str]], headers: dict[str, str], post: bool
) -> None:
    text = encoded(pairs)
    if post:
        response = shared.client.post("/userinfo", data=text, content_type=FORM, headers=headers, base_url=ISSUER)
    else:
        response = shared.client.get("/userinfo?" + text, headers=headers, base_url=ISSUER)
    assert response.status_code in (400, 401)
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert "Reference" not in response.get_data(as_text=True)


@ANY
@given(raw=st.binary(max_size=200), path=st.sampled_from(["/authorize", "/token", "/userinfo"]))
def test_any_bytes_in_place_of_a_form_are_answered(shared: Stand, raw: bytes, path: str) -> None:
    response = shared.client.post(path, data=raw, content_type=FORM, headers=basic(), base_url=ISSUER)
    assert 400 <= response.status_code < 500
