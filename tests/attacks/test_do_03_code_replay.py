"""DO-03, L2: a code that is presented more than once, one after the other or all at once."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.attacks.answers import ALWAYS_SECRET, next_code, require_token_error, token_refused
from tests.attacks.refusals import require_no_secret
from tests.support.world import Foundation, World, world_on

AT_ONCE = 50


def test_do_03_l2_a_second_presentation_is_refused_and_ends_what_the_first_one_got(world: World) -> None:
    code = world.code(world.browser())
    tokens = world.tokens(code)
    assert world.userinfo(tokens.access_token).status_code == 200
    again = world.redeem(code)
    assert again.status_code == 400
    require_token_error(again, "invalid_grant")
    refusals = world.events("oauth_rejected")
    assert [line["reason"] for line in refusals] == ["code_replay"]
    require_no_secret(world.log_text(), (code, tokens.access_token, tokens.id_token, *ALWAYS_SECRET))
    token_refused(
        world, lambda: world.userinfo(tokens.access_token), "invalid_token", "access_token", status=401,
        secrets=[tokens.access_token],
    )
    token_refused(world, lambda: world.redeem(code), "invalid_grant", "code_replay", secrets=[code])


def test_do_03_a_thief_with_the_right_code_and_the_wrong_client_burns_it_for_both(world: World) -> None:
    code = world.code(world.browser())
    token_refused(
        world, lambda: world.redeem(code, "phone", redirect_uri="https://app.pobuca.example/callback"),
        "invalid_grant", "code_binding", secrets=[code],
    )
    token_refused(world, lambda: world.redeem(code), "invalid_grant", "code_replay", secrets=[code])


def test_do_03_another_grant_of_the_same_person_stays_as_it_is(world: World) -> None:
    browser = world.browser()
    first = world.code(browser)
    second = world.tokens(next_code(world, browser))
    world.tokens(first)
    assert world.redeem(first).json()["error"] == "invalid_grant"
    assert world.userinfo(second.access_token).status_code == 200


@pytest.mark.parametrize("store", ["sqlite", "redis"])
def test_do_03_l2_of_fifty_presentations_at_once_one_wins_at_most_and_keeps_nothing(
    request: pytest.FixtureRequest, foundation: Foundation, tmp_path: Path, store: str
) -> None:
    state = (
        {"kind": "sqlite", "path": "../state.sqlite"}
        if store == "sqlite"
        else {"kind": "redis", "url": request.getfixturevalue("redis_url")}
    )
    directory = {"kind": "sqlite", "path": "../directory.sqlite"}
    settings = {"stores": {"state": state, "directory": directory}}
    with world_on(foundation, tmp_path / "world", settings=settings) as world:
        code = world.code(world.browser())
        with ThreadPoolExecutor(AT_ONCE) as threads:
            answers = list(threads.map(lambda _: world.redeem(code), range(AT_ONCE)))
        said = Counter(answer.status_code for answer in answers)
        assert said[200] <= 1
        assert said[200] + said[400] == AT_ONCE
        assert [line["reason"] for line in world.events("oauth_rejected")] == ["code_replay"] * said[400]
        _require_one_winner(world, answers)
        alone = world.tokens(world.code(world.browser()))
        assert world.userinfo(alone.access_token).status_code == 200


def _require_one_winner(world: World, answers: list[requests.Response]) -> None:
    for answer in answers:
        if answer.status_code == 200:
            assert world.userinfo(answer.json()["access_token"]).status_code == 401
        else:
            require_token_error(answer, "invalid_grant")
