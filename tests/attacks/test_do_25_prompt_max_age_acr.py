"""DO-25: prompt, max_age and acr_values that are passed over."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import partial
from urllib.parse import parse_qs, urlsplit

from tests.attacks.answers import next_code, party_refused
from tests.support.world import ELENI, World, answered


def test_do_25_prompt_none_never_shows_a_page(world: World) -> None:
    browser = world.browser()
    for changes in ({}, {"login_hint": ELENI}, {"max_age": "0"}, {"acr_values": "urn:x"}, {"ui_locales": "el"}):
        url = world.authorize_url(prompt="none", **changes)
        party_refused(world, partial(world.go, browser, url), "login_required", "prompt", browser=browser)
    browser, _ = world.signed_in()
    url = world.authorize_url(prompt="none", max_age="0")
    party_refused(world, partial(world.go, browser, url), "login_required", "prompt", browser=browser)
    url = world.authorize_url(prompt="none", login_hint="somebody.else@aegeanfoods.example")
    party_refused(world, partial(world.go, browser, url), "login_required", "prompt", browser=browser)
    assert "code" in answered(world.go(browser, world.authorize_url(prompt="none", login_hint=ELENI)))


def test_do_25_prompt_none_with_another_value_is_refused(world: World) -> None:
    browser, _ = world.signed_in()
    for prompt in ("none login", "login none", "none consent", "none none login", "none unknown"):
        url = world.authorize_url(prompt=prompt)
        party_refused(world, partial(world.go, browser, url), "invalid_request", "prompt", browser=browser)


def test_do_25_prompt_login_is_carried_upstream_and_proved_by_what_comes_back(world: World) -> None:
    browser, first = world.signed_in()
    world.clock.advance(timedelta(minutes=5))
    url = world.to_upstream(browser, prompt="login")
    assert "login" in parse_qs(urlsplit(url).query)["prompt"]
    second = world.tokens(answered(world.at_upstream(browser, url).deliver(browser))["code"])
    assert second.claims["auth_time"] - first.claims["auth_time"] >= 300
    assert second.claims["sid"] != first.claims["sid"]


def test_do_25_an_old_sign_in_is_no_answer_to_a_forced_one(world: World) -> None:
    browser, _ = world.signed_in()
    world.clock.advance(timedelta(minutes=5))
    world.control.post("token-mutations", {"count": 3, "shift": {"auth_time": -300}})
    url = world.to_upstream(browser, prompt="login")
    upstream = world.at_upstream(browser, url)
    party_refused(
        world,
        partial(upstream.deliver, browser),
        "unmet_authentication_requirements",
        "assurance",
        event="upstream_oidc_rejected",
        browser=browser,
    )


def test_do_25_max_age_counts_from_the_persons_own_proof(world: World) -> None:
    browser, first = world.signed_in()
    world.clock.advance(timedelta(seconds=100))
    assert "code" in answered(world.go(browser, world.authorize_url(prompt="none", max_age="100")))
    world.clock.advance(timedelta(seconds=1))
    url = world.authorize_url(prompt="none", max_age="100")
    party_refused(world, partial(world.go, browser, url), "login_required", "prompt", browser=browser)
    url = world.to_upstream(browser, max_age="100")
    answer = world.at_upstream(browser, url).deliver(browser)
    # The upstream answered from its own session, which was too old: it is asked again, by force.
    again = answer.headers["Location"]
    assert parse_qs(urlsplit(again).query)["prompt"] == ["login"]
    claims = world.tokens(answered(world.at_upstream(browser, again).deliver(browser))["code"]).claims
    assert claims["auth_time"] > first.claims["auth_time"]


def test_do_25_a_max_age_that_is_no_number_of_seconds_is_refused(world: World) -> None:
    browser, _ = world.signed_in()
    for text in ("-1", "1.5", "1e3", "٣", "0x10", " 1", "1 ", "9" * 30, "one", "NaN", "\x00"):
        url = world.authorize_url(prompt="none", max_age=text)
        party_refused(world, partial(world.go, browser, url), "invalid_request", "params", browser=browser)


def test_do_25_an_essential_context_class_that_nobody_can_give_is_refused_at_once(world: World) -> None:
    browser, _ = world.signed_in()
    claims = json.dumps({"id_token": {"acr": {"essential": True, "values": ["urn:example:gold", "phr"]}}})
    for prompt in (None, "none", "login"):
        url = world.authorize_url(claims=claims, prompt=prompt)
        attack = partial(world.go, browser, url)
        party_refused(world, attack, "unmet_authentication_requirements", "assurance", browser=browser)
    can = json.dumps({"id_token": {"acr": {"essential": True, "value": "urn:pobuca:acr:directory"}}})
    assert "code" in answered(world.go(browser, world.authorize_url(claims=can, prompt="none")))


def test_do_25_a_wish_for_a_context_class_never_makes_one_up(world: World) -> None:
    browser, _ = world.signed_in()
    for wish in ("urn:example:gold", "phr phrh", "urn:pobuca:acr:directory urn:example:gold"):
        tokens = world.tokens(next_code(world, browser, acr_values=wish))
        assert tokens.claims["acr"] == "urn:pobuca:acr:directory"
