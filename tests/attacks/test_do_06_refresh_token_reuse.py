"""DO-06, L1: a refresh token that was stolen, is used after it was rotated, or is used by many at once."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from tests.attacks.answers import ALWAYS_SECRET, token_refused
from tests.attacks.refusals import require_no_secret
from tests.support.offline import KEEPING, introspected, offline, refresh
from tests.support.world import Foundation, World, world_on

AT_ONCE = 30


def test_do_06_every_use_gives_another_token_and_spends_the_one_before(keeping: World) -> None:
    token = offline(keeping)["refresh_token"]
    seen = {token}
    for _ in range(4):
        answer = refresh(keeping, token)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"
        token = answer.json()["refresh_token"]
        assert keeping.userinfo(answer.json()["access_token"]).status_code == 200
        seen.add(token)
    assert len(seen) == 5
    require_no_secret(keeping.log_text(), (*seen, *ALWAYS_SECRET))


@pytest.mark.parametrize("thief_first", [True, False])
def test_do_06_of_thief_and_victim_the_second_ends_it_for_both(keeping: World, thief_first: bool) -> None:
    stolen = offline(keeping)["refresh_token"]
    first = refresh(keeping, stolen).json()
    keeping.clock.advance(timedelta(minutes=1))
    if not thief_first:  # The victim has gone on meanwhile.
        first = refresh(keeping, first["refresh_token"]).json()
    token_refused(
        keeping, partial(refresh, keeping, stolen), "invalid_grant", "refresh_reuse", secrets=[stolen, stolen[43:]]
    )
    token_refused(keeping, partial(refresh, keeping, first["refresh_token"]), "invalid_grant", "refresh_token")
    assert keeping.userinfo(first["access_token"]).status_code == 401
    assert introspected(keeping, first["refresh_token"]) == {"active": False}


def test_do_06_a_lost_answer_is_given_again_for_ten_seconds_and_not_to_others(keeping: World) -> None:
    token = offline(keeping)["refresh_token"]
    following = refresh(keeping, token).json()["refresh_token"]
    keeping.clock.advance(timedelta(seconds=9))
    assert refresh(keeping, token).json()["refresh_token"] == following
    token_refused(keeping, partial(refresh, keeping, token, "keeper-too"), "invalid_grant", "refresh_binding")
    token_refused(keeping, partial(refresh, keeping, following), "invalid_grant", "refresh_token")


def test_do_06_after_ten_seconds_a_retry_is_a_reuse(keeping: World) -> None:
    token = offline(keeping)["refresh_token"]
    following = refresh(keeping, token).json()["refresh_token"]
    keeping.clock.advance(timedelta(seconds=10))
    token_refused(keeping, partial(refresh, keeping, token), "invalid_grant", "refresh_reuse", secrets=[token])
    token_refused(keeping, partial(refresh, keeping, following), "invalid_grant", "refresh_token")


def test_do_06_another_grant_of_the_same_person_stays_as_it_is(keeping: World) -> None:
    stolen, other = offline(keeping)["refresh_token"], offline(keeping)["refresh_token"]
    refresh(keeping, refresh(keeping, stolen).json()["refresh_token"])
    token_refused(keeping, partial(refresh, keeping, stolen), "invalid_grant", "refresh_reuse")
    assert refresh(keeping, other).status_code == 200


@pytest.mark.parametrize("store", ["sqlite", "redis"])
def test_do_06_however_many_refresh_at_once_there_is_one_next_token(
    request: pytest.FixtureRequest, foundation: Foundation, tmp_path: Path, store: str
) -> None:
    state = (
        {"kind": "sqlite", "path": "../state.sqlite"}
        if store == "sqlite"
        else {"kind": "redis", "url": request.getfixturevalue("redis_url")}
    )
    settings = {"stores": {"state": state, "directory": {"kind": "sqlite", "path": "../directory.sqlite"}}}
    with world_on(foundation, tmp_path / "world", settings=settings, parties=KEEPING) as world:
        token = offline(world)["refresh_token"]
        with ThreadPoolExecutor(AT_ONCE) as threads:
            answers = list(threads.map(lambda _: refresh(world, token), range(AT_ONCE)))
        assert Counter(answer.status_code for answer in answers) == {200: AT_ONCE}
        (following,) = {answer.json()["refresh_token"] for answer in answers}
        world.clock.advance(timedelta(seconds=10))
        with ThreadPoolExecutor(AT_ONCE) as threads:
            answers = list(threads.map(lambda _: refresh(world, token), range(AT_ONCE)))
        assert {answer.status_code for answer in answers} == {400}
        assert refresh(world, following).status_code == 400


def test_do_06_a_family_has_an_absolute_life(keeping: World) -> None:
    token = offline(keeping)["refresh_token"]
    lived = timedelta(0)
    while lived < timedelta(days=30):
        token = refresh(keeping, token).json()["refresh_token"]
        keeping.clock.advance(timedelta(days=5))
        lived += timedelta(days=5)
    token_refused(keeping, partial(refresh, keeping, token), "invalid_grant", "refresh_token", secrets=[token])


def test_do_06_a_family_that_is_not_used_ends(keeping: World) -> None:
    token = offline(keeping)["refresh_token"]
    keeping.clock.advance(timedelta(days=14))
    token_refused(keeping, partial(refresh, keeping, token), "invalid_grant", "refresh_token", secrets=[token])
