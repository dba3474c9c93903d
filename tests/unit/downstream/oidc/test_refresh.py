"""A refresh token for its next (RFC 6749 section 6, OpenID Connect Core 12, RFC 9700 section 4.14)."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.typing import EventDict
from werkzeug.test import TestResponse

from broker.clock import epoch_seconds
from broker.entropy import digest
from broker.errors import Busy, NotAllowed
from broker.jose.algorithms import left_hash
from broker.store.directory import StoredKey
from tests.support.people import AEGEAN, HELIOS, account
from tests.unit.downstream.oidc.stand import VERIFIER, Stand, basic
from tests.unit.downstream.oidc.test_token_endpoint import is_error


def changed(stand: Stand, client_id: str, **changes: Any) -> None:
    """The same client with another file."""
    stand.parties._parties[client_id] = replace(stand.parties._parties[client_id], **changes)


def refused(response: TestResponse, logged: list[EventDict], reason: str, event: str = "oauth_rejected") -> bool:
    assert is_error(response, "invalid_grant")
    return (logged[-1]["event"], logged[-1]["reason"]) == (event, reason)


# -- what it gives ------------------------------------------------------------------------------------------------


def test_a_refresh_gives_another_of_each_token_for_the_same_sign_in(stand: Stand) -> None:
    first = stand.offline()
    stand.clock.advance(timedelta(hours=5))
    response = stand.refresh(first["refresh_token"])
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    second = response.get_json()
    assert second.keys() == {"access_token", "token_type", "expires_in", "id_token", "scope", "refresh_token"}
    assert (second["token_type"], second["expires_in"]) == ("Bearer", 900)
    assert second["scope"] == first["scope"] == "openid email offline_access"
    assert second["refresh_token"] != first["refresh_token"]
    assert second["access_token"] != first["access_token"]
    before, after = stand.claims(first["id_token"]), stand.claims(second["id_token"])
    assert before.pop("nonce") == "n0nce"
    now = epoch_seconds(stand.clock.now())
    assert after == before | {
        "iat": now,
        "exp": now + 900,
        "at_hash": left_hash("RS256", second["access_token"]),
    }
    assert stand.userinfo(second["access_token"]).get_json()["email"] == "eleni.markou@aegeanfoods.example"


def test_a_refresh_token_has_512_bits_and_is_not_stored_in_the_clear(stand: Stand) -> None:
    token = stand.offline()["refresh_token"]
    for _ in range(2):
        assert [len(base64.urlsafe_b64decode(half + "=")) for half in (token[:43], token[43:])] == [32, 32]
        record = stand.store.get("refresh_family", digest(token[:43]))
        assert record is not None
        assert token[:43].encode() not in record
        assert token[43:].encode() not in record
        token = stand.refresh(token).get_json()["refresh_token"]


@pytest.mark.parametrize("prompt", [None, "consent", "none", "login"])
def test_whoever_may_have_it_gets_a_refresh_token_by_asking_for_offline_access(
    stand: Stand, prompt: str | None
) -> None:
    assert "refresh_token" in stand.offline(prompt=prompt)


@pytest.mark.parametrize(
    ("client_id", "scope"), [("keeper", "openid email"), ("sample", "openid offline_access"), ("narrow", "openid")]
)
def test_nobody_else_gets_one(stand: Stand, client_id: str, scope: str) -> None:
    tokens = stand.offline(client_id, scope=scope)
    assert "refresh_token" not in tokens
    assert "offline_access" not in tokens["scope"]


def test_a_public_client_refreshes_by_its_name_alone(stand: Stand) -> None:
    code = stand.code(client_id="keeper-public", scope="openid offline_access")
    tokens = stand.token(code, headers={}, client_id="keeper-public").get_json()
    fields = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "client_id": "keeper-public"}
    assert stand.client.post("/token", data=fields, base_url="https://sign-in.pobuca.example").status_code == 200


def test_a_pairwise_client_keeps_its_names_of_person_and_session(stand: Stand) -> None:
    first = stand.offline("keeper-paired")
    second = stand.refresh(first["refresh_token"], "keeper-paired").get_json()
    before, after = stand.claims(first["id_token"]), stand.claims(second["id_token"])
    assert (after["sub"], after["sid"]) == (before["sub"], before["sid"])


# -- scope --------------------------------------------------------------------------------------------------------


def test_scope_may_shrink_for_the_access_token_and_not_for_the_refresh_token(stand: Stand) -> None:
    first = stand.offline()
    second = stand.refresh(first["refresh_token"], scope="openid").get_json()
    assert second["scope"] == "openid"
    assert stand.userinfo(second["access_token"]).get_json().keys() == {"sub"}
    assert stand.refresh(second["refresh_token"]).get_json()["scope"] == "openid email offline_access"


@pytest.mark.parametrize("scope", ["openid profile", "openid email phone", "openid email admin", " ", "OPENID"])
def test_scope_never_grows_and_the_token_is_kept(stand: Stand, logged: list[EventDict], scope: str) -> None:
    token = stand.offline()["refresh_token"]
    assert is_error(stand.refresh(token, scope=scope), "invalid_scope")
    assert logged[-1]["reason"] == "refresh_binding"
    assert stand.refresh(token).status_code == 200


def test_without_the_openid_scope_there_is_no_id_token_and_no_userinfo(stand: Stand) -> None:
    second = stand.refresh(stand.offline()["refresh_token"], scope="email").get_json()
    assert "id_token" not in second
    answer = stand.userinfo(second["access_token"])
    assert (answer.status_code, answer.get_json()["error"]) == (403, "insufficient_scope")
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]


def test_a_scope_that_was_taken_from_the_client_is_gone_at_the_next_refresh(stand: Stand) -> None:
    first = stand.offline()
    changed(stand, "keeper", scopes=frozenset({"openid", "offline_access"}))
    assert stand.refresh(first["refresh_token"]).get_json()["scope"] == "openid offline_access"


# -- rotation -----------------------------------------------------------------------------------------------------


def test_a_spent_token_ends_the_whole_grant(stand: Stand, logged: list[EventDict]) -> None:
    bystander, first = stand.offline(), stand.offline()
    second = stand.refresh(first["refresh_token"]).get_json()
    third = stand.refresh(second["refresh_token"]).get_json()
    assert stand.userinfo(third["access_token"]).status_code == 200
    assert refused(stand.refresh(first["refresh_token"]), logged, "refresh_reuse")
    assert refused(stand.refresh(third["refresh_token"]), logged, "refresh_token")
    for tokens in (first, second, third):
        assert stand.userinfo(tokens["access_token"]).status_code == 401
    assert stand.refresh(bystander["refresh_token"]).status_code == 200
    assert stand.userinfo(bystander["access_token"]).status_code == 200


@pytest.mark.parametrize("later", [0, 9])
def test_a_retry_within_ten_seconds_gets_the_very_same_next_token(stand: Stand, later: int) -> None:
    first = stand.offline()
    second = stand.refresh(first["refresh_token"]).get_json()
    stand.clock.advance(timedelta(seconds=later))
    again = stand.refresh(first["refresh_token"]).get_json()
    assert again["refresh_token"] == second["refresh_token"]
    assert stand.userinfo(again["access_token"]).status_code == 200
    assert stand.refresh(second["refresh_token"]).status_code == 200


def test_a_retry_after_ten_seconds_is_a_theft(stand: Stand, logged: list[EventDict]) -> None:
    first = stand.offline()
    second = stand.refresh(first["refresh_token"]).get_json()
    stand.clock.advance(timedelta(seconds=10))
    assert refused(stand.refresh(first["refresh_token"]), logged, "refresh_reuse")
    assert refused(stand.refresh(second["refresh_token"]), logged, "refresh_token")


def test_a_retry_after_the_next_token_was_used_is_a_theft(stand: Stand, logged: list[EventDict]) -> None:
    first = stand.offline()
    second = stand.refresh(first["refresh_token"]).get_json()
    third = stand.refresh(second["refresh_token"]).get_json()
    assert refused(stand.refresh(first["refresh_token"]), logged, "refresh_reuse")
    assert refused(stand.refresh(third["refresh_token"]), logged, "refresh_token")


def test_of_many_at_once_all_get_one_and_the_same_next_token(tmp_path: Path, signing_keys: Sequence[StoredKey]) -> None:
    stand = Stand(tmp_path, signing_keys)
    token = stand.offline()["refresh_token"]
    fields = {"grant_type": "refresh_token", "refresh_token": token}

    def present(_: int) -> TestResponse:
        client = stand.app.test_client()
        return client.post("/token", data=fields, headers=basic("keeper"), base_url="https://sign-in.pobuca.example")

    with ThreadPoolExecutor(10) as threads:
        responses = list(threads.map(present, range(30)))
    assert {response.status_code for response in responses} == {200}
    (following,) = {response.get_json()["refresh_token"] for response in responses}
    assert following != token
    assert stand.refresh(following).status_code == 200


def test_a_token_that_is_spent_between_look_and_exchange_gives_the_winner_s(stand: Stand) -> None:
    token = stand.offline()["refresh_token"]
    winners: list[TestResponse] = []
    stand.store.before["compare_and_set"] = lambda: winners.append(stand.refresh(token))
    loser = stand.refresh(token)
    assert loser.get_json()["refresh_token"] == winners[0].get_json()["refresh_token"]


def test_a_grant_that_ends_between_look_and_exchange_gives_nothing(stand: Stand, logged: list[EventDict]) -> None:
    first = stand.offline()
    stand.store.before["compare_and_set"] = lambda: stand.post("/revoke", "keeper", token=first["refresh_token"])
    assert refused(stand.refresh(first["refresh_token"]), logged, "refresh_token")


def test_a_grant_that_ends_after_the_exchange_gives_nothing_either(stand: Stand) -> None:
    first = stand.offline()
    stand.store.before["put"] = lambda: stand.post("/revoke", "keeper", token=first["refresh_token"])
    assert is_error(stand.refresh(first["refresh_token"]), "invalid_grant")
    keys = stand.store.members("access_token", f"account:{account().id}")
    assert {stand.store.get("access_token", key) for key in keys} <= {None}


@pytest.mark.parametrize(
    "change", [lambda t: t[:-1], lambda t: t + "A", lambda t: t[:43], lambda t: "A" * len(t), str.swapcase]
)
def test_a_token_is_matched_exactly(stand: Stand, logged: list[EventDict], change: Any) -> None:
    token = stand.offline()["refresh_token"]
    assert refused(stand.refresh(change(token)), logged, "refresh_token")
    assert stand.refresh(token).status_code == 200


@pytest.mark.parametrize("token", ["é" * 43, "\0" * 86, "é" * 86, "x" * 9000])
def test_whatever_is_no_token_is_refused(stand: Stand, logged: list[EventDict], token: str) -> None:
    assert refused(stand.refresh(token), logged, "refresh_token")


def test_other_tokens_are_no_refresh_tokens(stand: Stand) -> None:
    tokens = stand.offline()
    for other in (tokens["access_token"], tokens["id_token"], stand.code(client_id="keeper")):
        assert is_error(stand.refresh(other), "invalid_grant")
    assert stand.userinfo(tokens["refresh_token"]).status_code == 401
    assert is_error(stand.token(tokens["refresh_token"], headers=basic("keeper")), "invalid_grant")


def test_a_refresh_token_is_required(stand: Stand) -> None:
    assert is_error(stand.post("/token", "keeper", grant_type="refresh_token"), "invalid_request")


# -- binding ------------------------------------------------------------------------------------------------------


def test_a_token_in_another_client_s_hands_ends_the_grant(stand: Stand, logged: list[EventDict]) -> None:
    token = stand.offline()["refresh_token"]
    assert refused(stand.refresh(token, "keeper-of-other"), logged, "refresh_binding")
    assert refused(stand.refresh(token), logged, "refresh_token")


@pytest.mark.parametrize("later", [timedelta(0), timedelta(hours=3)])
def test_a_code_presented_again_ends_the_refresh_tokens_that_came_of_it(
    stand: Stand, logged: list[EventDict], later: timedelta
) -> None:
    code = stand.code(client_id="keeper", scope="openid offline_access")
    tokens = stand.token(code, headers=basic("keeper")).get_json()
    stand.clock.advance(later)
    assert refused(stand.token(code, headers=basic("keeper")), logged, "code_replay")
    assert refused(stand.refresh(tokens["refresh_token"]), logged, "refresh_token")


def test_a_code_presented_again_while_it_is_redeemed_gives_no_refresh_token(stand: Stand) -> None:
    code = stand.code(client_id="keeper", scope="openid offline_access")
    stand.store.before["put"] = lambda: stand.token(code, headers=basic("keeper"))
    assert is_error(stand.token(code, headers=basic("keeper")), "invalid_grant")
    keys = stand.store.members("refresh_family", f"account:{account().id}")
    assert {stand.store.get("refresh_family", key) for key in keys} <= {None}


# -- life ---------------------------------------------------------------------------------------------------------


def test_a_family_ends_when_it_is_not_used(stand: Stand, logged: list[EventDict]) -> None:
    token, other = stand.offline()["refresh_token"], stand.offline()["refresh_token"]
    stand.clock.advance(timedelta(days=13, hours=23))
    token = stand.refresh(token).get_json()["refresh_token"]
    stand.clock.advance(timedelta(hours=1))
    assert refused(stand.refresh(other), logged, "refresh_token")
    assert stand.refresh(token).status_code == 200


def test_a_family_ends_after_its_absolute_life_however_it_is_used(stand: Stand, logged: list[EventDict]) -> None:
    token = stand.offline()["refresh_token"]
    for _ in range(29):
        stand.clock.advance(timedelta(days=1))
        token = stand.refresh(token).get_json()["refresh_token"]
    stand.clock.advance(timedelta(days=1))
    assert refused(stand.refresh(token), logged, "refresh_token")


def test_a_family_outlives_the_session_and_a_mere_sign_out(stand: Stand) -> None:
    tokens = stand.offline()
    stand.responder.session_ended(stand.claims(tokens["id_token"])["sid"])
    assert stand.userinfo(tokens["access_token"]).status_code == 401
    stand.clock.advance(timedelta(days=2))
    assert not stand.sessions.live(stand.claims(tokens["id_token"])["sid"])
    second = stand.refresh(tokens["refresh_token"]).get_json()
    stand.responder.session_ended(stand.claims(tokens["id_token"])["sid"])
    assert stand.userinfo(second["access_token"]).status_code == 200


def test_a_family_ends_with_the_person_and_with_the_organization(stand: Stand, logged: list[EventDict]) -> None:
    for end, name in (
        (stand.end_person, account().id),
        (stand.end_organization, "aegean-foods"),
    ):
        tokens, code = stand.offline(), stand.code()
        end(name)
        assert refused(stand.refresh(tokens["refresh_token"]), logged, "refresh_token")
        assert stand.userinfo(tokens["access_token"]).status_code == 401
        assert refused(stand.token(code), logged, "code")


def test_other_people_s_families_stay(stand: Stand) -> None:
    tokens = stand.offline()
    stand.end_person("somebody-else")
    stand.end_organization("helios-shipping")
    assert stand.refresh(tokens["refresh_token"]).status_code == 200


# -- the person, now ----------------------------------------------------------------------------------------------


def test_the_directory_is_asked_at_every_refresh_and_before_anything_is_spent(
    stand: Stand, logged: list[EventDict]
) -> None:
    token = stand.offline()["refresh_token"]
    assert stand.upstream.asked == []
    stand.upstream.answer = NotAllowed("ended", "disabled in the directory")
    assert refused(stand.refresh(token), logged, "ended")
    stand.upstream.answer = None
    assert stand.refresh(token).status_code == 200
    assert stand.upstream.asked == [(account().id, "entra:aegean-foods")] * 2


def test_a_directory_that_cannot_be_asked_is_busy_and_spends_nothing(stand: Stand) -> None:
    token = stand.offline()["refresh_token"]
    stand.upstream.answer = Busy("directory", "not asked for an hour", retry_after_seconds=30)
    response = stand.refresh(token)
    assert (response.status_code, response.headers["Retry-After"]) == (503, "30")
    assert response.get_json()["error"] == "temporarily_unavailable"
    stand.upstream.answer = None
    assert stand.refresh(token).status_code == 200


def test_a_stranger_s_token_does_not_make_us_ask_the_directory(stand: Stand) -> None:
    token = stand.offline()["refresh_token"]
    stand.refresh("A" * 86)
    stand.refresh(token, "keeper-of-other")
    assert stand.upstream.asked == []


@pytest.mark.parametrize("retry", [False, True])
def test_the_gate_judges_every_refresh_and_every_retry(stand: Stand, logged: list[EventDict], retry: bool) -> None:
    token = stand.offline()["refresh_token"]
    if retry:
        stand.refresh(token)
    stand.directory.set_active(account().id, False)
    assert refused(stand.refresh(token), logged, "disabled")
    stand.directory.set_active(account().id, True)
    assert stand.refresh(token).status_code == 200


def test_a_family_from_before_the_person_was_ended_opens_nothing(stand: Stand, logged: list[EventDict]) -> None:
    token = stand.offline()["refresh_token"]
    stand.directory.people[account().id] = account(epoch=1)
    assert refused(stand.refresh(token), logged, "ended")
    assert stand.refresh(stand.offline()["refresh_token"]).status_code == 200


def test_a_family_from_before_the_way_in_changed_opens_nothing(stand: Stand, logged: list[EventDict]) -> None:
    token = stand.offline()["refresh_token"]
    stand.organizations._organizations = (replace(AEGEAN, epoch=1), HELIOS)
    assert refused(stand.refresh(token), logged, "old_session")
    assert stand.refresh(stand.offline()["refresh_token"]).status_code == 200


def test_a_family_of_another_connection_than_the_organization_s_opens_nothing(
    stand: Stand, logged: list[EventDict]
) -> None:
    token = stand.offline()["refresh_token"]
    assert AEGEAN.connection is not None
    other = replace(AEGEAN, connection=replace(AEGEAN.connection, name="entra:aegean-foods-new"))
    stand.organizations._organizations = (other, HELIOS)
    assert refused(stand.refresh(token), logged, "enforcement", "enforcement_denied")


def test_a_family_of_a_person_outside_the_client_s_organizations_opens_nothing(
    stand: Stand, logged: list[EventDict]
) -> None:
    token = stand.offline()["refresh_token"]
    changed(stand, "keeper", organizations=("helios-shipping",))
    assert refused(stand.refresh(token), logged, "tenant")


def test_a_client_from_which_offline_access_was_taken_refreshes_no_more(stand: Stand, logged: list[EventDict]) -> None:
    token = stand.offline()["refresh_token"]
    changed(stand, "keeper", scopes=frozenset({"openid", "email"}))
    assert refused(stand.refresh(token), logged, "scope")


def test_a_moved_or_missing_account_refreshes_no_more(stand: Stand, logged: list[EventDict]) -> None:
    token = stand.offline()["refresh_token"]
    stand.directory.people[account().id] = account(organization="corner-shop", email=None, email_domain=None)
    assert refused(stand.refresh(token), logged, "membership")
    stand.directory.people.clear()
    assert refused(stand.refresh(token), logged, "membership")


def test_a_store_or_directory_that_does_not_answer_spends_nothing(stand: Stand) -> None:
    token = stand.offline()["refresh_token"]
    for part in (stand.store, stand.directory):
        part.down = True
        assert stand.refresh(token).status_code == 503
        part.down = False
    assert stand.refresh(token).status_code == 200


def test_no_secret_of_a_refresh_is_logged(stand: Stand, logged: list[EventDict]) -> None:
    first = stand.offline()
    second = stand.refresh(first["refresh_token"]).get_json()
    stand.clock.advance(timedelta(minutes=1))
    stand.refresh(first["refresh_token"])
    spent = first["refresh_token"]
    for secret in (spent, spent[:43], spent[43:], second["refresh_token"], second["access_token"]):
        assert secret not in repr(logged)
    assert VERIFIER not in repr(logged)
