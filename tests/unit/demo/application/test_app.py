"""broker.demo.application: its pages, and what it believes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from broker.demo.application.settings import ApplicationSettings

HERE = "https://localhost"
Depart = Callable[..., dict[str, str]]


def _return(browser: FlaskClient, provider: Any, **changes: str | None) -> TestResponse:
    answer = {"code": "c", "state": provider.sent["state"], "iss": provider.issuer, **changes}
    given = {name: value for name, value in answer.items() if value is not None}
    return browser.get("/callback", query_string=given, base_url=HERE)


def _is_signed_in(browser: FlaskClient) -> bool:
    return browser.get("/signed-in.json", base_url=HERE).status_code == 200


def test_the_start_page_has_one_button(browser: FlaskClient) -> None:
    page = browser.get("/", base_url=HERE).text
    assert page.count('class="button"') == 1
    assert 'id="sign-in"' in page
    assert "Sign in with Pobuca" in page


def test_the_request_has_state_nonce_pkce_and_the_registered_address(depart: Depart) -> None:
    sent = depart()
    assert sent["client_id"] == "pobuca-contacts"
    assert sent["redirect_uri"] == f"{HERE}/callback"
    assert sent["response_type"] == "code"
    assert sent["code_challenge_method"] == "S256"
    assert len(sent["code_challenge"]) == 43
    assert sent["state"]
    assert sent["nonce"]
    assert "prompt" not in sent


@pytest.mark.parametrize("prompt", ["none", "login", "select_account"])
def test_a_developer_can_ask_with_a_prompt(depart: Depart, prompt: str) -> None:
    assert depart(f"/sign-in?prompt={prompt}")["prompt"] == prompt


def test_a_prompt_that_no_link_has_is_not_sent_on(depart: Depart) -> None:
    assert "prompt" not in depart("/sign-in?prompt=create")


def test_a_provider_can_start_the_sign_in_and_name_the_person(depart: Depart, provider: Any) -> None:
    assert depart(f"/sign-in?iss={provider.issuer}&login_hint=a%40b.example")["login_hint"] == "a@b.example"


def test_another_provider_cannot_start_the_sign_in(browser: FlaskClient) -> None:
    answer = browser.get("/sign-in?iss=https://evil.example", base_url=HERE)
    assert answer.status_code == 400
    assert 'data-code="issuer_mismatch"' in answer.text


def test_after_the_sign_in_the_page_shows_person_claims_and_userinfo(
    browser: FlaskClient, provider: Any, depart: Depart
) -> None:
    provider.claims = {"acr": "urn:example", "amr": ["pwd", "mfa"]}
    provider.userinfo |= {"organization": {"id": "aegean-foods", "name": "Aegean Foods"}, "email": "e@a.example"}
    depart()
    answer = _return(browser, provider)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    page = browser.get("/", base_url=HERE).text
    for part in ('id="signed-in"', 'id="claims"', 'id="userinfo"', 'id="sign-out"', "Eleni Markou", "Aegean Foods"):
        assert part in page
    assert "urn:example" in page
    assert "e@a.example" in page
    assert "opaque" not in page  # The access token is nothing for a browser.


def test_a_script_gets_the_same_facts(browser: FlaskClient, provider: Any, depart: Depart) -> None:
    depart()
    _return(browser, provider)
    facts = browser.get("/signed-in.json", base_url=HERE).get_json()
    assert facts["id_token_claims"]["sub"] == "account-1"
    assert facts["userinfo"]["name"] == "Eleni Markou"
    assert [(call["method"], call["url"].removeprefix(provider.issuer)) for call in facts["back_channel"]] == [
        ("POST", "/token"),
        ("GET", "/jwks"),
        ("GET", "/userinfo"),
    ]


def test_values_from_the_directory_are_text_and_never_markup(
    browser: FlaskClient, provider: Any, depart: Depart
) -> None:
    provider.userinfo["name"] = "<script>alert(1)</script>"
    depart()
    _return(browser, provider)
    assert "<script" not in browser.get("/", base_url=HERE).text


def test_a_person_without_a_name_is_called_by_what_there_is(
    browser: FlaskClient, provider: Any, depart: Depart
) -> None:
    provider.userinfo = {"sub": "account-1"}
    depart()
    _return(browser, provider)
    assert '<span id="name">account-1</span>' in browser.get("/", base_url=HERE).text


def test_signing_out_ends_the_session_here(browser: FlaskClient, provider: Any, depart: Depart) -> None:
    depart()
    _return(browser, provider)
    assert _is_signed_in(browser)
    assert browser.post("/sign-out", base_url=HERE).status_code == 303
    assert not _is_signed_in(browser)


def test_an_error_answer_becomes_a_page_and_signs_nobody_in(
    browser: FlaskClient, provider: Any, depart: Depart
) -> None:
    depart("/sign-in?prompt=none")
    answer = _return(browser, provider, code=None, error="login_required", error_description="no session")
    assert answer.status_code == 400
    assert 'data-code="login_required"' in answer.text
    assert "no session" in answer.text
    assert not _is_signed_in(browser)


def test_an_error_answer_leaves_who_was_signed_in(browser: FlaskClient, provider: Any, depart: Depart) -> None:
    depart()
    _return(browser, provider)
    depart("/sign-in?prompt=none")
    assert 'id="back"' in _return(browser, provider, code=None, error="login_required").text
    assert _is_signed_in(browser)


@pytest.mark.parametrize("issuer", [None, "https://evil.example"], ids=["without", "of another"])
def test_an_answer_without_our_issuer_is_refused_before_the_code_is_sent(
    browser: FlaskClient, provider: Any, depart: Depart, issuer: str | None
) -> None:
    depart()
    assert 'data-code="issuer_mismatch"' in _return(browser, provider, iss=issuer).text
    assert "POST /token" not in provider.requests


def test_an_answer_that_this_browser_did_not_ask_for_is_refused(
    browser: FlaskClient, provider: Any, depart: Depart
) -> None:
    depart()
    assert 'data-code="state_unknown"' in _return(browser, provider, state="another").text
    assert "POST /token" not in provider.requests


def test_an_answer_works_once(browser: FlaskClient, provider: Any, depart: Depart) -> None:
    depart()
    assert _return(browser, provider).status_code == 303
    assert 'data-code="state_unknown"' in _return(browser, provider).text


@pytest.mark.parametrize(
    "claims",
    [{"nonce": "another"}, {"aud": "another"}, {"iss": "https://evil.example"}, {"exp": 1}],
    ids=["nonce", "aud", "iss", "exp"],
)
def test_an_id_token_that_breaks_a_rule_signs_nobody_in(
    browser: FlaskClient, provider: Any, depart: Depart, claims: dict[str, Any]
) -> None:
    provider.claims = claims
    depart()
    assert 'data-code="id_token_rejected"' in _return(browser, provider).text
    assert not _is_signed_in(browser)


def test_userinfo_of_another_subject_signs_nobody_in(browser: FlaskClient, provider: Any, depart: Depart) -> None:
    provider.userinfo = {"sub": "account-2"}
    depart()
    assert 'data-code="userinfo_of_another"' in _return(browser, provider).text
    assert not _is_signed_in(browser)


def test_an_error_of_the_token_endpoint_becomes_a_page(browser: FlaskClient, provider: Any, depart: Depart) -> None:
    depart()
    provider.token_status = 400
    assert 'data-code="invalid_grant"' in _return(browser, provider).text


def test_a_provider_that_is_down_or_talks_nonsense_is_busy(
    browser: FlaskClient, provider: Any, depart: Depart, settings: ApplicationSettings
) -> None:
    depart()
    provider.token_status = 503
    answer = _return(browser, provider)
    assert (answer.status_code, 'data-code="provider_unavailable"' in answer.text) == (503, True)
    assert settings.client_secret not in answer.text


def test_every_page_forbids_scripts_frames_and_storing(browser: FlaskClient) -> None:
    headers = browser.get("/", base_url=HERE).headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"


def test_the_cookie_is_for_this_site_over_tls_and_not_for_scripts(browser: FlaskClient, depart: Depart) -> None:
    depart()
    cookie = browser.get_cookie("pobuca-contacts")
    assert cookie is not None
    assert (cookie.secure, cookie.http_only, cookie.same_site) == (True, True, "Lax")
