"""SS-04: sessions outlive the directory: a user is disabled in Entra, and nobody signs out.

A session ends when it was idle, when it is old, when the directory says no, and when nobody can be asked for too long.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from broker.demo.configuration import AEGEAN_FOODS
from tests.support.offline import KEEPING, hearing, introspected, offline, receiver, refresh
from tests.support.world import ELENI, Foundation, World, answered, world_on

CHECK = timedelta(minutes=5)


def silently(world: World, browser: requests.Session) -> dict[str, str]:
    return answered(world.go(browser, world.authorize_url(prompt="none")))


def test_ss_04_a_session_of_somebody_disabled_opens_nothing_at_the_next_check(world: World) -> None:
    browser, tokens = world.signed_in()
    world.control.patch(f"users/{ELENI}", {"accountEnabled": False})
    assert silently(world, browser).get("code"), "what was said at the sign-in is good for the time of the setting"
    world.clock.advance(CHECK)
    assert silently(world, browser)["error"] == "login_required"
    assert world.userinfo(tokens.access_token).status_code == 401
    world.control.patch(f"users/{ELENI}", {"accountEnabled": True})
    assert silently(world, browser)["error"] == "login_required", "ended is ended"


def test_ss_04_the_twin_whom_the_directory_still_knows_goes_on(world: World) -> None:
    browser, _ = world.signed_in()
    for _ in range(3):
        world.clock.advance(CHECK)
        assert silently(world, browser).get("code")
    world.clock.advance(timedelta(minutes=59))
    assert silently(world, browser).get("code")


def test_ss_04_a_session_ends_when_idle_and_when_old(world: World) -> None:
    browser, _ = world.signed_in()
    world.clock.advance(timedelta(minutes=60))
    assert silently(world, browser)["error"] == "login_required"
    browser, _ = world.signed_in()
    for _ in range(12):
        world.clock.advance(timedelta(minutes=59, seconds=59))
        assert silently(world, browser).get("code")
    world.clock.advance(timedelta(minutes=1))
    assert silently(world, browser)["error"] == "login_required"


def test_ss_04_a_session_about_which_nobody_can_be_asked_lasts_for_the_grace_and_no_longer(world: World) -> None:
    browser, _ = world.signed_in()
    world.control.post("faults", {"endpoint": "token", "status": 503, "count": 1000})
    for _ in range(2):
        world.clock.advance(timedelta(minutes=29))
        assert silently(world, browser).get("code")
    world.clock.advance(timedelta(minutes=2))
    assert silently(world, browser)["error"] == "login_required"
    world.control.delete("faults")
    world.clock.advance(timedelta(seconds=30))
    assert silently(world, browser).get("code"), "nothing was ended"


@pytest.fixture
def keeping(foundation: Foundation, tmp_path: Path) -> Iterator[World]:
    with world_on(foundation, tmp_path / "world", parties=KEEPING) as made:
        yield made


def test_ss_04_a_refresh_token_of_somebody_disabled_is_refused_and_everything_ends(keeping: World) -> None:
    browser = keeping.browser()
    kept = offline(keeping, browser)
    keeping.clock.advance(CHECK)
    following = refresh(keeping, kept["refresh_token"]).json()
    assert introspected(keeping, following["access_token"])["active"] is True
    keeping.control.patch(f"users/{ELENI}", {"accountEnabled": False})
    keeping.clock.advance(CHECK)
    answer = refresh(keeping, following["refresh_token"])
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert introspected(keeping, following["access_token"]) == {"active": False}
    assert silently(keeping, browser)["error"] == "login_required"
    keeping.control.patch(f"users/{ELENI}", {"accountEnabled": True})
    assert refresh(keeping, following["refresh_token"]).json()["error"] == "invalid_grant"


def test_ss_04_every_application_that_can_hear_is_told(foundation: Foundation, tmp_path: Path) -> None:
    with receiver() as application:
        parties = [hearing(application.url)]
        with world_on(foundation, tmp_path / "world", parties=parties, organizations=[AEGEAN_FOODS]) as world:
            kept = offline(world, client_id="hearing")
            world.control.patch(f"users/{ELENI}", {"accountEnabled": False})
            world.clock.advance(CHECK)
            assert refresh(world, kept["refresh_token"], "hearing").json()["error"] == "invalid_grant"
            (told,) = application.tokens(world)
            assert told["sub"] == world.verified(kept["id_token"])["sub"]


def test_ss_04_an_overload_of_the_directory_costs_nobody_their_refresh_token(keeping: World) -> None:
    kept = offline(keeping)
    keeping.control.post("faults", {"endpoint": "token", "status": 503, "count": 1000})
    keeping.clock.advance(timedelta(minutes=61))
    answer = refresh(keeping, kept["refresh_token"])
    assert answer.status_code == 503
    keeping.control.delete("faults")
    keeping.clock.advance(timedelta(seconds=30))
    assert refresh(keeping, kept["refresh_token"]).status_code == 200
