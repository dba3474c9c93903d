"""entra-id reference 1.5 and 2.2: what comes back, and what never does."""

from __future__ import annotations

import base64
import html
import json
import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from markupsafe import escape

from broker.demo.entra.browser import SignInStopped, sign_in
from broker.demo.entra.seed import CLIENT_ID
from tests.unit.demo.entra.running import CALLBACK, ELENI, TENANT_A, TENANT_B, TOMAS, RunningSimulator

MARIA = "maria.kosta@aegeanfoods.example"


def get(url: str, session: requests.Session | None = None) -> requests.Response:
    return (session or requests.Session()).get(url, allow_redirects=False, timeout=10)


def shown_code(response: requests.Response) -> int:
    found = re.search(r'id="error-code">AADSTS(\d+)<', response.text)
    assert found, response.text
    return int(found.group(1))


def told(response: requests.Response) -> dict[str, str]:
    """The parameters of a redirect to the application."""
    assert response.status_code == 302, response.text
    location = urlsplit(response.headers["Location"])
    assert f"{location.scheme}://{location.netloc}{location.path}" == CALLBACK
    return {name: values[0] for name, values in parse_qs(location.query or location.fragment).items()}


def silent(entra: RunningSimulator, session: requests.Session, tenant: str = TENANT_A, **asked: str) -> dict[str, str]:
    return told(get(entra.authorize_url(tenant, prompt="none", response_mode="query", **asked), session))


# --- Pages that never return


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"client_id": "11111111-2222-4333-8444-555555555555"}, 700016),
        ({"client_id": None}, 900144),
        ({"scope": None}, 900144),
        ({"response_type": None}, 900144),
        ({"redirect_uri": "https://evil-olives.example/callback"}, 50011),
        ({"redirect_uri": CALLBACK + "/"}, 50011),
        ({"redirect_uri": CALLBACK + "?a=b"}, 50011),
    ],
)
def test_before_the_application_is_proven_an_error_is_a_page(
    entra: RunningSimulator, changed: dict[str, str | None], code: int
) -> None:
    answer = get(entra.authorize_url(TENANT_A, **changed))
    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert shown_code(answer) == code


def test_a_parameter_given_twice_is_a_page(entra: RunningSimulator) -> None:
    assert shown_code(get(entra.authorize_url() + "&state=two")) == 9000411


def test_an_unknown_tenant_is_a_page(entra: RunningSimulator) -> None:
    assert shown_code(get(entra.authorize_url("nobody.example"))) == 90002


@pytest.mark.parametrize(
    ("name", "tenant", "code"),
    [
        ("anna.theodorou@aegeanfoods.example", TENANT_A, 50105),
        ("christos.dellas@aegeanfoods.example", TENANT_A, 53003),
        ("stavros.lekkas@aegeanfoods.example", TENANT_A, 50057),
        ("olga.papa@aegeanfoods.example", TENANT_A, 50055),
        ("katerina.nomikou@aegeanfoods.example", TENANT_A, 50034),
        ("petra.lang@helios-shipping.example", TENANT_A, 50020),
        ("mallory@evil-olives.example", TENANT_A, 50020),
        ("zoe.hart@outlook.example", "organizations", 500208),
    ],
)
def test_a_person_who_may_not_come_in_ends_on_a_page(
    entra: RunningSimulator, name: str, tenant: str, code: int
) -> None:
    with pytest.raises(SignInStopped) as stopped:
        entra.sign_in(name, tenant)
    assert stopped.value.code == code


@pytest.mark.parametrize(("state", "code"), [("disabled", 7000112), ("removed", 700016)])
def test_a_tenant_may_have_disabled_or_removed_the_application(entra: RunningSimulator, state: str, code: int) -> None:
    entra.control("PATCH", f"service-principals/{TENANT_A}", state=state)
    with pytest.raises(SignInStopped) as stopped:
        entra.sign_in()
    assert stopped.value.code == code


def test_a_wrong_password_is_said_on_the_page(entra: RunningSimulator) -> None:
    with pytest.raises(SignInStopped) as stopped:
        sign_in(requests.Session(), entra.authorize_url(), ELENI, "Guess-1")
    assert (stopped.value.page, stopped.value.code) == ("password", 50126)


def test_a_single_tenant_application_is_refused_on_the_aliases(entra: RunningSimulator) -> None:
    entra.control("PATCH", f"registrations/{CLIENT_ID}", signInAudience="AzureADMyOrg", homeTenantId=TENANT_A)
    assert shown_code(get(entra.authorize_url("organizations"))) == 50194
    assert shown_code(get(entra.authorize_url(TENANT_B))) == 700016
    assert entra.sign_in().fields["code"]


# --- Answers to the application


@pytest.mark.parametrize(
    ("changed", "error", "code"),
    [
        ({"response_type": "id_token"}, "unsupported_response_type", 700054),
        ({"response_type": "code id_token"}, "unsupported_response_type", 700054),
        ({"response_type": "banana"}, "invalid_request", 90023),
        ({"prompt": "banana"}, "invalid_request", 90023),
        ({"code_challenge_method": "S512"}, "invalid_request", 90023),
        ({"code_challenge": "short"}, "invalid_request", 501491),
        ({"scope": "openid phone"}, "invalid_client", 650053),
        ({"scope": "openid api://other/read"}, "invalid_resource", 500011),
        ({"claims": "{"}, "invalid_request", 9002313),
        ({"response_mode": "web_message"}, "invalid_request", 70007),
    ],
)
def test_afterwards_an_error_is_an_answer(
    entra: RunningSimulator, changed: dict[str, str], error: str, code: int
) -> None:
    usual = "fragment" if "id_token" in changed.get("response_type", "") else "query"
    answer = get(entra.authorize_url(**({"response_mode": usual} | changed)))
    said = told(answer)
    assert (said["error"], said["state"]) == (error, "the-state")
    assert said["error_description"].startswith(f"AADSTS{code}: ")
    assert answer.headers["x-ms-clitelem"] == f"1,{code},0,,"


def test_an_errors_description_has_its_four_lines_and_the_ids_of_the_headers(entra: RunningSimulator) -> None:
    answer = get(entra.authorize_url(prompt="none", response_mode="query"))
    lines = told(answer)["error_description"].split("\r\n")
    assert lines[1] == f"Trace ID: {answer.headers['x-ms-request-id']}"
    assert lines[2] == f"Correlation ID: {answer.headers['client-request-id']}"
    assert lines[3] == "Timestamp: 2026-11-21 22:26:40Z"


def test_an_address_in_a_redirected_error_is_masked(entra: RunningSimulator) -> None:
    session = requests.Session()
    entra.sign_in(session=session)
    entra.control("PATCH", f"users/{ELENI}", assigned=False)
    said = silent(entra, session)
    assert said["error"] == "interaction_required"
    assert "AADSTS50105" in said["error_description"]
    assert "{EmailHidden}" in said["error_description"]
    assert ELENI not in said["error_description"]


@pytest.mark.parametrize("mode", ["query", "fragment", "form_post"])
def test_success_comes_in_the_mode_that_was_asked_for(entra: RunningSimulator, mode: str) -> None:
    answer = entra.sign_in(response_mode=mode)
    assert answer.method == ("POST" if mode == "form_post" else "GET")
    assert list(answer.fields) == ["code", "state", "session_state"]
    assert answer.fields["state"] == "the-state"
    if mode != "form_post":
        assert answer.url.startswith(CALLBACK + ("?" if mode == "query" else "#"))


def test_the_code_comes_in_the_query_unless_asked_otherwise(entra: RunningSimulator) -> None:
    assert "code" in parse_qs(urlsplit(entra.sign_in(response_mode=None).url).query)


def test_state_comes_back_unchanged_and_is_no_html(entra: RunningSimulator) -> None:
    state = "\"><script>alert('1')</script>&=ελ"
    assert entra.sign_in(state=state).fields["state"] == state
    session = requests.Session()
    entra.sign_in(session=session)
    assert "<script>alert" not in get(entra.authorize_url(state=state), session).text


def test_session_state_is_the_sid_of_the_token(entra: RunningSimulator) -> None:
    answer = entra.sign_in()
    body = entra.redeem(answer.fields["code"]).json()
    assert entra.verified(body["id_token"])["sid"] == answer.fields["session_state"]


def test_client_info_is_given_on_request(entra: RunningSimulator) -> None:
    text = entra.sign_in(client_info="1").fields["client_info"]
    said = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    assert said == {"uid": "ddf3fc9b-9383-4d9f-bb1c-122bf6d836c8", "utid": TENANT_A}


def test_an_id_token_from_the_authorize_endpoint_carries_the_codes_hash(entra: RunningSimulator) -> None:
    entra.control("PATCH", f"registrations/{CLIENT_ID}", idTokenIssuance=True)
    answer = entra.sign_in(response_type="code id_token")
    claims = entra.verified(answer.fields["id_token"])
    assert claims["nonce"] == "the-nonce"
    assert claims["c_hash"]
    assert "c_hash" not in entra.verified(entra.redeem(answer.fields["code"]).json()["id_token"])
    assert told(get(entra.authorize_url(response_type="id_token", nonce=None, response_mode="fragment")))["error"]


def test_the_request_may_be_posted(entra: RunningSimulator) -> None:
    parts = urlsplit(entra.authorize_url())
    fields = {name: values[0] for name, values in parse_qs(parts.query).items()}
    answer = requests.post(f"{entra.base}{parts.path}", data=fields, timeout=10)
    assert 'data-page="username"' in answer.text


# --- Who signs in


def test_a_hint_that_names_somebody_leads_straight_to_the_password(entra: RunningSimulator) -> None:
    page = get(entra.authorize_url(login_hint=ELENI)).text
    assert 'data-page="password"' in page
    assert ELENI in page


def test_the_opaque_hint_of_the_token_is_a_hint(entra: RunningSimulator) -> None:
    hint = entra.claims()["login_hint"]
    assert "eleni" not in hint
    page = get(entra.authorize_url(login_hint=hint)).text
    assert 'data-page="password"' in page
    assert ELENI in page


def test_a_hint_that_names_nobody_is_typed_already(entra: RunningSimulator) -> None:
    page = get(entra.authorize_url(login_hint='who"@nowhere.example')).text
    assert 'data-page="username"' in page
    assert str(escape('who"@nowhere.example')) in page


def test_a_hint_alone_signs_nobody_in(entra: RunningSimulator) -> None:
    answer = get(entra.authorize_url(login_hint=ELENI))
    assert "ESTSAUTH" not in answer.cookies
    assert 'name="code"' not in answer.text


def test_who_is_signed_in_is_not_asked_again(entra: RunningSimulator) -> None:
    session = requests.Session()
    entra.sign_in(session=session)
    assert 'data-page="form-post"' in get(entra.authorize_url(), session).text


def test_a_session_ends_after_a_day(entra: RunningSimulator) -> None:
    session = requests.Session()
    entra.sign_in(session=session)
    entra.clock.advance(timedelta(hours=24))
    assert 'data-page="username"' in get(entra.authorize_url(), session).text


def test_prompt_login_asks_for_the_password_again(entra: RunningSimulator) -> None:
    session = requests.Session()
    entra.sign_in(session=session)
    assert 'data-page="password"' in get(entra.authorize_url(prompt="login"), session).text
    assert entra.sign_in(session=session, prompt="login").fields["code"]


def test_prompt_select_account_shows_the_picker_and_another_account_can_be_used(entra: RunningSimulator) -> None:
    session = requests.Session()
    entra.sign_in(session=session)
    page = get(entra.authorize_url(prompt="select_account", login_hint=MARIA), session).text
    assert 'data-page="picker"' in page
    assert f'id="account-{ELENI}"' in page
    assert 'id="another"' in page
    code = entra.sign_in(MARIA, session=session, prompt="select_account").fields["code"]
    assert entra.verified(entra.redeem(code).json()["id_token"])["preferred_username"] == MARIA


def test_with_two_accounts_signed_in_the_picker_asks_and_a_hint_answers(entra: RunningSimulator) -> None:
    session = requests.Session()
    entra.sign_in(ELENI, session=session)
    entra.sign_in(MARIA, session=session, login_hint=MARIA)
    assert 'data-page="picker"' in get(entra.authorize_url(), session).text
    assert 'data-page="form-post"' in get(entra.authorize_url(login_hint=ELENI), session).text


def test_a_domain_hint_leaves_out_accounts_of_other_domains(entra: RunningSimulator) -> None:
    session = requests.Session()
    entra.sign_in(ELENI, session=session)
    url = entra.authorize_url("organizations", domain_hint="helios-shipping.example")
    assert 'data-page="username"' in get(url, session).text
    url = entra.authorize_url("organizations", domain_hint="aegeanfoods.example")
    assert 'data-page="form-post"' in get(url, session).text


def test_an_account_that_does_not_belong_is_shown_the_way_to_another(entra: RunningSimulator) -> None:
    session = requests.Session()
    entra.sign_in("petra.lang@helios-shipping.example", TENANT_B, session=session)
    answer = get(entra.authorize_url(), session)
    assert shown_code(answer) == 50020
    link = re.search(r'id="use-another-account" href="([^"]+)"', answer.text)
    assert link
    again = entra.base + html.unescape(link.group(1))
    assert sign_in(session, again, ELENI).fields["state"] == "the-state"


def test_revoked_sessions_ask_again(entra: RunningSimulator) -> None:
    session = requests.Session()
    entra.sign_in(session=session)
    entra.control("POST", f"users/{ELENI}/revoke-sessions")
    assert silent(entra, session)["error"] == "login_required"
    assert 'data-page="username"' in get(entra.authorize_url(), session).text


# --- Silently


def test_silently_nobody_is_login_required(entra: RunningSimulator) -> None:
    said = silent(entra, requests.Session())
    assert said["error"] == "login_required"
    assert "AADSTS50058" in said["error_description"]


def test_silently_somebody_gets_a_code(entra: RunningSimulator) -> None:
    session = requests.Session()
    entra.sign_in(session=session)
    assert silent(entra, session)["code"]


def test_silently_two_accounts_need_interaction(entra: RunningSimulator) -> None:
    session = requests.Session()
    entra.sign_in(ELENI, session=session)
    entra.sign_in(MARIA, session=session, login_hint=MARIA)
    assert "AADSTS16000" in silent(entra, session)["error_description"]
    assert silent(entra, session, login_hint=MARIA)["code"]


def test_silently_a_second_factor_or_a_consent_that_is_missing_needs_interaction(entra: RunningSimulator) -> None:
    session = requests.Session()
    entra.sign_in(session=session)
    entra.control("PATCH", f"users/{ELENI}", mfaRequired=True)
    said = silent(entra, session)
    assert said["error"] == "interaction_required"
    assert "AADSTS50076" in said["error_description"]
    assert "polids" in said["claims"]
    entra.control("PATCH", f"users/{ELENI}", mfaRequired=False)
    entra.control("DELETE", f"consents/{TENANT_A}")
    said = silent(entra, session)
    assert said["error"] == "consent_required"
    assert "AADSTS65001" in said["error_description"]


# --- Second factor and consent


def test_a_second_factor_is_asked_for_once_in_a_session(entra: RunningSimulator) -> None:
    session = requests.Session()
    name = "vasilis.kanaris@aegeanfoods.example"
    with pytest.raises(SignInStopped) as stopped:
        sign_in(session, entra.authorize_url(), name, approve_mfa=False)
    assert stopped.value.page == "second-factor"
    assert entra.sign_in(name, session=session).fields["code"]
    assert silent(entra, session)["code"]


def test_consent_is_asked_for_once_and_remembered(entra: RunningSimulator) -> None:
    session = requests.Session()
    page = requests.Session()
    with pytest.raises(SignInStopped):
        sign_in(page, entra.authorize_url(TENANT_B), TOMAS, "wrong")
    entra.sign_in(TOMAS, TENANT_B, session=session)
    assert 'data-page="form-post"' in get(entra.authorize_url(TENANT_B), session).text
    assert 'data-page="consent"' in get(entra.authorize_url(TENANT_B, prompt="consent"), session).text


def test_declining_consent_tells_the_application(entra: RunningSimulator) -> None:
    answer = sign_in(requests.Session(), entra.authorize_url(TENANT_B, response_mode="query"), TOMAS, consent=False)
    assert answer.fields["error"] == "access_denied"
    assert "AADSTS65004" in answer.fields["error_description"]


def test_a_permission_for_administrators_needs_one(entra: RunningSimulator) -> None:
    scope = "openid profile GroupMember.Read.All"
    with pytest.raises(SignInStopped) as stopped:
        entra.sign_in(scope=scope)
    assert stopped.value.code == 90094
    assert entra.sign_in("global.admin@aegeanfoods.example", scope=scope).fields["code"]


def test_a_tenant_may_leave_consent_to_its_administrators(entra: RunningSimulator) -> None:
    entra.control("PATCH", f"tenants/{TENANT_B}", userConsentAllowed=False)
    with pytest.raises(SignInStopped) as stopped:
        entra.sign_in(TOMAS, TENANT_B)
    assert stopped.value.code == 90094


def test_a_forged_page_form_is_a_page(entra: RunningSimulator) -> None:
    answer = requests.post(f"{entra.base}/{TENANT_A}/login", data={"ctx": "guess", "accept": "1"}, timeout=10)
    assert shown_code(answer) == 9002313


def test_pages_are_not_stored_and_say_what_they_are(entra: RunningSimulator) -> None:
    answer = get(entra.authorize_url())
    assert answer.headers["Cache-Control"] == "no-store, no-cache"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert "Simulation of Microsoft Entra ID — not Microsoft" in answer.text
    for wanted in ('id="username"', 'id="next"', f'id="account-{ELENI}"'):
        assert wanted in answer.text
