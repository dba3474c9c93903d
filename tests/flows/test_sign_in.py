"""The main road, end to end over real sockets: what every participant gets, and what is left behind."""

from __future__ import annotations

from datetime import timedelta

from tests.support.world import ELENI, World, answered, has_session


def test_a_person_signs_in_and_the_application_gets_its_own_id_token(world: World) -> None:
    browser, tokens = world.signed_in()
    claims = tokens.claims
    assert claims["iss"] == world.broker_url
    assert claims["aud"] == "sample"
    assert claims["nonce"] == "n-1"
    assert claims["acr"] == "urn:pobuca:acr:directory"
    assert claims["exp"] - claims["iat"] == 900
    assert claims["auth_time"] <= claims["iat"]
    assert {"sub", "sid", "at_hash"} <= claims.keys()
    said = world.userinfo(tokens.access_token).json()
    assert said["sub"] == claims["sub"]
    assert said["name"] == "Eleni Markou"
    assert said["email"] == ELENI
    assert has_session(browser)
    assert world.accounts() == 1
    (event,) = world.events("signed_in")
    assert (event["org"], event["client"], event["created"]) == ("aegean-foods", "sample", True)


def test_the_second_application_is_answered_silently_from_the_session(world: World) -> None:
    browser, first = world.signed_in()
    world.clock.advance(timedelta(minutes=10))
    loopback = "http://127.0.0.1:4711/callback"
    answer = world.go(browser, world.authorize_url("phone", prompt="none", redirect_uri=loopback))
    tokens = answered(answer)
    assert tokens["iss"] == world.broker_url
    redeemed = world.redeem(tokens["code"], "phone", redirect_uri=loopback).json()
    second = world.verified(redeemed["id_token"])
    assert second["sub"] == first.claims["sub"]
    assert second["auth_time"] == first.claims["auth_time"]
    assert second["sid"] == first.claims["sid"]


def test_nobody_is_signed_in_silently_without_a_session(world: World) -> None:
    answer = answered(world.go(world.browser(), world.authorize_url(prompt="none")))
    assert (answer["error"], answer["state"], answer["iss"]) == ("login_required", "st-1", world.broker_url)
    assert answer.keys() == {"error", "error_description", "state", "iss"}


def test_the_account_is_never_changed_by_a_later_sign_in(world: World) -> None:
    world.signed_in()
    (before,) = world.around.directory.accounts("aegean-foods")
    world.control.patch(f"users/{ELENI}", {"jobTitle": "Chief of everything", "displayName": "E. M."})
    world.signed_in()
    (after,) = world.around.directory.accounts("aegean-foods")
    assert before == after


def test_signing_out_ends_the_session_and_what_applications_got_under_it(world: World) -> None:
    browser, tokens = world.signed_in()
    code = answered(world.go(browser, world.authorize_url(prompt="none")))["code"]
    page = browser.get(f"{world.broker_url}/", timeout=30).text
    token = page.split('name="token" value="')[1].split('"')[0]
    browser.post(f"{world.broker_url}/sign-out", data={"token": token}, timeout=30)
    assert world.userinfo(tokens.access_token).status_code == 401
    assert world.redeem(code).json()["error"] == "invalid_grant"
    assert answered(world.go(browser, world.authorize_url(prompt="none")))["error"] == "login_required"
