"""Who hears what of a token (RFC 7662)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.typing import EventDict

from broker.clock import epoch_seconds
from tests.support.people import AEGEAN, HELIOS, NOW, account
from tests.unit.downstream.oidc.stand import ISSUER, Stand, basic
from tests.unit.downstream.oidc.test_token_endpoint import is_error

INACTIVE = {"active": False}


def test_an_access_token_s_client_hears_what_it_stands_for(stand: Stand) -> None:
    tokens = stand.offline()
    assert stand.introspected(tokens["access_token"]) == {
        "active": True,
        "scope": "openid email offline_access",
        "client_id": "keeper",
        "token_type": "Bearer",
        "sub": account().id,
        "iss": ISSUER,
        "iat": epoch_seconds(NOW),
        "exp": epoch_seconds(NOW) + 900,
    }


@pytest.mark.parametrize("hint", [None, "access_token", "refresh_token", "nonsense"])
def test_a_refresh_token_s_client_hears_of_it_too_whatever_the_hint(stand: Stand, hint: str | None) -> None:
    token = stand.offline()["refresh_token"]
    said = stand.introspected(token, token_type_hint=hint)
    assert (said["active"], said["client_id"]) == (True, "keeper")
    assert said["exp"] - said["iat"] == timedelta(days=30).total_seconds()
    assert "token_type" not in said


def test_a_resource_server_hears_of_access_tokens_and_of_nothing_else(stand: Stand, logged: list[EventDict]) -> None:
    tokens = stand.offline("keeper-paired")
    said = stand.introspected(tokens["access_token"], "server")
    assert (said["active"], said["client_id"]) == (True, "keeper-paired")
    assert said["sub"] != stand.claims(tokens["id_token"])["sub"], "its own word for the person, not the client's"
    assert stand.introspected(tokens["refresh_token"], "server") == INACTIVE
    assert [(event["event"], event["reason"]) for event in logged] == [("oauth_rejected", "introspect")]


def test_a_resource_server_of_another_organization_hears_nothing(stand: Stand, logged: list[EventDict]) -> None:
    assert stand.introspected(stand.offline()["access_token"], "server-of-helios") == INACTIVE
    assert logged[-1]["reason"] == "introspect"


@pytest.mark.parametrize("caller", ["keeper-of-other", "sample", "caller"])
def test_another_client_hears_what_everybody_hears_of_no_token(
    stand: Stand, logged: list[EventDict], caller: str
) -> None:
    tokens = stand.offline()
    api = stand.post("/token", "caller", grant_type="client_credentials").get_json()["access_token"]
    foreign = [tokens["access_token"], tokens["refresh_token"], *([api] if caller != "caller" else [])]
    for token in foreign:
        assert stand.introspected(token, caller) == stand.introspected("no token", caller) == INACTIVE
        assert logged[-1]["reason"] == "introspect"
    assert len(logged) == len(foreign)


def test_what_is_no_token_is_inactive(stand: Stand) -> None:
    tokens = stand.offline()
    code = stand.code(client_id="keeper")
    for other in (tokens["id_token"], code, "", "é" * 86, "x" * 9000, tokens["access_token"] + "A"):
        if other:
            assert stand.introspected(other) == INACTIVE


def test_a_token_is_required_and_comes_in_a_form(stand: Stand) -> None:
    assert is_error(stand.post("/introspect", "keeper", token=""), "invalid_request")
    twice = stand.client.post("/introspect", data={"token": ["a", "b"]}, headers=basic("keeper"), base_url=ISSUER)
    assert is_error(twice, "invalid_request")
    assert is_error(stand.post("/introspect?token=x", "keeper", token="x"), "invalid_request")
    assert stand.client.get("/introspect", headers=basic("keeper"), base_url=ISSUER).status_code == 405
    in_json = stand.client.post("/introspect", json={"token": "x"}, headers=basic("keeper"), base_url=ISSUER)
    assert in_json.status_code == 415


@pytest.mark.parametrize(
    ("headers", "client_id"), [({}, None), (basic("keeper", "wrong"), None), ({}, "keeper"), ({}, "keeper-public")]
)
def test_whoever_does_not_prove_itself_hears_nothing(
    stand: Stand, headers: dict[str, str], client_id: str | None
) -> None:
    token = stand.offline()["access_token"]
    fields = {"token": token} | ({"client_id": client_id} if client_id else {})
    response = stand.client.post("/introspect", data=fields, headers=headers, base_url=ISSUER)
    assert is_error(response, "invalid_client", 401)


def test_a_spent_refresh_token_is_inactive_and_ends_nothing_by_that(stand: Stand) -> None:
    first = stand.offline()
    second = stand.refresh(first["refresh_token"]).get_json()
    assert stand.introspected(first["refresh_token"]) == INACTIVE
    assert stand.introspected(second["refresh_token"])["active"]


def test_tokens_are_inactive_as_soon_as_the_gate_says_no(stand: Stand, logged: list[EventDict]) -> None:
    tokens = stand.offline()
    given = [tokens["access_token"], tokens["refresh_token"]]
    stand.directory.people[account().id] = account(epoch=1)
    assert [stand.introspected(token) for token in given] == [INACTIVE, INACTIVE]
    stand.directory.people[account().id] = account(active=False)
    assert [stand.introspected(token) for token in given] == [INACTIVE, INACTIVE]
    stand.directory.people[account().id] = account()
    stand.organizations._organizations = (replace(AEGEAN, epoch=1), HELIOS)
    assert [stand.introspected(token) for token in given] == [INACTIVE, INACTIVE]
    assert [event["reason"] for event in logged] == ["ended"] * 2 + ["disabled"] * 2 + ["old_session"] * 2
    stand.organizations._organizations = (AEGEAN, HELIOS)
    assert all(stand.introspected(token)["active"] for token in given)


def test_tokens_are_inactive_when_their_time_is_over(stand: Stand) -> None:
    tokens = stand.offline()
    stand.clock.advance(timedelta(seconds=900))
    assert stand.introspected(tokens["access_token"]) == INACTIVE
    stand.clock.advance(timedelta(days=14))
    assert stand.introspected(tokens["refresh_token"]) == INACTIVE


def test_tokens_of_a_client_that_is_gone_are_inactive(stand: Stand) -> None:
    token = stand.offline()["access_token"]
    stand.parties._parties.pop("keeper")
    assert stand.introspected(token, "server") == INACTIVE


def test_a_store_that_does_not_answer_is_no_answer(stand: Stand) -> None:
    token = stand.offline()["access_token"]
    stand.store.down = True
    assert stand.post("/introspect", "keeper", token=token).status_code == 503
