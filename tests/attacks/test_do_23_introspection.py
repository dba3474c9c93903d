"""DO-23: who asks about tokens, or revokes them, without being entitled to."""

from __future__ import annotations

from functools import partial

import pytest

from tests.attacks.answers import token_refused
from tests.attacks.refusals import REFUSALS, require_no_secret, rows_of
from tests.support.offline import introspected, offline, post, refresh
from tests.support.world import SECRET, World

INACTIVE = {"active": False}


@pytest.mark.parametrize("caller", ["keeper-too", "sample", "caller", "server-of-helios"])
def test_do_23_whoever_is_not_entitled_hears_what_everybody_hears_of_no_token(keeping: World, caller: str) -> None:
    tokens = offline(keeping)
    handles = [tokens["access_token"], tokens["refresh_token"]]
    for token in handles:
        earlier, rows = len(keeping.events(*REFUSALS)), rows_of(keeping)
        answer = post(keeping, "/introspect", caller, token=token)
        assert (answer.status_code, answer.json()) == (200, INACTIVE)
        assert answer.json() == introspected(keeping, "no token", caller)
        assert answer.headers["Cache-Control"] == "no-store"
        lines = keeping.events(*REFUSALS)[earlier:]
        assert [(line["event"], line["reason"]) for line in lines] == [("oauth_rejected", "introspect")]
        assert rows_of(keeping) == rows
    require_no_secret(keeping.log_text(), [*handles, SECRET])


def test_do_23_the_token_s_client_and_a_resource_server_hear_it(keeping: World) -> None:
    tokens = offline(keeping)
    for caller in ("keeper", "server"):
        assert introspected(keeping, tokens["access_token"], caller)["active"] is True
    assert introspected(keeping, tokens["refresh_token"], "keeper")["active"] is True
    assert introspected(keeping, tokens["refresh_token"], "server") == INACTIVE


@pytest.mark.parametrize("path", ["/introspect", "/revoke"])
def test_do_23_whoever_does_not_prove_itself_is_refused_before_the_token_is_looked_at(
    keeping: World, path: str
) -> None:
    token = offline(keeping)["refresh_token"]
    url = f"{keeping.broker_url}{path}"
    for form, basic in (
        ({}, None),
        ({"client_id": "keeper"}, None),
        ({}, ("keeper", "wrong")),
        ({"client_id": "keeper", "client_secret": SECRET}, None),
        ({}, ("nobody", SECRET)),
        *([({"client_id": "phone"}, None)] if path == "/introspect" else []),
    ):
        attack = partial(keeping.browser().post, url, data={"token": token, **form}, auth=basic, timeout=30)
        token_refused(keeping, attack, "invalid_client", "client_auth", status=401, secrets=[token])
    bearer = {"Authorization": f"Bearer {token}"}
    attack = partial(keeping.browser().post, url, data={"token": token}, headers=bearer, timeout=30)
    token_refused(keeping, attack, "invalid_client", "client_auth", status=401, secrets=[token])
    assert refresh(keeping, token).status_code == 200


@pytest.mark.parametrize("path", ["/introspect", "/revoke"])
def test_do_23_a_token_is_never_in_an_address(keeping: World, path: str) -> None:
    token = offline(keeping)["refresh_token"]
    url = f"{keeping.broker_url}{path}?token={token}"
    attack = partial(keeping.browser().post, url, data={"token": token}, auth=("keeper", SECRET), timeout=30)
    token_refused(keeping, attack, "invalid_request", "params", secrets=[token])
    assert keeping.browser().get(url, auth=("keeper", SECRET), timeout=30).status_code == 405
    assert refresh(keeping, token).status_code == 200


@pytest.mark.parametrize("caller", ["keeper-too", "sample", "server"])
def test_do_23_another_client_s_tokens_are_not_revoked_and_the_answer_tells_nothing(
    keeping: World, caller: str
) -> None:
    tokens = offline(keeping)
    for token in (tokens["access_token"], tokens["refresh_token"]):
        answers = [post(keeping, "/revoke", caller, token=each) for each in (token, "no token")]
        assert [(answer.status_code, answer.content) for answer in answers] == [(200, b"")] * 2
        assert keeping.events("oauth_rejected")[-1]["reason"] == "introspect"
    assert keeping.userinfo(tokens["access_token"]).status_code == 200
    assert refresh(keeping, tokens["refresh_token"]).status_code == 200


def test_do_23_its_own_client_revokes_it(keeping: World) -> None:
    tokens = offline(keeping)
    assert post(keeping, "/revoke", "keeper", token=tokens["refresh_token"]).status_code == 200
    token_refused(keeping, partial(refresh, keeping, tokens["refresh_token"]), "invalid_grant", "refresh_token")
    assert keeping.userinfo(tokens["access_token"]).status_code == 401


def test_do_23_a_token_introspects_inactive_as_soon_as_the_gate_says_no(keeping: World) -> None:
    tokens = offline(keeping)
    (account,) = keeping.around.directory.accounts("aegean-foods")
    keeping.around.records.standings.end_account(account.id, "test", keeping.clock.now())
    for token in (tokens["access_token"], tokens["refresh_token"]):
        assert introspected(keeping, token) == INACTIVE
    assert introspected(keeping, tokens["access_token"], "server") == INACTIVE
    assert introspected(keeping, offline(keeping)["access_token"])["active"] is True
