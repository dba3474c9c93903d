"""What may be asked at the authorization endpoint, rule by rule (OpenID Connect Core 3.1.2)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from structlog.typing import EventDict

from broker.downstream.oidc.authorization_request import load
from broker.messages import LoginRequest
from tests.support.people import account
from tests.unit.downstream.oidc.stand import (
    CHALLENGE,
    ISSUER,
    REDIRECT,
    Stand,
    answer_of,
    asked,
    basic,
    claims_parameter,
)


def login(stand: Stand, **parameters: str | None) -> LoginRequest:
    """What the login is asked for."""
    answer_of(stand.authorize(**parameters))
    return stand.logins[-1]


def refused(stand: Stand, **parameters: str | None) -> dict[str, str]:
    """The error answer at the redirect URI; no login has been begun."""
    answer = answer_of(stand.authorize(**parameters))
    assert stand.logins == []
    assert answer["iss"] == ISSUER
    assert answer.keys() <= {"error", "error_description", "state", "iss"}
    return answer


# -- client and redirect URI --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"client_id": None}, "client"),
        ({"client_id": "unknown"}, "client"),
        ({"client_id": "SAMPLE"}, "client"),
        ({"redirect_uri": None}, "redirect_uri"),
        ({"redirect_uri": "https://evil.example/"}, "redirect_uri"),
        ({"redirect_uri": REDIRECT + "?x=1"}, "redirect_uri"),
        ({"redirect_uri": "javascript:alert(1)"}, "redirect_uri"),
        ({"client_id": "other"}, "redirect_uri"),
    ],
)
@pytest.mark.parametrize("also", [{}, {"response_type": "token"}, {"scope": "x"}, {"prompt": "none login"}])
def test_until_client_and_redirect_uri_are_proved_the_answer_is_a_page(
    stand: Stand, logged: list[EventDict], parameters: dict[str, str | None], reason: str, also: dict[str, str]
) -> None:
    response = stand.authorize(**parameters, **also)
    assert response.status_code == 400
    assert "Location" not in response.headers
    assert "Set-Cookie" not in response.headers
    assert response.mimetype == "text/html"
    assert b"evil.example" not in response.data
    assert stand.logins == []
    assert [(event["event"], event["reason"]) for event in logged] == [("oauth_rejected", reason)]


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_a_repeated_client_or_redirect_uri_proves_nothing(stand: Stand, name: str) -> None:
    fields = asked()
    pairs = [*fields.items(), (name, fields[name])]
    response = stand.client.get("/authorize", query_string=pairs, base_url=ISSUER)
    assert (response.status_code, "Location" in response.headers) == (400, False)


# -- errors that the application hears ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "error", "reason"),
    [
        ({"response_type": None}, "invalid_request", "params"),
        ({"response_type": "token"}, "unsupported_response_type", "grant"),
        ({"response_type": "id_token"}, "unsupported_response_type", "grant"),
        ({"response_type": "code id_token"}, "unsupported_response_type", "grant"),
        ({"response_type": "Code"}, "unsupported_response_type", "grant"),
        ({"response_mode": "fragment"}, "invalid_request", "response_mode"),
        ({"response_mode": "jwt"}, "invalid_request", "response_mode"),
        ({"response_mode": "<script>"}, "invalid_request", "response_mode"),
        ({"request": "eyJhbGciOiJub25lIn0.e30."}, "request_not_supported", "request_object"),
        ({"request": "x"}, "request_not_supported", "request_object"),
        ({"request_uri": "https://app.pobuca.example/r"}, "request_uri_not_supported", "request_object"),
        ({"registration": "{}"}, "registration_not_supported", "request_object"),
        ({"scope": None}, "invalid_scope", "scope"),
        ({"scope": "profile"}, "invalid_scope", "scope"),
        ({"scope": "OpenID"}, "invalid_scope", "scope"),
        ({"code_challenge": None}, "invalid_request", "pkce"),
        ({"code_challenge_method": None}, "invalid_request", "pkce"),
        ({"code_challenge_method": "plain"}, "invalid_request", "pkce"),
        ({"code_challenge": CHALLENGE[:-1]}, "invalid_request", "pkce"),
        ({"nonce": "n" * 1025}, "invalid_request", "params"),
        ({"nonce": "a\nb"}, "invalid_request", "params"),
        ({"prompt": "none login"}, "invalid_request", "prompt"),
        ({"prompt": "none unknown"}, "invalid_request", "prompt"),
        ({"max_age": "-1"}, "invalid_request", "params"),
        ({"max_age": "1.5"}, "invalid_request", "params"),
        ({"max_age": "abc"}, "invalid_request", "params"),
        ({"max_age": "1_0"}, "invalid_request", "params"),
        ({"max_age": " 10"}, "invalid_request", "params"),
        ({"max_age": "\N{ARABIC-INDIC DIGIT ONE}"}, "invalid_request", "params"),
        ({"max_age": "9" * 10}, "invalid_request", "params"),
        ({"claims": "{"}, "invalid_request", "claims_param"),
        ({"claims": '{"id_token": null}'}, "invalid_request", "claims_param"),
        ({"id_token_hint": "x"}, "invalid_request", "id_token_hint"),
        ({"id_token_hint": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."}, "invalid_request", "id_token_hint"),
    ],
)
def test_a_bad_request_is_answered_at_the_proved_redirect_uri(
    stand: Stand, logged: list[EventDict], parameters: dict[str, str | None], error: str, reason: str
) -> None:
    answer = refused(stand, **parameters)
    assert (answer["error"], answer["state"]) == (error, "st4te")
    assert [(event["event"], event["reason"]) for event in logged] == [("oauth_rejected", reason)]
    assert "code" not in answer


@pytest.mark.parametrize("name", ["state", "scope", "nonce", "unknown", "code_challenge", "response_mode"])
def test_a_repeated_parameter_is_refused(stand: Stand, name: str) -> None:
    pairs = [*(asked() | {name: "openid"}).items(), (name, "openid")]
    answer = answer_of(stand.client.get("/authorize", query_string=pairs, base_url=ISSUER))
    assert (answer["error"], stand.logins) == ("invalid_request", [])
    assert ("state" in answer) == (name != "state")


def test_parameters_in_query_and_body_at_once_are_refused(stand: Stand) -> None:
    response = stand.client.post("/authorize?display=page", data=asked(), base_url=ISSUER)
    assert answer_of(response)["error"] == "invalid_request"
    assert stand.logins == []


def test_an_error_goes_back_in_the_response_mode_that_was_asked_for(stand: Stand) -> None:
    response = stand.authorize(response_mode="form_post", scope="profile", state='"><script>alert(1)</script>')
    page = response.get_data(as_text=True)
    assert response.status_code == 200
    assert 'value="invalid_scope"' in page
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


def test_an_error_keeps_the_query_of_the_redirect_uri(stand: Stand) -> None:
    redirect_uri = "https://app.pobuca.example/cb?tenant=1"
    response = stand.authorize(client_id="query", redirect_uri=redirect_uri, scope="profile")
    assert answer_of(response, redirect_uri)["error"] == "invalid_scope"


# -- what is accepted ---------------------------------------------------------------------------------------------


def test_a_request_by_post_is_a_request(stand: Stand) -> None:
    assert "code" in answer_of(stand.client.post("/authorize", data=asked(), base_url=ISSUER))


def test_the_plain_request_asks_for_a_plain_login(stand: Stand) -> None:
    request = login(stand)
    assert (request.responder, request.party, request.party_name) == ("oidc", "sample", "Sample")
    assert not any((request.silent, request.force, request.choose_account, request.strength_essential))
    assert (request.max_age, request.strength, request.login_hint, request.account_hint) == (None, (), None, None)
    assert (request.organizations, request.ui_locales) == (None, ())


@pytest.mark.parametrize(
    "parameters",
    [
        {"unknown": "x"},
        {"display": "popup"},
        {"display": "wap"},
        {"ui_locales": "se"},
        {"ui_locales": "el en-US not!a!tag"},
        {"claims_locales": "se"},
        {"login_hint": "somebody"},
        {"login_hint": "x" * 4000},
        {"login_hint": "\x00\x01"},
        {"acr_values": "urn:somewhere:else"},
        {"acr_values": " ".join(f"class-{n}" for n in range(500))},
        {"prompt": "consent"},
        {"prompt": "create"},
        {"prompt": "Login"},
        {"nonce": "n" * 1024},
        {"nonce": None},
        {"state": "s" * 2048},
        {"state": "κατάσταση ✓ \U0001f600 %00%0d%0a"},
        {"scope": "email  openid openid"},
        {"scope": "openid offline_access unknown"},
        {"response_mode": "query"},
        {"max_age": "10000"},
        {"resource": "https://api.example"},
        {"request": ""},
    ],
)
def test_what_is_unusual_is_accepted(stand: Stand, parameters: dict[str, str | None]) -> None:
    answer = answer_of(stand.authorize(**parameters))
    assert "code" in answer
    assert answer["state"] == parameters.get("state", "st4te")


def test_a_state_that_is_too_long_is_refused_and_not_repeated(stand: Stand) -> None:
    answer = refused(stand, state="s" * 2049)
    assert answer["error"] == "invalid_request"
    assert "state" not in answer


def test_scopes_that_are_unknown_or_not_allowed_are_dropped(stand: Stand) -> None:
    request = login(stand, client_id="narrow", scope="openid email offline_access unknown")
    assert load(request.reply).scopes == ("openid",)
    assert load(login(stand, scope="email openid nonsense").reply).scopes == ("email", "openid")


def test_prompt_says_how_the_person_is_met(stand: Stand) -> None:
    assert login(stand, prompt="none").silent
    assert login(stand, prompt="login").force
    assert login(stand, prompt="select_account").choose_account
    both = login(stand, prompt="login select_account")
    assert (both.force, both.choose_account) == (True, True)


def test_max_age_limits_the_age_and_nought_forces(stand: Stand) -> None:
    assert login(stand, max_age="10").max_age == timedelta(seconds=10)
    assert not login(stand, max_age="10").force
    assert login(stand, max_age="0").force


def test_acr_values_are_a_wish_in_their_order(stand: Stand) -> None:
    request = login(stand, acr_values="b a b")
    assert (request.strength, request.strength_essential) == (("b", "a"), False)


def test_an_essential_context_class_is_a_demand_and_goes_before_acr_values(stand: Stand) -> None:
    claims = claims_parameter(id_token={"acr": {"essential": True, "values": ["a", "b"]}})
    request = login(stand, claims=claims, acr_values="c")
    assert (request.strength, request.strength_essential) == (("a", "b"), True)


def test_an_essential_auth_time_must_be_known_however_long_ago(stand: Stand) -> None:
    claims = claims_parameter(id_token={"auth_time": {"essential": True}})
    age = login(stand, claims=claims).max_age
    assert age is not None
    assert age > timedelta(days=3650)
    assert login(stand, claims=claims, max_age="7").max_age == timedelta(seconds=7)


def test_hints_reach_the_login(stand: Stand) -> None:
    request = login(stand, login_hint="eleni@aegeanfoods.example", ui_locales="el en")
    assert (request.login_hint, request.ui_locales) == ("eleni@aegeanfoods.example", ("el", "en"))


def test_the_organizations_of_the_client_limit_the_login(stand: Stand) -> None:
    assert login(stand, client_id="aegean-only").organizations == ("aegean-foods",)


# -- id_token_hint and the demanded subject -----------------------------------------------------------------------


def test_a_hint_of_ours_names_the_account(stand: Stand) -> None:
    hint = stand.tokens()["id_token"]
    assert login(stand, id_token_hint=hint, prompt="none").account_hint == account().id


def test_a_hint_may_have_expired(stand: Stand) -> None:
    hint = stand.tokens()["id_token"]
    stand.clock.advance(timedelta(days=1))
    assert login(stand, id_token_hint=hint).account_hint == account().id


def test_a_hint_of_another_client_is_refused(stand: Stand) -> None:
    hint = stand.token(stand.code(client_id="narrow"), headers=basic("narrow")).get_json()["id_token"]
    assert answer_of(stand.authorize(id_token_hint=hint))["error"] == "invalid_request"


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "https://elsewhere.example"},
        {"aud": ["other"]},
        {"aud": "other"},
        {"sub": ""},
        {"sub": None},
        {"exp": None},
    ],
)
def test_a_hint_that_says_something_else_is_refused(stand: Stand, change: dict[str, Any]) -> None:
    claims = stand.claims(stand.tokens()["id_token"]) | change
    stand.logins.clear()
    hint = stand.keys.sign("RS256", "JWT", {name: value for name, value in claims.items() if value is not None})
    assert refused(stand, id_token_hint=hint)["error"] == "invalid_request"


def test_another_kind_of_our_tokens_is_no_hint(stand: Stand) -> None:
    claims = stand.claims(stand.tokens()["id_token"])
    stand.logins.clear()
    assert refused(stand, id_token_hint=stand.keys.sign("RS256", "at+jwt", claims))["error"] == "invalid_request"


def test_a_hint_whose_signature_was_touched_is_refused(stand: Stand) -> None:
    hint = stand.tokens()["id_token"]
    stand.logins.clear()
    header, payload, signature = hint.split(".")
    for forged in (f"{header}.{payload}.", f"{header}.{payload}.{'A' * len(signature)}", f"{header}.{payload}"):
        assert refused(stand, id_token_hint=forged)["error"] == "invalid_request"


def test_a_demanded_subject_names_the_account(stand: Stand) -> None:
    claims = claims_parameter(id_token={"sub": {"value": account().id}})
    assert login(stand, claims=claims).account_hint == account().id


def test_a_hint_and_a_demanded_subject_must_agree(stand: Stand) -> None:
    hint = stand.tokens()["id_token"]
    stand.logins.clear()
    claims = claims_parameter(id_token={"sub": {"value": "somebody-else"}})
    assert refused(stand, id_token_hint=hint, claims=claims)["error"] == "invalid_request"


def test_a_pairwise_hint_is_compared_with_the_one_who_signed_in(stand: Stand) -> None:
    hint = stand.token(stand.code(client_id="paired"), headers=basic("paired")).get_json()["id_token"]
    assert "code" in answer_of(stand.authorize(client_id="paired", id_token_hint=hint))
    assert stand.logins[-1].account_hint is None
    claims = claims_parameter(id_token={"sub": {"value": "somebody-else"}})
    assert answer_of(stand.authorize(client_id="paired", claims=claims))["error"] == "login_required"


def test_the_note_in_the_transaction_comes_back_as_it_was(stand: Stand) -> None:
    request = login(stand, state="κ", claims=claims_parameter(userinfo={"name": None}, id_token={"email": None}))
    note = load(request.reply)
    assert note.reply_to.state == "κ"
    assert (note.userinfo_claims, note.id_token_claims) == (("name",), ("email",))
    assert json.loads(request.reply)["nonce"] == "n0nce"
