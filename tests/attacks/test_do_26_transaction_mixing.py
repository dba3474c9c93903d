"""DO-26: logins that are begun for one client or in one browser and finished for or in another."""

from __future__ import annotations

from functools import partial

import requests

from tests.attacks.answers import page_refused
from tests.support.world import ELENI, World, answered, has_session

PETRA = "petra.lang@helios-shipping.example"
UPSTREAM = "upstream_oidc_rejected"


def _state(url: str) -> str:
    return url.partition("&state=")[2].partition("&")[0]


def _choice(world: World, browser: requests.Session, **request: str | None) -> str:
    location = world.go(browser, world.authorize_url(**request)).headers["Location"]
    assert location.startswith("/sign-in/")
    return location


def _post(world: World, browser: requests.Session, path: str, form: dict[str, str]) -> requests.Response:
    """A form as a browser posts it, an empty one too."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return browser.post(world.broker_url + path, data=form, headers=headers, allow_redirects=False, timeout=30)


def test_do_26_two_tabs_finish_each_for_its_own_client(world: World) -> None:
    browser = world.browser()
    one = world.to_upstream(browser)
    two = world.to_upstream(browser, client_id="phone", state="st-2", nonce="n-2")
    second = world.at_upstream(browser, two).deliver(browser)
    first = world.at_upstream(browser, one).deliver(browser)
    assert first.headers["Location"].startswith("https://app.pobuca.example/callback?")
    assert second.headers["Location"].startswith("http://127.0.0.1/callback?")
    assert (answered(first)["state"], answered(second)["state"]) == ("st-1", "st-2")
    assert world.tokens(answered(first)["code"]).claims["nonce"] == "n-1"
    assert world.tokens(answered(second)["code"], "phone").claims["nonce"] == "n-2"


def test_do_26_an_answer_delivered_in_another_browser_signs_nobody_in(world: World) -> None:
    attacker, victim = world.browser(), world.browser()
    answer = world.at_upstream(attacker, world.to_upstream(attacker))
    world.to_upstream(victim)  # The victim has a login of their own under way.
    attack, code = partial(answer.deliver, victim), answer.fields["code"]
    page_refused(world, attack, "state", page="start_again", event=UPSTREAM, browser=victim, secrets=[code])
    # And it is spent: nobody can use it in the right browser either.
    attack = partial(answer.deliver, attacker)
    page_refused(world, attack, "state", page="start_again", event=UPSTREAM, browser=attacker)
    assert "code" in answered(world.come_back(world.browser()))


def test_do_26_the_sign_in_page_of_another_browser_is_nobodys(world: World) -> None:
    browser, thief = world.browser(), world.browser()
    choice = _choice(world, browser)
    _choice(world, thief)
    for form in (None, {"action": "email", "email": ELENI}, {"action": "microsoft"}, {"action": "cancel"}, {}):
        attack = (
            partial(world.go, thief, choice)
            if form is None
            else partial(_post, world, thief, choice, form)
        )
        page_refused(world, attack, "state", page="start_again", event="web_rejected", browser=thief)
    assert world.go(browser, choice).status_code == 200


def test_do_26_parts_of_two_logins_do_not_make_one(world: World) -> None:
    browser = world.browser()
    one = world.at_upstream(browser, world.to_upstream(browser))
    two = world.at_upstream(browser, world.to_upstream(browser, prompt="select_account", email=PETRA), PETRA)
    crossed = {**one.fields, "state": two.fields["state"]}
    answer = browser.post(one.url, data=crossed, allow_redirects=False, timeout=30)
    assert answer.status_code == 400
    assert not has_session(browser)
    assert world.accounts("aegean-foods") + world.accounts("helios-shipping") == 0
    assert "code" not in answer.headers.get("Location", "")


def test_do_26_an_unfinished_login_is_no_session(world: World) -> None:
    browser = world.browser()
    url = world.to_upstream(browser)
    handle = _choice(world, world.browser()).removeprefix("/sign-in/")
    login = next(str(cookie.value) for cookie in browser.cookies if cookie.name.startswith("__Host-login-"))
    for value in (login, _state(url), handle):
        cookie = {"Cookie": f"__Host-session={value}"}
        answer = world.browser().get(
            world.authorize_url(prompt="none"), headers=cookie, allow_redirects=False, timeout=30
        )
        assert answered(answer)["error"] == "login_required"
        assert 'id="sign-in"' in world.browser().get(world.broker_url + "/", headers=cookie, timeout=30).text


def test_do_26_handles_of_one_step_are_worth_nothing_at_another(world: World) -> None:
    browser = world.browser()
    choice = _choice(world, browser)
    handle, state = choice.removeprefix("/sign-in/"), _state(world.to_upstream(browser))
    for path in (f"/upstream/entra/callback?state={handle}&code=x", "/upstream/entra/callback?state=x&code=x"):
        attack = partial(world.go, browser, path)
        page_refused(world, attack, "state", page="start_again", event=UPSTREAM, browser=browser, secrets=[handle])
    attack = partial(world.go, browser, f"/sign-in/{state}")
    page_refused(world, attack, "state", page="start_again", event="web_rejected", browser=browser, secrets=[state])


def test_do_26_an_empty_post_skips_no_step(world: World) -> None:
    browser = world.browser()
    choice = _choice(world, browser)
    for form in ({}, {"action": ""}, {"action": "finish"}, {"email": ELENI}, {"code": "x", "account": "y"}):
        answer = _post(world, browser, choice, form)
        assert answer.status_code in (303, 400)
        if answer.status_code == 303:
            assert answer.headers["Location"].startswith(world.simulator_url)
        assert not has_session(browser)
    attack = partial(browser.post, world.broker_url + "/upstream/entra/callback", allow_redirects=False, timeout=30)
    page_refused(world, attack, "params", event=UPSTREAM, browser=browser)
    attack = partial(attack, data={"state": ""})
    page_refused(world, attack, "state", event=UPSTREAM, browser=browser)


def test_do_26_the_answer_goes_where_the_login_began_and_not_where_the_browser_says(world: World) -> None:
    browser = world.browser()
    answer = world.at_upstream(browser, world.to_upstream(browser))
    more = {"redirect_uri": "https://evil.example/", "client_id": "other", "response_mode": "form_post", "scope": "x"}
    delivered = browser.post(answer.url, data={**answer.fields, **more}, allow_redirects=False, timeout=30)
    assert delivered.headers["Location"].startswith("https://app.pobuca.example/callback?")
    assert world.tokens(answered(delivered)["code"]).claims["aud"] == "sample"
