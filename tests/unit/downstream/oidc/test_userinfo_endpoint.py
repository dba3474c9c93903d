"""The claims behind an access token (OpenID Connect Core 5.3, RFC 6750)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from structlog.typing import EventDict
from werkzeug.test import TestResponse

from broker.clock import epoch_seconds
from tests.support.people import NOW, account
from tests.unit.downstream.oidc.stand import ISSUER, Stand, basic, bearer, claims_parameter

FORM = "application/x-www-form-urlencoded"


def is_refused(response: TestResponse, error: str, status: int = 401) -> bool:
    challenge = response.headers["WWW-Authenticate"]
    assert challenge.startswith(f'Bearer realm="{ISSUER}"')
    assert response.headers["Cache-Control"] == "no-store"
    assert response.content_type == "application/json"
    assert (f'error="{error}"' in challenge) if error else ("error" not in challenge)
    return bool(response.status_code == status and response.get_json().get("error", "") == error)


def test_the_scopes_decide_what_is_told(stand: Stand) -> None:
    response = stand.userinfo(stand.tokens()["access_token"])
    assert response.content_type == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.get_json() == {
        "sub": account().id,
        "name": "Eleni Markou",
        "given_name": "Eleni",
        "family_name": "Markou",
        "updated_at": epoch_seconds(NOW),
        "email": "eleni.markou@aegeanfoods.example",
        "email_verified": True,
    }
    assert stand.userinfo(stand.tokens(scope="openid")["access_token"]).get_json() == {"sub": account().id}


def test_the_claims_parameter_adds_to_the_scopes(stand: Stand) -> None:
    claims = claims_parameter(userinfo={"name": {"essential": True}, "organization": None, "no_such": None})
    info = stand.userinfo(stand.tokens(scope="openid", claims=claims)["access_token"]).get_json()
    assert info.keys() == {"sub", "name", "organization"}


def test_claims_are_those_of_now(stand: Stand) -> None:
    token = stand.tokens()["access_token"]
    stand.directory.people[account().id] = account(display_name="Eleni M.")
    assert stand.userinfo(token).get_json()["name"] == "Eleni M."


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_token_may_come_in_the_header_of_a_get_or_a_post(stand: Stand, scheme: str) -> None:
    headers = {"Authorization": f"{scheme} {stand.tokens()['access_token']}"}
    assert stand.client.get("/userinfo", headers=headers, base_url=ISSUER).status_code == 200
    assert stand.client.post("/userinfo", headers=headers, base_url=ISSUER).status_code == 200
    assert stand.client.post("/userinfo", headers=headers, content_type=FORM, base_url=ISSUER).status_code == 200


def test_a_token_may_come_in_a_form(stand: Stand) -> None:
    data = {"access_token": stand.tokens()["access_token"]}
    assert stand.client.post("/userinfo", data=data, base_url=ISSUER).status_code == 200


def test_a_body_that_is_no_form_is_refused(stand: Stand) -> None:
    token = stand.tokens()["access_token"]
    response = stand.client.post("/userinfo", json={"access_token": token}, base_url=ISSUER)
    assert response.status_code == 415


def test_no_token_is_answered_with_a_bare_challenge(stand: Stand) -> None:
    assert is_refused(stand.client.get("/userinfo", base_url=ISSUER), "")
    assert is_refused(stand.client.post("/userinfo", base_url=ISSUER), "")


def test_a_token_in_the_address_is_no_token(stand: Stand) -> None:
    token = stand.tokens()["access_token"]
    assert is_refused(stand.client.get(f"/userinfo?access_token={token}", base_url=ISSUER), "")
    assert is_refused(stand.client.post(f"/userinfo?access_token={token}", base_url=ISSUER), "")


def test_two_ways_at_once_are_refused(stand: Stand) -> None:
    token = stand.tokens()["access_token"]
    headers, data = bearer(token), {"access_token": token}
    client = stand.client
    assert is_refused(client.post("/userinfo", headers=headers, data=data, base_url=ISSUER), "invalid_request", 400)
    in_query = f"/userinfo?access_token={token}"
    assert is_refused(client.get(in_query, headers=headers, base_url=ISSUER), "invalid_request", 400)
    twice = client.post(
        "/userinfo", data=f"access_token={token}&access_token={token}", content_type=FORM, base_url=ISSUER
    )
    assert is_refused(twice, "invalid_request", 400)


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Bearer a b", "Bearer é", "Basic eDp5", "Bearer x" * 9999, "Bearer \t", "Token x"],
)
def test_a_header_that_is_no_bearer_token_is_refused(stand: Stand, authorization: str) -> None:
    headers = {"Authorization": authorization.encode("utf-8").decode("latin-1")}
    assert is_refused(stand.client.get("/userinfo", headers=headers, base_url=ISSUER), "invalid_token")


def test_a_token_is_matched_exactly(stand: Stand, logged: list[EventDict]) -> None:
    token = stand.tokens()["access_token"]
    for other in (token[:-1], token + "A", token + "=", token.swapcase(), token[:20]):
        assert is_refused(stand.userinfo(other), "invalid_token")
    assert {event["reason"] for event in logged} == {"access_token"}
    assert stand.userinfo(token).status_code == 200


def test_no_other_thing_of_ours_is_an_access_token(stand: Stand) -> None:
    code = stand.code()
    tokens = stand.tokens()
    for other in (tokens["id_token"], code, stand.claims(tokens["id_token"])["sid"]):
        assert is_refused(stand.userinfo(other), "invalid_token")


def test_a_token_lives_a_quarter_of_an_hour(stand: Stand) -> None:
    token = stand.tokens()["access_token"]
    stand.clock.advance(timedelta(seconds=899))
    assert stand.userinfo(token).status_code == 200
    stand.clock.advance(timedelta(seconds=1))
    assert is_refused(stand.userinfo(token), "invalid_token")


def test_ending_a_session_s_grants_ends_its_codes_and_tokens_and_no_others(stand: Stand) -> None:
    mine, other = stand.tokens(), stand.tokens()
    code = stand.code()
    stand.grants.revoke_session(stand.claims(mine["id_token"])["sid"])
    assert is_refused(stand.userinfo(mine["access_token"]), "invalid_token")
    assert stand.userinfo(other["access_token"]).status_code == 200
    assert stand.token(code).status_code == 200


@pytest.mark.parametrize(
    ("change", "event"),
    [({"active": False}, "oauth_rejected"), ({"email_domain": "helios-shipping.example"}, "enforcement_denied")],
)
def test_a_person_who_may_no_longer_come_in_is_not_told_of(
    stand: Stand, logged: list[EventDict], change: dict[str, Any], event: str
) -> None:
    token = stand.tokens()["access_token"]
    stand.directory.people[account().id] = account(**change)
    assert is_refused(stand.userinfo(token), "invalid_token")
    assert [entry["event"] for entry in logged] == [event]


def test_a_client_that_is_no_longer_registered_is_told_nothing(stand: Stand) -> None:
    token = stand.token(stand.code(client_id="narrow"), headers=basic("narrow")).get_json()["access_token"]
    assert stand.userinfo(token).status_code == 200
    stand.parties._parties.pop("narrow")
    assert is_refused(stand.userinfo(token), "invalid_token")
