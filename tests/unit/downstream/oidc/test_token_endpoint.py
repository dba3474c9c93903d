"""A code for tokens, once (OpenID Connect Core 3.1.3, RFC 6749 section 4.1.3)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from structlog.typing import EventDict
from werkzeug.test import TestResponse

from tests.support.people import AEGEAN, HELIOS, account
from tests.unit.downstream.oidc.stand import (
    ISSUER,
    REDIRECT,
    SECRET,
    VERIFIER,
    Stand,
    basic,
    claims_parameter,
)


def is_error(response: TestResponse, code: str, status: int = 400) -> bool:
    """Whether it is that error, in the form of RFC 6749 section 5.2."""
    members = response.get_json()
    assert response.content_type == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    assert members.keys() == {"error", "error_description"}
    assert "Set-Cookie" not in response.headers
    return bool((response.status_code, members["error"]) == (status, code))


def header(text: str | bytes, scheme: str = "Basic") -> dict[str, str]:
    raw = text.encode() if isinstance(text, str) else text
    return {"Authorization": f"{scheme} {base64.b64encode(raw).decode()}"}


# -- client authentication ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "fields"),
    [
        ({}, {}),
        ({}, {"client_id": "sample"}),
        ({}, {"client_id": "sample", "client_secret": SECRET}),
        ({}, {"client_id": "sample", "client_secret": ""}),
        ({}, {"client_id": "unknown"}),
        ({}, {"client_id": "poster"}),
        ({}, {"client_id": "poster", "client_secret": SECRET + "x"}),
        ({}, {"client_id": "public", "client_secret": "x"}),
        (basic("poster"), {}),
        (basic("public", "x"), {}),
        (basic("public", ""), {}),
        (basic(), {"client_secret": SECRET}),
        (basic(), {"client_id": "sample", "client_secret": SECRET}),
        (basic(), {"client_id": "other"}),
        (basic(), {"client_assertion": "x", "client_assertion_type": "y"}),
        (basic("unknown"), {}),
        (basic(secret="wrong"), {}),
        (basic(secret=""), {}),
        (basic(secret=SECRET[:-1]), {}),
        (basic(secret=SECRET + "\0"), {}),
        (header(f"sample:{SECRET}"), {}),
        (header("sample"), {}),
        (header(":"), {}),
        (header(b"sample:\xff"), {}),
        (header("sample:%ff"), {}),
        ({"Authorization": "Basic"}, {}),
        ({"Authorization": "Basic !!!"}, {}),
        ({"Authorization": "Basic c2FtcGxl=OnM="}, {}),
        ({"Authorization": "Bearer x"}, {}),
        ({"Authorization": ""}, {}),
        ({"Authorization": "Basic " + "A" * 9000}, {}),
        ({"Authorization": "Digest username=sample"}, {}),
    ],
)
def test_a_client_that_does_not_prove_itself_is_refused_and_the_code_is_kept(
    stand: Stand, logged: list[EventDict], headers: Mapping[str, str], fields: dict[str, str]
) -> None:
    code = stand.code()
    response = stand.token(code, headers=headers, **fields)
    assert is_error(response, "invalid_client", 401)
    assert response.headers["WWW-Authenticate"] == f'Basic realm="{ISSUER}"'
    assert [(event["event"], event["reason"]) for event in logged] == [("oauth_rejected", "client_auth")]
    assert stand.token(code).status_code == 200


def test_the_scheme_is_read_in_any_case_and_the_body_may_name_the_same_client(stand: Stand) -> None:
    lower = {"Authorization": basic()["Authorization"].replace("Basic", "bAsIc")}
    assert stand.token(stand.code(), headers=lower, client_id="sample").status_code == 200


def test_a_secret_with_reserved_characters_is_form_decoded(stand: Stand) -> None:
    assert set("+:%/ é") <= set(SECRET)
    assert stand.token(stand.code()).status_code == 200


# -- the request --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("grant_type", ["password", "implicit", "code", "x" * 999])
def test_there_are_three_grant_types(stand: Stand, logged: list[EventDict], grant_type: str) -> None:
    assert is_error(stand.token(stand.code(), grant_type=grant_type), "unsupported_grant_type")
    assert logged[-1]["reason"] == "grant"


@pytest.mark.parametrize(
    ("client_id", "grant_type"),
    [
        ("sample", "refresh_token"),
        ("sample", "client_credentials"),
        ("keeper", "client_credentials"),
        ("caller", "refresh_token"),
        ("caller", "authorization_code"),
        ("server", "client_credentials"),
    ],
)
def test_a_client_uses_the_grant_types_that_its_file_implies(
    stand: Stand, logged: list[EventDict], client_id: str, grant_type: str
) -> None:
    response = stand.post("/token", client_id, grant_type=grant_type, code="x", refresh_token="x", redirect_uri="x")
    assert is_error(response, "unauthorized_client")
    assert logged[-1]["reason"] == "grant"


@pytest.mark.parametrize("name", ["grant_type", "code", "redirect_uri"])
def test_a_missing_parameter_is_an_invalid_request(stand: Stand, name: str) -> None:
    fields: dict[str, Any] = {name: None}
    code = stand.code()
    assert is_error(stand.token(fields.pop("code", code), **fields), "invalid_request")
    assert stand.token(code).status_code == 200


def test_a_repeated_parameter_is_an_invalid_request(stand: Stand) -> None:
    code = stand.code()
    fields = {
        "grant_type": "authorization_code",
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
        "code": code,
        "audience": ["x", "x"],
    }
    response = stand.client.post("/token", data=fields, headers=basic(), base_url=ISSUER)
    assert is_error(response, "invalid_request")
    assert stand.token(code).status_code == 200


def test_a_parameter_in_the_query_is_an_invalid_request(stand: Stand) -> None:
    code = stand.code()
    fields = {"grant_type": "authorization_code", "redirect_uri": REDIRECT, "code_verifier": VERIFIER, "code": code}
    response = stand.client.post("/token?display=page", data=fields, headers=basic(), base_url=ISSUER)
    assert is_error(response, "invalid_request")
    assert stand.token(code).status_code == 200


# -- the code -----------------------------------------------------------------------------------------------------


def test_a_code_is_good_for_a_minute(stand: Stand) -> None:
    code, other = stand.code(), stand.code()
    stand.clock.advance(timedelta(seconds=59))
    assert stand.token(code).status_code == 200
    stand.clock.advance(timedelta(seconds=1))
    assert is_error(stand.token(other), "invalid_grant")


@pytest.mark.parametrize("code", ["x", "x" * 43, "x" * 5000, "é", "a b", "\0"])
def test_an_unknown_code_is_refused(stand: Stand, logged: list[EventDict], code: str) -> None:
    assert is_error(stand.token(code), "invalid_grant")
    assert logged[-1]["reason"] == "code"


def test_a_code_is_matched_exactly(stand: Stand) -> None:
    code = stand.code()
    for other in (code[:-1], code + "A", code.swapcase(), code + "="):
        assert is_error(stand.token(other), "invalid_grant")
    assert stand.token(code).status_code == 200


@pytest.mark.parametrize(
    ("headers", "fields", "reason"),
    [
        (basic("other", "another secret"), {}, "code_binding"),
        (basic(), {"redirect_uri": "https://other.pobuca.example/cb"}, "code_binding"),
        (basic(), {"redirect_uri": "https://app.pobuca.example/callback/"}, "code_binding"),
        (basic(), {"code_verifier": None}, "pkce"),
        (basic(), {"code_verifier": VERIFIER[:-1] + "B"}, "pkce"),
        (basic(), {"code_verifier": "é" * 43}, "pkce"),
        (basic(), {"code_verifier": "short"}, "pkce"),
    ],
)
def test_a_code_that_comes_with_the_wrong_thing_is_refused_and_burnt(
    stand: Stand, logged: list[EventDict], headers: Mapping[str, str], fields: dict[str, str | None], reason: str
) -> None:
    code = stand.code()
    assert is_error(stand.token(code, headers=headers, **fields), "invalid_grant")
    assert [(event["event"], event["reason"]) for event in logged] == [("oauth_rejected", reason)]
    assert is_error(stand.token(code), "invalid_grant")


@pytest.mark.parametrize("later", [0, 30, 59, 61, 600, 899])
def test_a_code_presented_again_ends_the_tokens_of_the_first_time(
    stand: Stand, logged: list[EventDict], later: int
) -> None:
    code, bystander = stand.code(), stand.tokens()
    tokens = stand.token(code).get_json()
    assert stand.userinfo(tokens["access_token"]).status_code == 200
    stand.clock.advance(timedelta(seconds=later))
    assert is_error(stand.token(code), "invalid_grant")
    assert logged[-1]["reason"] == "code_replay"
    assert stand.userinfo(tokens["access_token"]).status_code == 401
    assert stand.userinfo(bystander["access_token"]).status_code == 200


def test_a_code_presented_again_while_it_is_redeemed_ends_what_is_being_handed_out(stand: Stand) -> None:
    code = stand.code()
    stand.store.before["put"] = lambda: is_error(stand.token(code), "invalid_grant")
    assert is_error(stand.token(code), "invalid_grant")


def test_a_code_presented_again_after_the_token_was_written_ends_it_too(stand: Stand) -> None:
    code = stand.code()
    tokens: list[TestResponse] = []

    def again() -> None:
        # The second ``get`` of a redemption looks for a revocation, after the token has been written.
        stand.store.before["get"] = lambda: tokens.append(stand.token(code))

    stand.store.before["get"] = again
    first = stand.token(code)
    assert is_error(tokens[0], "invalid_grant")
    assert is_error(first, "invalid_grant")


# -- the person, now ----------------------------------------------------------------------------------------------


def test_a_session_that_has_ended_gives_no_tokens(stand: Stand, logged: list[EventDict]) -> None:
    code = stand.code()
    sid = stand.id_token()["sid"]
    assert stand.token(code).status_code == 200
    code = stand.code()
    for session in stand.store.members("session", f"account:{account().id}"):
        stand.store.delete("session", session)
    assert not stand.sessions.live(sid)
    assert is_error(stand.token(code), "invalid_grant")
    assert logged[-1]["reason"] == "session"


def test_a_person_who_was_deactivated_meanwhile_gets_no_tokens(stand: Stand, logged: list[EventDict]) -> None:
    code = stand.code()
    stand.directory.set_active(account().id, False)
    assert is_error(stand.token(code), "invalid_grant")
    assert [(event["event"], event["reason"]) for event in logged] == [("oauth_rejected", "disabled")]


def test_a_person_whose_account_is_gone_gets_no_tokens(stand: Stand) -> None:
    code = stand.code()
    stand.directory.people.clear()
    assert is_error(stand.token(code), "invalid_grant")


def test_a_person_who_moved_to_another_organization_gets_no_tokens(stand: Stand, logged: list[EventDict]) -> None:
    code = stand.code()
    stand.directory.people[account().id] = account(organization="corner-shop", email=None, email_domain=None)
    assert is_error(stand.token(code), "invalid_grant")
    assert logged[-1]["reason"] == "membership"


def test_a_person_whose_organization_changed_its_connection_gets_no_tokens(
    stand: Stand, logged: list[EventDict]
) -> None:
    code = stand.code()
    assert AEGEAN.connection is not None
    changed = replace(AEGEAN, connection=replace(AEGEAN.connection, name="entra:aegean-foods-new"))
    stand.organizations._organizations = (changed, HELIOS)
    assert is_error(stand.token(code), "invalid_grant")
    assert [(event["event"], event["reason"]) for event in logged] == [("enforcement_denied", "enforcement")]


def test_a_person_outside_the_client_s_organizations_gets_no_tokens(stand: Stand, logged: list[EventDict]) -> None:
    """The login refuses them first; this is the second lock (threats DO-22)."""
    code = stand.code(client_id="helios-only")
    assert is_error(stand.token(code, headers=basic("helios-only")), "invalid_grant")
    assert logged[-1]["reason"] == "tenant"


# -- claims in the ID token ---------------------------------------------------------------------------------------


def test_the_claims_parameter_puts_claims_into_the_id_token(stand: Stand) -> None:
    claims = claims_parameter(id_token={"name": {"essential": True}, "email": None, "iss": {"value": "evil"}})
    id_token = stand.id_token(scope="openid", claims=claims)
    assert (id_token["name"], id_token["email"]) == ("Eleni Markou", "eleni.markou@aegeanfoods.example")
    assert id_token["iss"] == ISSUER


def test_a_client_gets_no_claim_of_a_scope_it_may_not_ask_for(stand: Stand) -> None:
    claims = claims_parameter(id_token={"name": None, "email": None}, userinfo={"address": None, "name": None})
    tokens = stand.token(stand.code(client_id="narrow", claims=claims), headers=basic("narrow")).get_json()
    assert {"name", "email"} & stand.claims(tokens["id_token"]).keys() == set()
    assert stand.userinfo(tokens["access_token"]).get_json().keys() == {"sub"}


def test_no_secret_of_the_exchange_is_logged(stand: Stand, logged: list[EventDict]) -> None:
    code = stand.code()
    stand.token(code, code_verifier="wrong" * 10)
    stand.token(code)
    tokens = stand.tokens()
    stand.userinfo(tokens["access_token"] + "x")
    text = repr(logged)
    for secret in (code, VERIFIER, SECRET, tokens["access_token"], tokens["id_token"], "wrong" * 10):
        assert secret not in text
