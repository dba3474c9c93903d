"""UO-13: the state is forged, replayed, expired, or finished in another browser."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import requests

from tests.attacks.refusals import refused
from tests.attacks.upstream import CALLBACK, MALLORY, Attempt, let_in
from tests.support.world import ELENI, World, has_session


def refuse_state(
    attempt: Attempt, page: str = "start_again", *, browser: requests.Session | None = None, **fields: str
) -> None:
    browser = browser or attempt.browser
    refused(
        attempt.world,
        lambda: attempt.deliver(browser, **fields),
        browser=browser,
        status=400,
        page=page,
        reason="state",
        secrets=attempt.secrets,
    )


def token_requests(world: World) -> int:
    return len([one for one in world.control.get("requests")["requests"] if one["path"].endswith("/token")])


def test_uo_13_a_forged_state_is_refused_and_does_not_hurt_the_right_one(world: World) -> None:
    attempt = Attempt.begin(world)
    code = attempt.at_upstream().fields["code"]
    right = attempt.state
    for state in (
        right.swapcase(),
        f"{right} ",
        f"{right}\x00",
        f"{right}%00",
        right[:-1],
        f"{right}=",
        hashlib.sha256(right.encode()).hexdigest(),
        "' OR 1=1 --",
        "*",
        "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
        "x" * 8000,
    ):
        refuse_state(attempt, state=state)
    refuse_state(attempt, "bad_request", state="")
    assert token_requests(world) == 0
    assert let_in(attempt.deliver(code=code))


def test_uo_13_a_state_that_comes_twice_or_is_huge_is_refused_before_it_is_looked_at(world: World) -> None:
    attempt = Attempt.begin(world)
    code = attempt.at_upstream().fields["code"]
    for body, reason in (
        ([("state", attempt.state), ("state", "x"), ("code", code)], "params"),
        ([("state", attempt.state), ("code", code), ("code", "x")], "params"),
        ([("state", "x" * 9000), ("code", code)], "size"),
    ):
        refused(
            world,
            partial(attempt.browser.post, world.broker_url + CALLBACK, data=body, allow_redirects=False, timeout=30),
            browser=attempt.browser,
            status=400,
            page="bad_request",
            reason=reason,
            secrets=attempt.secrets | {code},
        )
    assert let_in(attempt.deliver(code=code))


def test_uo_13_login_csrf_the_attackers_answer_signs_the_victims_browser_in_nowhere(world: World) -> None:
    """The attacker signs in at Microsoft and lets the victim's browser deliver the answer."""
    attack = Attempt.begin(world, None)
    code = attack.at_upstream(MALLORY).fields["code"]
    victim = Attempt.begin(world)
    refuse_state(attack, browser=victim.browser, code=code)
    refuse_state(attack, code=code)  # It was consumed: worth nothing any more in the attacker's own browser.
    assert token_requests(world) == 0
    assert let_in(victim.deliver(code=victim.at_upstream().fields["code"]))


def test_uo_13_a_browser_without_the_login_cookie_or_with_another_ones_is_refused(world: World) -> None:
    for spoil in ("none", "value", "twice", "other"):
        attempt = Attempt.begin(world)
        other = Attempt.begin(world)
        code = attempt.at_upstream().fields["code"]
        (cookie,) = [one for one in attempt.browser.cookies if one.name.startswith("__Host-login-")]
        (foreign,) = [one for one in other.browser.cookies if one.name.startswith("__Host-login-")]
        header = {
            "none": "a=b",
            "value": f"{cookie.name}={foreign.value}",
            "twice": f"{cookie.name}={cookie.value}; {cookie.name}={foreign.value}",
            "other": f"{foreign.name}={cookie.value}",
        }[spoil]
        browser = world.browser()
        browser.headers["Cookie"] = header
        refuse_state(attempt, browser=browser, code=code)
        assert not has_session(browser)


def test_uo_13_a_replayed_answer_is_refused(world: World) -> None:
    attempt = Attempt.begin(world)
    answer = attempt.at_upstream()
    assert let_in(answer.deliver(attempt.browser))
    refuse_state(attempt, code=answer.fields["code"])
    assert token_requests(world) == 1
    assert world.accounts() == 1


def test_uo_13_of_one_answer_delivered_twenty_times_at_once_one_is_taken(world: World) -> None:
    attempt = Attempt.begin(world)
    answer = attempt.at_upstream()
    cookies = "; ".join(f"{one.name}={one.value}" for one in attempt.browser.cookies if one.name.startswith("__Host-"))

    def deliver(_: int) -> int:
        browser = world.browser()
        browser.headers["Cookie"] = cookies
        return answer.deliver(browser).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(deliver, range(20)))
    assert statuses == [303] + [400] * 19
    assert token_requests(world) == 1
    assert world.accounts() == 1
    assert len(world.events("upstream_oidc_rejected")) == 19


def test_uo_13_after_ten_minutes_it_is_over(world: World) -> None:
    for seconds, lives in ((599, True), (600, False)):
        attempt = Attempt.begin(world)
        code = attempt.at_upstream().fields["code"]
        world.clock.advance(timedelta(seconds=seconds))
        if lives:
            assert let_in(attempt.deliver(code=code))
        else:
            refuse_state(attempt, code=code)


def test_uo_13_the_person_can_start_again_from_the_page(world: World) -> None:
    attempt = Attempt.begin(world)
    answer = attempt.at_upstream()
    world.control.post("token-mutations", {"preset": "wrong_nonce"})
    assert answer.deliver(attempt.browser).status_code == 400
    assert let_in(world.come_back(attempt.browser, ELENI))
