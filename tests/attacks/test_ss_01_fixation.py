"""SS-01: a session that somebody else chose, or that outlives a change of person or strength."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import requests

from tests.attacks.answers import next_code
from tests.attacks.membership import grove
from tests.support.members import ANNA, code_by_password, member
from tests.support.world import ELENI, Foundation, World, answered

PETRA = "petra.lang@helios-shipping.example"
CHOSEN = "A" * 43


def _session(browser: requests.Session) -> str:
    return next(str(cookie.value) for cookie in browser.cookies if cookie.name == "__Host-session")


def _answers(world: World, handle: str) -> bool:
    """Whether somebody who holds this handle is signed in."""
    cookie = {"Cookie": f"__Host-session={handle}"}
    url = world.authorize_url(prompt="none")
    answer = world.browser().get(url, headers=cookie, allow_redirects=False, timeout=30)
    return "code" in answered(answer)


def test_ss_01_a_handle_that_an_attacker_chose_never_becomes_a_session(world: World) -> None:
    browser = world.browser()
    browser.cookies.set("__Host-session", CHOSEN, domain="localhost.local", path="/", secure=True)
    answer = world.come_back(browser)
    assert "code" in answered(answer)
    handles = {str(cookie.value) for cookie in browser.cookies if cookie.name == "__Host-session"}
    (mine,) = handles - {CHOSEN}
    assert _answers(world, mine)
    assert not _answers(world, CHOSEN)


def test_ss_01_an_attackers_own_session_does_not_become_the_victims(world: World) -> None:
    attacker, _ = world.signed_in(PETRA)
    planted = _session(attacker)
    victim = world.browser()
    victim.cookies.update(attacker.cookies)
    url = world.to_upstream(victim, email=ELENI, prompt="select_account")
    fresh = world.browser()
    answer = world.at_upstream(fresh, url, ELENI)
    answer.deliver(victim)
    assert not _answers(world, planted)
    assert _answers(world, _session(victim))
    assert "Petra" not in world.go(victim, "/").text


def test_ss_01_a_proof_made_anew_makes_a_new_handle_and_ends_the_old_one(world: World) -> None:
    browser, first = world.signed_in()
    old = _session(browser)
    world.clock.advance(timedelta(minutes=2))
    url = world.to_upstream(browser, prompt="login")
    second = world.tokens(answered(world.at_upstream(browser, url).deliver(browser))["code"])
    assert _session(browser) != old
    assert second.claims["sid"] != first.claims["sid"]
    assert not _answers(world, old)
    assert _answers(world, _session(browser))


def test_ss_01_a_handle_is_no_more_than_the_session_that_it_names(world: World) -> None:
    browser, tokens = world.signed_in()
    assert not _answers(world, str(tokens.claims["sid"]))  # The public name is not the handle.
    handle = _session(browser)
    for name in ("sid", "session", "__Host-session"):
        url = world.authorize_url(prompt="none", **{name: handle})
        answer = world.go(world.browser(), url)
        assert answered(answer)["error"] == "login_required"
    assert next_code(world, browser)


def test_ss_01_signing_out_ends_the_handle_for_good(world: World) -> None:
    browser, _ = world.signed_in()
    handle = _session(browser)
    token = world.go(browser, "/").text.partition('name="token" value="')[2].partition('"')[0]
    answer = browser.post(world.broker_url + "/sign-out", data={"token": token}, allow_redirects=False, timeout=30)
    assert answer.status_code == 303
    assert not _answers(world, handle)


def test_ss_01_a_password_sign_in_makes_a_new_handle_and_ends_the_old_one(
    foundation: Foundation, tmp_path: Path
) -> None:
    with grove(foundation, tmp_path / "grove") as made:
        member(made, ANNA)
        browser = made.browser()
        browser.cookies.set("__Host-session", CHOSEN, domain="localhost.local", path="/", secure=True)
        code_by_password(made, browser)
        first = {str(cookie.value) for cookie in browser.cookies if cookie.name == "__Host-session"} - {CHOSEN}
        assert not _answers(made, CHOSEN)
        assert all(_answers(made, handle) for handle in first)
        again = made.browser()
        again.cookies.set("__Host-session", next(iter(first)), domain="localhost.local", path="/", secure=True)
        made.clock.advance(timedelta(seconds=2))
        code_by_password(made, again, prompt="login")
        assert not any(_answers(made, handle) for handle in first)
