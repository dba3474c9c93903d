"""An application hears over TLS, from server to server, that somebody is out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from broker.clock import epoch_seconds
from broker.demo.configuration import AEGEAN_FOODS
from tests.attacks.refusals import require_no_secret
from tests.support.members import ANNA, OLIVE_GROVE, PASSWORD, code_by_password, member, submit
from tests.support.offline import KEEPING, Receiver, hearing, offline, receiver, refresh
from tests.support.world import ELENI, Foundation, World, answered, world_on

NEW = "seven slow tortoises swim"
EVENT = "http://schemas.openid.net/event/backchannel-logout"


@pytest.fixture
def application() -> Iterator[Receiver]:
    with receiver() as made:
        yield made


@pytest.fixture
def world(foundation: Foundation, tmp_path: Path, application: Receiver) -> Iterator[World]:
    parties = (
        *KEEPING,
        hearing(application.url),
        hearing(application.url, client_id="paired", subject_type="pairwise", backchannel_logout_session_required=True),
    )
    with world_on(foundation, tmp_path / "world", parties=parties) as made:
        yield made


def sign_out(world: World, browser: requests.Session) -> None:
    home = browser.get(f"{world.broker_url}/", timeout=30).text
    token = home.partition('name="token" value="')[2].partition('"')[0]
    answer = browser.post(f"{world.broker_url}/sign-out", data={"token": token}, allow_redirects=False, timeout=30)
    assert answer.status_code == 303


def test_signing_out_is_heard_with_the_session_by_everybody_who_took_part(
    world: World, application: Receiver
) -> None:
    browser = world.browser()
    mine = offline(world, browser, "hearing")
    code = answered(world.go(browser, world.authorize_url("paired", prompt="none", scope="openid")))["code"]
    paired = world.redeem(code, "paired").json()
    sign_out(world, browser)
    heard = {str(claims["aud"]): claims for claims in application.tokens(world)}
    now = epoch_seconds(world.clock.now())
    for name, tokens in (("hearing", mine), ("paired", paired)):
        signed_in = world.verified(tokens["id_token"])
        assert heard[name] == {
            "iss": world.broker_url,
            "aud": name,
            "sub": signed_in["sub"],
            "sid": signed_in["sid"],
            "iat": now,
            "exp": now + 120,
            "jti": heard[name]["jti"],
            "events": {EVENT: {}},
        }
    assert {form[""] for form in application.heard} == {json.dumps(["POST", "application/x-www-form-urlencoded"])}
    assert all(form.keys() == {"logout_token", ""} for form in application.heard)
    told = world.events("backchannel_logout")
    assert {(line["client"], line["outcome"]) for line in told} == {("hearing", "told"), ("paired", "told")}
    require_no_secret(world.log_text(), [form["logout_token"] for form in application.heard])
    assert world.userinfo(mine["access_token"]).status_code == 401
    assert refresh(world, mine["refresh_token"], "hearing").status_code == 200, "asked for the time after"


def test_the_end_of_a_person_is_heard_and_leaves_nothing(world: World, application: Receiver) -> None:
    mine = offline(world, client_id="hearing")
    other = offline(world, client_id="hearing", person="nikos.petrou@aegeanfoods.example")
    account = next(one for one in world.around.directory.accounts("aegean-foods") if one.email == ELENI)
    world.side.endings.end_account(account.id, "test", world.clock.now())
    (claims,) = application.tokens(world)
    assert claims["sub"] == account.id
    assert "sid" not in claims
    assert refresh(world, mine["refresh_token"], "hearing").json()["error"] == "invalid_grant"
    assert world.userinfo(mine["access_token"]).status_code == 401
    assert refresh(world, other["refresh_token"], "hearing").status_code == 200


@pytest.mark.parametrize(("status", "location"), [(400, None), (302, "https://localhost:1/elsewhere")])
def test_an_application_that_does_not_want_to_hear_changes_nothing(
    world: World, application: Receiver, status: int, location: str | None
) -> None:
    application.status = status
    application.headers = {"Location": location} if location else {}
    browser = world.browser()
    mine = offline(world, browser, "hearing")
    sign_out(world, browser)
    assert len(application.tokens(world)) == 1
    (line,) = world.events("backchannel_logout")
    assert (line["outcome"], line["attempts"]) == (f"refused: {status}", 1)
    assert world.userinfo(mine["access_token"]).status_code == 401


def test_another_password_ends_what_applications_kept_and_they_hear_of_it(
    foundation: Foundation, tmp_path: Path, application: Receiver
) -> None:
    parties, organizations = (hearing(application.url),), (AEGEAN_FOODS, OLIVE_GROVE)
    with world_on(foundation, tmp_path / "local", parties=parties, organizations=organizations) as world:
        anna = member(world, ANNA)
        browser = world.browser()
        asked = {"client_id": "hearing", "scope": "openid email offline_access"}
        tokens = world.redeem(code_by_password(world, browser, **asked), "hearing").json()
        fields = {"password": PASSWORD, "new_password": NEW, "new_password_again": NEW}
        answer = submit(world, browser, "/account", "/account/password", **fields)
        assert answer.status_code == 303, answer.text[:1500]
        assert refresh(world, tokens["refresh_token"], "hearing").json()["error"] == "invalid_grant"
        assert world.userinfo(tokens["access_token"]).status_code == 401
        (claims,) = application.tokens(world)
        assert claims["sub"] == anna.id
        keys = world.around.state.members("refresh_family", f"account:{anna.id}")
        assert {world.around.state.get("refresh_family", key) for key in keys} <= {None}
