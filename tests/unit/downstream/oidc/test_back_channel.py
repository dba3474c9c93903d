"""Word to applications that somebody is out (OpenID Connect Back-Channel Logout 1.0)."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from structlog.typing import EventDict

from broker.clock import epoch_seconds
from broker.downstream.oidc.back_channel import BackChannel
from broker.downstream.oidc.logout_tokens import LogoutTokens
from broker.http_client import HttpFailure
from broker.jose.errors import TokenRejected
from broker.store.state import StateUnavailable
from tests.support.people import account
from tests.unit.downstream.oidc.stand import HEARING, ISSUER, Stand, basic

EVENT = "http://schemas.openid.net/event/backchannel-logout"
PAIRED = "https://paired.pobuca.example/logout"


def said(stand: Stand, token: str) -> Mapping[str, Any]:
    """The claims of a logout token."""
    return stand.keys.verify_own(token, typ="logout+jwt").values


def heard(stand: Stand) -> list[tuple[str, Mapping[str, Any]]]:
    """What the applications heard since the last time, once all of it has been sent."""
    stand.back_channel.finish()
    words = [(url, said(stand, token)) for url, token in stand.applications.heard]
    stand.applications.heard.clear()
    return sorted(words, key=lambda word: (word[0], str(word[1].get("sid"))))


def sign_in(stand: Stand, client_id: str = "hearing", scope: str = "openid") -> Mapping[str, Any]:
    """The claims of the ID token of a sign-in."""
    return stand.claims(stand.offline(client_id, scope=scope)["id_token"])


def test_an_application_hears_that_the_person_signed_out(stand: Stand) -> None:
    signed_in = sign_in(stand)
    stand.clock.advance(timedelta(minutes=5))
    stand.responder.session_ended(signed_in["sid"])
    ((url, claims),) = heard(stand)
    now = epoch_seconds(stand.clock.now())
    assert url == HEARING
    assert claims == {
        "iss": ISSUER,
        "sub": signed_in["sub"],
        "aud": "hearing",
        "iat": now,
        "exp": now + 120,
        "jti": claims["jti"],
        "events": {EVENT: {}},
        "sid": signed_in["sid"],
    }


def test_a_logout_token_is_no_id_token_and_is_signed_as_one(stand: Stand) -> None:
    stand.parties._parties["hearing"] = replace(stand.parties._parties["hearing"], id_token_alg="ES256")
    stand.responder.session_ended(sign_in(stand)["sid"])
    stand.back_channel.finish()
    ((_, token),) = stand.applications.heard
    header = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))
    assert (header["typ"], header["alg"]) == ("logout+jwt", "ES256")
    with pytest.raises(TokenRejected):
        stand.keys.verify_own(token, typ="JWT")
    hint = stand.authorize(client_id="hearing", id_token_hint=token)
    assert "error=invalid_request" in hint.headers["Location"]


def test_a_pairwise_application_hears_of_person_and_session_by_its_own_names(stand: Stand) -> None:
    signed_in = sign_in(stand, "keeper-paired")
    stand.responder.session_ended(sid := next(iter(stand.sessions.of_account(account().id))))
    ((url, claims),) = heard(stand)
    assert url == PAIRED
    assert (claims["sub"], claims["sid"]) == (signed_in["sub"], signed_in["sid"])
    assert claims["sid"] != sid


def test_nobody_hears_who_did_not_take_part_or_cannot(stand: Stand) -> None:
    other = sign_in(stand)
    stand.responder.session_ended(stand.claims(stand.tokens()["id_token"])["sid"])
    assert heard(stand) == []
    stand.responder.session_ended(other["sid"])
    assert len(heard(stand)) == 1
    code = stand.code(client_id="hearing")
    sid = [sid for sid in stand.sessions.of_account(account().id) if sid != other["sid"]][-1]
    stand.responder.session_ended(sid)
    assert heard(stand) == [], "a code that was not redeemed gave the application nothing"
    assert stand.token(code, headers=basic("hearing")).status_code in (200, 400)


def test_an_application_hears_once_of_each_sign_out(stand: Stand) -> None:
    signed_in = sign_in(stand)
    for _ in range(3):
        stand.responder.session_ended(signed_in["sid"])
    assert len(heard(stand)) == 1


def test_the_end_of_a_person_is_one_word_to_each_application(stand: Stand) -> None:
    first, second = sign_in(stand), sign_in(stand)
    paired = [sign_in(stand, "keeper-paired"), sign_in(stand, "keeper-paired")]
    stand.end_person()
    words = heard(stand)
    assert [url for url, _ in words] == [HEARING, PAIRED, PAIRED]
    assert (words[0][1]["sub"], "sid" in words[0][1]) == (first["sub"], False)
    assert {claims["sid"] for _, claims in words[1:]} == {claims["sid"] for claims in paired}
    assert len({claims["jti"] for _, claims in words}) == 3
    assert second["sid"] != first["sid"]
    stand.end_person()
    assert heard(stand) == []


def test_the_end_of_an_organization_reaches_its_people_s_applications(stand: Stand) -> None:
    signed_in = sign_in(stand)
    stand.end_organization("helios-shipping")
    assert heard(stand) == []
    stand.end_organization("aegean-foods")
    assert [claims["sub"] for _, claims in heard(stand)] == [signed_in["sub"]]


def test_who_kept_a_refresh_token_over_a_sign_out_hears_of_the_person_s_end(stand: Stand) -> None:
    signed_in = sign_in(stand, scope="openid offline_access")
    stand.responder.session_ended(signed_in["sid"])
    (out,) = heard(stand)
    stand.end_person()
    (ended,) = heard(stand)
    assert ended[1]["sub"] == signed_in["sub"]
    assert ended[1]["jti"] != out[1]["jti"]


def test_a_later_end_of_the_same_person_is_another_word(stand: Stand) -> None:
    jtis = set()
    for _ in range(2):
        sign_in(stand)
        stand.end_person()
        jtis |= {claims["jti"] for _, claims in heard(stand)}
    assert len(jtis) == 2


@pytest.mark.parametrize("trouble", [HttpFailure("timeout"), HttpFailure("connect"), 500, 503, 429])
def test_what_may_pass_is_tried_again_with_the_same_jti(
    stand: Stand, logged: list[EventDict], trouble: int | HttpFailure
) -> None:
    stand.applications.answers = [trouble, trouble, 200]
    stand.responder.session_ended(sign_in(stand)["sid"])
    words = heard(stand)
    assert len(words) == 3
    assert len({claims["jti"] for _, claims in words}) == 1
    (event,) = (line for line in logged if line["event"] == "backchannel_logout")
    assert (event["outcome"], event["attempts"], event["client"]) == ("told", 3, "hearing")


@pytest.mark.parametrize(("answer", "attempts"), [(400, 1), (404, 1), (302, 1), (500, 3), (HttpFailure("address"), 3)])
def test_who_does_not_want_to_hear_is_left_alone_and_nothing_is_raised(
    stand: Stand, logged: list[EventDict], answer: int | HttpFailure, attempts: int
) -> None:
    stand.applications.answers = [answer]
    tokens = stand.offline("hearing")
    stand.end_person()
    assert len(heard(stand)) == attempts
    (event,) = (line for line in logged if line["event"] == "backchannel_logout")
    assert event["log_level"] == "warning"
    assert event["attempts"] == attempts
    assert stand.userinfo(tokens["access_token"]).status_code == 401
    assert account().id not in repr(logged)


@pytest.mark.parametrize("status", [200, 204])
def test_both_answers_of_a_contented_application_will_do(stand: Stand, logged: list[EventDict], status: int) -> None:
    stand.applications.answers = [status]
    stand.responder.session_ended(sign_in(stand)["sid"])
    assert len(heard(stand)) == 1
    assert logged[-1]["outcome"] == "told"


def test_an_application_that_is_gone_or_deaf_by_now_is_not_told(stand: Stand) -> None:
    sign_in(stand)
    stand.parties._parties["hearing"] = replace(stand.parties._parties["hearing"], backchannel_logout_uri=None)
    stand.end_person()
    sign_in(stand, "keeper-paired")
    stand.parties._parties.pop("keeper-paired")
    stand.end_person()
    assert heard(stand) == []


def fail(error: Exception) -> None:
    raise error


def another_worker(stand: Stand) -> BackChannel:
    """The back channel of another process over the same store."""
    tokens = LogoutTokens(ISSUER, stand.keys, stand.clock, stand.subjects)
    return BackChannel(stand.store, stand.parties, tokens, stand.applications, pauses=())


def test_what_one_worker_could_not_send_any_more_another_sends(stand: Stand) -> None:
    signed_in = sign_in(stand)
    stand.store.before["add_if_absent"] = partial(fail, StateUnavailable("down"))  # It noted the word, and no more.
    stand.responder.session_ended(signed_in["sid"])
    assert heard(stand) == []
    other = another_worker(stand)
    other.resume()
    other.finish()
    ((_, claims),) = heard(stand)
    assert claims["sid"] == signed_in["sid"]
    for worker in (other, stand.back_channel):
        worker.resume()
        worker.finish()
    assert heard(stand) == []


def test_what_is_announced_to_one_that_was_replaced_is_sent_and_leaves_no_thread(stand: Stand) -> None:
    stand.applications.answers = [200, 200]
    first, second = sign_in(stand), sign_in(stand)
    stand.responder.session_ended(first["sid"])
    stand.back_channel.retire()
    stand.responder.session_ended(second["sid"])  # By a request that began before.
    assert {claims["sid"] for _, claims in heard(stand)} == {first["sid"], second["sid"]}
    assert stand.back_channel._threads == []


def test_two_workers_at_once_send_a_word_once(stand: Stand) -> None:
    stand.applications.answers = [200]
    signed_in = sign_in(stand)
    other = another_worker(stand)

    def at_the_same_time() -> None:
        other.resume()
        other.finish()

    stand.store.before["add_if_absent"] = at_the_same_time
    stand.responder.session_ended(signed_in["sid"])
    assert len(heard(stand)) == 1


def test_an_ending_that_was_cut_short_is_repeated_in_full(stand: Stand) -> None:
    sign_in(stand)
    stand.store.before["put"] = partial(fail, StateUnavailable("killed here"))
    with pytest.raises(StateUnavailable):
        stand.end_person()
    stand.responder.person_ended(account().id)
    assert len(heard(stand)) == 1


def test_what_was_given_after_the_person_was_ended_stays_and_is_not_told_of(stand: Stand) -> None:
    before = stand.offline("hearing")
    stand.directory.people[account().id] = account(epoch=1)
    since, code = stand.offline("hearing"), stand.code(client_id="hearing")
    for _ in range(2):  # The ending is carried out late, and once more.
        stand.responder.person_ended(account().id)
        stand.responder.organization_ended("aegean-foods")
    assert len(heard(stand)) == 1
    assert stand.refresh(before["refresh_token"], "hearing").status_code == 400
    assert stand.userinfo(since["access_token"]).status_code == 200
    assert stand.refresh(since["refresh_token"], "hearing").status_code == 200
    assert stand.token(code, headers=basic("hearing")).status_code == 200


def test_whatever_a_deleted_account_had_ends(stand: Stand) -> None:
    tokens = stand.offline("hearing")
    stand.directory.people.clear()
    stand.responder.person_ended(account().id)
    assert len(heard(stand)) == 1
    keys = stand.store.members("access_token", f"account:{account().id}")
    assert {stand.store.get("access_token", key) for key in keys} <= {None}
    assert stand.refresh(tokens["refresh_token"], "hearing").status_code == 400
