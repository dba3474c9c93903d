"""``prompt``, ``max_age``, ``acr_values`` and hints, through the whole broker (OpenID Connect Core 3.1.2.1; DO-25,
UO-20).
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.support.world import Foundation, World, answered, world_on

NIKOS = "nikos.petrou@aegeanfoods.example"


def upstream_query(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def test_prompt_login_asks_again_and_proves_it(world: World) -> None:
    browser, first = world.signed_in()
    world.clock.advance(timedelta(minutes=5))
    answer = world.go(browser, world.authorize_url(prompt="login"))
    asked = upstream_query(answer.headers["Location"])
    assert asked["prompt"] == "login"
    assert asked["login_hint"], "the person need not be asked who they are"
    back = world.at_upstream(browser, answer.headers["Location"]).deliver(browser)
    second = world.tokens(answered(back)["code"])
    assert second.claims["auth_time"] == first.claims["auth_time"] + 300
    assert second.claims["sid"] != first.claims["sid"]


def test_a_forced_sign_in_that_was_not_forced_upstream_is_refused(world: World) -> None:
    browser, _ = world.signed_in()
    world.clock.advance(timedelta(minutes=5))
    answer = world.go(browser, world.authorize_url(prompt="login"))
    stripped = answer.headers["Location"].replace("&prompt=login", "").replace("prompt=login&", "")
    assert stripped != answer.headers["Location"]
    back = world.at_upstream(browser, stripped).deliver(browser)
    assert answered(back)["error"] == "unmet_authentication_requirements"


def test_without_auth_time_nothing_is_proved(world: World) -> None:
    world.control.post("token-mutations", {"drop": ["auth_time"], "count": 5})
    answer = world.come_back(world.browser(), prompt="login")
    assert answered(answer)["error"] == "unmet_authentication_requirements"
    assert world.accounts() == 0


def test_max_age_is_answered_from_a_young_session_with_the_same_auth_time(world: World) -> None:
    browser, first = world.signed_in()
    world.clock.advance(timedelta(minutes=5))
    answer = world.go(browser, world.authorize_url(max_age="10000"))
    assert world.tokens(answered(answer)["code"]).claims["auth_time"] == first.claims["auth_time"]


def test_max_age_sends_an_old_session_to_sign_in_again_even_if_the_upstream_would_not(world: World) -> None:
    browser, first = world.signed_in()
    world.clock.advance(timedelta(minutes=5))
    answer = world.go(browser, world.authorize_url(max_age="60"))
    back = world.at_upstream(browser, answer.headers["Location"]).deliver(browser)
    location = back.headers["Location"]
    if location.startswith(world.simulator_url):  # It answered from its own session; now it is asked by force.
        assert upstream_query(location)["prompt"] == "login"
        back = world.at_upstream(browser, location).deliver(browser)
    assert world.tokens(answered(back)["code"]).claims["auth_time"] == first.claims["auth_time"] + 300


def test_prompt_none_is_refused_to_a_session_that_is_too_old(world: World) -> None:
    browser, _ = world.signed_in()
    world.clock.advance(timedelta(minutes=5))
    assert answered(world.go(browser, world.authorize_url(prompt="none", max_age="60")))["error"] == "login_required"


def test_select_account_lets_another_person_sign_in(world: World) -> None:
    browser, first = world.signed_in()
    url = world.to_upstream(browser, email=None, prompt="select_account")
    assert upstream_query(url)["prompt"] == "select_account"
    back = world.at_upstream(browser, url, NIKOS).deliver(browser)
    second = world.tokens(answered(back)["code"])
    assert second.claims["sub"] != first.claims["sub"]


def test_a_login_hint_of_somebody_else_is_not_answered_from_the_session(world: World) -> None:
    browser, _ = world.signed_in()
    answer = world.go(browser, world.authorize_url(login_hint=NIKOS))
    assert answer.headers["Location"].startswith(world.simulator_url)
    silent = world.go(browser, world.authorize_url(login_hint=NIKOS, prompt="none"))
    assert answered(silent)["error"] == "login_required"


def test_an_id_token_hint_is_answered_for_that_person_only(world: World) -> None:
    browser, mine = world.signed_in()
    _, theirs = world.signed_in(NIKOS)
    good = answered(world.go(browser, world.authorize_url(prompt="none", id_token_hint=mine.id_token)))
    assert "code" in good
    other = answered(world.go(browser, world.authorize_url(prompt="none", id_token_hint=theirs.id_token)))
    assert other["error"] == "login_required"


def test_an_unknown_acr_is_a_wish_and_an_essential_one_a_demand(world: World) -> None:
    _, tokens = world.signed_in(acr_values="urn:nobody:knows")
    assert tokens.claims["acr"] == "urn:pobuca:acr:directory"
    essential = '{"id_token":{"acr":{"essential":true,"values":["urn:nobody:knows"]}}}'
    answer = answered(world.go(world.browser(), world.authorize_url(claims=essential)))
    assert answer["error"] == "unmet_authentication_requirements"


def test_a_stronger_context_is_asked_upstream_and_stated_only_if_received(
    foundation: Foundation, tmp_path: Path
) -> None:
    entra = {"authentication_contexts": {"urn:pobuca:acr:mfa": "c1"}}
    with world_on(foundation, tmp_path / "world", entra=entra) as world:
        url = world.to_upstream(world.browser(), acr_values="urn:pobuca:acr:mfa")
        assert "c1" in upstream_query(url)["claims"]
        world.control.post("token-mutations", {"claims": {"acrs": ["c1"]}})
        _, tokens = world.signed_in(acr_values="urn:pobuca:acr:mfa")
        assert tokens.claims["acr"] == "urn:pobuca:acr:mfa"
        world.control.post("token-mutations", {"drop": ["acrs"]})
        answer = world.come_back(world.browser(), acr_values="urn:pobuca:acr:mfa")
        assert answered(answer)["error"] == "unmet_authentication_requirements"
