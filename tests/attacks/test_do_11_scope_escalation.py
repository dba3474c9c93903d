"""DO-11: more scope than the client may have."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from tests.attacks.answers import next_code, party_refused, reconfigure
from tests.support.offline import offline
from tests.support.world import World

BASIC = {"sub", "name", "given_name", "family_name", "locale", "updated_at", "email", "email_verified"}


def test_do_11_a_scope_that_the_client_may_not_have_is_dropped_everywhere(world: World, tmp_path: Path) -> None:
    reconfigure(world, tmp_path / "world", "relying_parties/sample.yaml", {"scopes": ["openid", "profile", "email"]})
    asked = "openid profile email phone address organization offline_access admin Phone pho\u200bne"
    tokens = world.tokens(world.code(world.browser(), scope=asked))
    assert tokens.answer["scope"].split() == ["openid", "profile", "email"]
    assert "refresh_token" not in tokens.answer
    assert set(world.userinfo(tokens.access_token).json()) == BASIC


def test_do_11_offline_access_is_for_whom_the_file_gives_it(keeping: World) -> None:
    asked = "openid email offline_access"
    without = keeping.tokens(keeping.code(keeping.browser(), scope=asked))
    assert without.answer["scope"].split() == ["openid", "email"]
    assert "refresh_token" not in without.answer
    assert "refresh_token" in offline(keeping)


def test_do_11_the_same_scopes_are_given_to_a_client_that_may_have_them(world: World) -> None:
    tokens = world.tokens(world.code(world.browser(), scope="openid profile email phone address organization"))
    assert set(world.userinfo(tokens.access_token).json()) == BASIC | {
        "phone_number",
        "phone_number_verified",
        "address",
        "organization",
    }


def test_do_11_a_scope_taken_from_the_client_later_takes_its_claims_away(world: World, tmp_path: Path) -> None:
    _, tokens = world.signed_in(scope="openid phone email")
    assert "phone_number" in world.userinfo(tokens.access_token).json()
    reconfigure(world, tmp_path / "world", "relying_parties/sample.yaml", {"scopes": ["openid", "email"]})
    assert set(world.userinfo(tokens.access_token).json()) == {"sub", "email", "email_verified"}


def test_do_11_a_token_has_no_more_scope_than_was_asked_for(world: World) -> None:
    _, tokens = world.signed_in(scope="openid")
    assert set(world.userinfo(tokens.access_token).json()) == {"sub"}


def test_do_11_nothing_is_answered_without_the_openid_scope(world: World) -> None:
    browser = world.browser()
    other = (
        "", "email", "OPENID", "openid_", "open id", "openid\temail", "openid\nemail", "openid,email", "\x00openid",
    )
    for scope in (None, *other):
        url = world.authorize_url(scope=scope, prompt="none")
        party_refused(world, partial(world.go, browser, url), "invalid_scope", "scope", browser=browser)


def test_do_11_a_scope_said_twice_is_one(world: World) -> None:
    browser, _ = world.signed_in()
    code = next_code(world, browser, scope="openid openid  email ")
    assert world.tokens(code).answer["scope"] == "openid email"
