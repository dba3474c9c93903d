"""FE-17: sign-ins that are under way while the switch is turned."""

from __future__ import annotations

import threading

import requests

from tests.support.connecting import GALINI, NEFELI, Connecting, location
from tests.support.members import PASSWORD, member, prove, to_password_page
from tests.support.world import World, has_session

WORKERS = 4


def test_fe_17_nothing_that_is_let_in_around_the_switch_is_in_afterwards(world: World) -> None:
    case = Connecting.begin(world).tested(GALINI)
    member(world, NEFELI, organization=case.name)
    browsers: list[requests.Session] = []
    wrong: list[str] = []
    switched, stop = threading.Event(), threading.Event()

    def keep_signing_in() -> None:
        while not stop.is_set():
            browser = world.browser()
            page = to_password_page(world, browser, NEFELI) if not switched.is_set() else None
            if page is None or "/sign-in/password" not in page.url:
                return
            late = switched.is_set()
            answer = prove(world, browser, page, NEFELI, PASSWORD)
            browsers.append(browser)
            if late and has_session(browser):
                wrong.append(f"let in after the switch: {answer.status_code}")

    threads = [threading.Thread(target=keep_signing_in) for _ in range(WORKERS)]
    open_pages = [world.browser() for _ in range(3)]
    pages = [to_password_page(world, browser, NEFELI) for browser in open_pages]
    for thread in threads:
        thread.start()
    while len(browsers) < WORKERS:
        threads[0].join(0.01)
    assert location(case.switch_on()).endswith("/switched-on")
    switched.set()
    after = [prove(world, browser, page, NEFELI, PASSWORD) for browser, page in zip(open_pages, pages, strict=True)]
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    # Too many attempts of one person are slowed down, whatever the password; nobody is let in by that.
    assert {answer.status_code for answer in after} <= {403, 429}
    assert any(has_session(browser) for browser in browsers), "some were let in before"
    for browser in (*browsers, *open_pages):
        silent = location(world.go(browser, world.authorize_url(prompt="none")))
        assert "error=login_required" in silent
        assert world.go(browser, "/co-workers").status_code == 303
    assert world.around.records.credentials.holdings(case.name).passwords == 0
