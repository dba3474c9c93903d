"""FE-06 and FE-08: sessions and cookies from before the switch."""

from __future__ import annotations

from urllib.parse import urlsplit

import requests

from tests.support.connecting import GALINI, NEFELI, Connecting, location
from tests.support.members import code_by_password, member
from tests.support.world import World, has_session

STAYS = "anna@olivegrove.example"


def is_in(world: World, browser: requests.Session) -> bool:
    """Whether the browser's session opens a page of ours, and answers an application."""
    page = world.go(browser, "/co-workers")
    silent = location(world.go(browser, world.authorize_url(prompt="none")))
    opened = page.status_code == 200
    assert opened == ("code=" in silent)
    assert opened or urlsplit(location(page)).path.startswith("/sign-in/")
    return opened


def test_fe_06_every_session_of_before_ends_with_the_switch_and_no_other(world: World) -> None:
    case = Connecting.begin(world).tested(GALINI)
    member(world, NEFELI, organization=case.name)
    browsers = [world.browser() for _ in range(3)]
    for browser in browsers:
        code_by_password(world, browser, NEFELI)
    of_another_organization, _ = world.signed_in()
    assert all(is_in(world, browser) for browser in (*browsers, of_another_organization, case.browser))
    case.switch_on()
    assert not any(is_in(world, browser) for browser in (*browsers, case.browser))
    assert is_in(world, of_another_organization)
    assert world.around.state.get("session", "x") is None
    for sid in world.around.state.members("session", f"organization:{case.name}"):
        assert world.around.state.get("session", sid) is None, "carried out, not merely void"


def test_fe_08_a_kept_cookie_opens_nothing_in_any_browser(world: World) -> None:
    """There is no remember-me cookie: the session's ends with the browser, and a copy of it is worth nothing."""
    case = Connecting.begin(world).tested(GALINI)
    member(world, NEFELI, organization=case.name)
    browser = world.browser()
    code_by_password(world, browser, NEFELI)
    (kept,) = [cookie for cookie in browser.cookies if cookie.name == "__Host-session"]
    assert kept.expires is None
    copy = world.browser()
    copy.cookies.set_cookie(kept)
    assert is_in(world, copy)
    case.switch_on()
    later = world.browser()
    later.cookies.set_cookie(kept)
    assert has_session(later)
    assert not is_in(world, later)
    names = {cookie.name.partition("login-")[0] for cookie in browser.cookies}
    assert names <= {"__Host-session", "__Host-"}
