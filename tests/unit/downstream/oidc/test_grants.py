"""Codes and tokens in the store: one winner, whatever happens at once (threats DO-03, L2)."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

from werkzeug.test import TestResponse

from broker.clock import ManualClock
from broker.store.directory import StoredKey
from tests.support.people import NOW
from tests.unit.downstream.oidc.stand import ISSUER, REDIRECT, VERIFIER, Stand, basic


def test_of_fifty_presentations_at_once_at_most_one_is_answered(
    tmp_path: Path, signing_keys: Sequence[StoredKey]
) -> None:
    stand = Stand(tmp_path, signing_keys)
    code = stand.code()
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
    }

    def present(_: int) -> TestResponse:
        return stand.app.test_client().post("/token", data=fields, headers=basic(), base_url=ISSUER)

    with ThreadPoolExecutor(10) as threads:
        responses = list(threads.map(present, range(50)))
    winners = [response for response in responses if response.status_code == 200]
    losers = [response for response in responses if response.status_code != 200]
    assert len(winners) <= 1
    assert {response.get_json()["error"] for response in losers} == {"invalid_grant"}
    for winner in winners:
        assert stand.userinfo(winner.get_json()["access_token"]).status_code == 401


def test_one_presentation_alone_is_answered(stand: Stand) -> None:
    assert stand.token(stand.code()).status_code == 200


def test_the_records_carry_the_organization_and_no_secret(stand: Stand) -> None:
    code = stand.code()
    sid = next(iter(stand.store.members("session", "organization:aegean-foods")))
    (key,) = stand.store.members("code", f"session:{sid}")
    record = stand.store.get("code", key)
    assert record is not None
    assert b'"organization":"aegean-foods"' in record
    assert code.encode() not in record
    assert VERIFIER.encode() not in record


def test_a_store_whose_clock_is_behind_makes_nothing_live_longer(
    tmp_path: Path, signing_keys: Sequence[StoredKey]
) -> None:
    """Threats SS-11: the record says itself until when it is good."""
    stand = Stand(tmp_path, signing_keys, store_clock=ManualClock(NOW))
    code, token = stand.code(), stand.tokens()["access_token"]
    stand.clock.advance(timedelta(seconds=60))
    assert stand.token(code).get_json()["error"] == "invalid_grant"
    assert stand.userinfo(token).status_code == 200
    stand.clock.advance(timedelta(seconds=840))
    assert stand.userinfo(token).status_code == 401
