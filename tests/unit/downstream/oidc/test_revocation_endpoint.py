"""A client gives back what it was given (RFC 7009)."""

from __future__ import annotations

import pytest
from structlog.typing import EventDict
from werkzeug.test import TestResponse

from tests.unit.downstream.oidc.stand import ISSUER, Stand, basic
from tests.unit.downstream.oidc.test_token_endpoint import is_error


def done(response: TestResponse) -> bool:
    """Whether it is the one answer that there is."""
    assert response.headers["Cache-Control"] == "no-store"
    return (response.status_code, response.get_data()) == (200, b"")


@pytest.mark.parametrize("hint", [None, "refresh_token", "access_token", "nonsense"])
def test_a_refresh_token_takes_its_whole_grant_with_it(stand: Stand, hint: str | None) -> None:
    first, bystander = stand.offline(), stand.offline()
    second = stand.refresh(first["refresh_token"]).get_json()
    assert done(stand.post("/revoke", "keeper", token=second["refresh_token"], token_type_hint=hint))
    assert is_error(stand.refresh(second["refresh_token"]), "invalid_grant")
    for tokens in (first, second):
        assert stand.userinfo(tokens["access_token"]).status_code == 401
    assert stand.refresh(bystander["refresh_token"]).status_code == 200


def test_a_spent_refresh_token_does_too(stand: Stand) -> None:
    first = stand.offline()
    second = stand.refresh(first["refresh_token"]).get_json()
    assert done(stand.post("/revoke", "keeper", token=first["refresh_token"]))
    assert is_error(stand.refresh(second["refresh_token"]), "invalid_grant")


def test_an_access_token_goes_alone(stand: Stand) -> None:
    tokens = stand.offline()
    assert done(stand.post("/revoke", "keeper", token=tokens["access_token"]))
    assert stand.userinfo(tokens["access_token"]).status_code == 401
    assert stand.refresh(tokens["refresh_token"]).status_code == 200


def test_a_public_client_gives_back_its_own(stand: Stand) -> None:
    code = stand.code(client_id="keeper-public", scope="openid offline_access")
    tokens = stand.token(code, headers={}, client_id="keeper-public").get_json()
    fields = {"token": tokens["refresh_token"], "client_id": "keeper-public"}
    assert done(stand.client.post("/revoke", data=fields, base_url=ISSUER))
    assert stand.userinfo(tokens["access_token"]).status_code == 401


def test_an_api_token_is_given_back(stand: Stand) -> None:
    token = stand.post("/token", "caller", grant_type="client_credentials").get_json()["access_token"]
    assert stand.api_tokens.find(token) is not None
    assert done(stand.post("/revoke", "caller", token=token))
    assert stand.api_tokens.find(token) is None


@pytest.mark.parametrize("caller", ["keeper-of-other", "server"])
def test_another_client_s_token_stays_and_the_answer_does_not_tell(
    stand: Stand, logged: list[EventDict], caller: str
) -> None:
    tokens = stand.offline()
    api = stand.post("/token", "caller", grant_type="client_credentials").get_json()["access_token"]
    for token in (tokens["access_token"], tokens["refresh_token"], api):
        assert done(stand.post("/revoke", caller, token=token))
        assert (logged[-1]["event"], logged[-1]["reason"]) == ("oauth_rejected", "introspect")
    assert done(stand.post("/revoke", caller, token="no token"))
    assert stand.userinfo(tokens["access_token"]).status_code == 200
    assert stand.refresh(tokens["refresh_token"]).status_code == 200
    assert stand.api_tokens.find(api) is not None


def test_a_token_is_required_from_a_client_that_proves_itself(stand: Stand) -> None:
    token = stand.offline()["refresh_token"]
    assert is_error(stand.post("/revoke", "keeper", token=""), "invalid_request")
    for headers in ({}, basic("keeper", "wrong")):
        response = stand.client.post("/revoke", data={"token": token}, headers=headers, base_url=ISSUER)
        assert is_error(response, "invalid_client", 401)
    assert stand.client.get(f"/revoke?token={token}", headers=basic("keeper"), base_url=ISSUER).status_code == 405
    assert stand.refresh(token).status_code == 200


def test_a_page_of_another_origin_may_revoke_and_not_introspect(stand: Stand) -> None:
    assert stand.post("/revoke", "keeper", token="x").headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Origin" not in stand.post("/introspect", "keeper", token="x").headers
