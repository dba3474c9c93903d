"""DO-04: a code in the wrong hands, at the wrong address, or too late."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from tests.attacks.answers import next_code, reconfigure, token_refused
from tests.support.world import REDIRECT, VERIFIER, World

SECOND = "https://app.pobuca.example/second"


def test_do_04_a_code_is_good_for_no_other_client(world: World) -> None:
    for thief in ("other", "phone", "helios-only"):
        code = world.code(world.browser())
        attack = partial(world.redeem, code, thief, redirect_uri=REDIRECT)
        token_refused(world, attack, "invalid_grant", "code_binding", secrets=[code])
    assert world.redeem(world.code(world.browser())).status_code == 200


@pytest.mark.parametrize("sent", [SECOND, REDIRECT + "/", REDIRECT.upper(), REDIRECT + "?", "https://evil.example/"])
def test_do_04_a_code_is_good_at_no_other_address(world: World, tmp_path: Path, sent: str) -> None:
    reconfigure(world, tmp_path / "world", "relying_parties/sample.yaml", {"redirect_uris": [REDIRECT, SECOND]})
    code = world.code(world.browser())
    token_refused(
        world, partial(world.redeem, code, redirect_uri=sent), "invalid_grant", "code_binding", secrets=[code]
    )
    assert world.redeem(world.code(world.browser(), redirect_uri=SECOND), redirect_uri=SECOND).status_code == 200


def test_do_04_a_code_without_its_redirect_uri_is_not_redeemed(world: World) -> None:
    code = world.code(world.browser())
    token_refused(
        world, partial(world.redeem, code, redirect_uri=None), "invalid_request", "params", secrets=[code]
    )
    assert world.redeem(code).status_code == 200  # The request was no presentation: it named no code's address.


def test_do_04_a_loopback_code_is_bound_to_the_port_it_was_sent_to(world: World) -> None:
    here, there = "http://127.0.0.1:4711/callback", "http://127.0.0.1:4712/callback"
    code = world.code(world.browser(), client_id="phone", redirect_uri=here)
    attack = partial(world.redeem, code, "phone", redirect_uri=there)
    token_refused(world, attack, "invalid_grant", "code_binding", secrets=[code])
    code = world.code(world.browser(), client_id="phone", redirect_uri=here)
    assert world.redeem(code, "phone", redirect_uri=here).status_code == 200


def test_do_04_a_code_lives_a_minute(world: World) -> None:
    browser = world.browser()
    code = world.code(browser)
    world.clock.advance(timedelta(seconds=59))
    assert world.redeem(code).status_code == 200
    code = next_code(world, browser)
    world.clock.advance(timedelta(seconds=60))
    token_refused(world, partial(world.redeem, code), "invalid_grant", "code", secrets=[code])


def test_do_04_a_code_falls_with_the_session_that_it_was_given_under(world: World) -> None:
    browser, _ = world.signed_in()
    code = next_code(world, browser)
    page = world.go(browser, "/").text
    token = page.partition('name="token" value="')[2].partition('"')[0]
    assert browser.post(world.broker_url + "/sign-out", data={"token": token}, timeout=30).ok
    token_refused(world, partial(world.redeem, code), "invalid_grant", "code", secrets=[code])


def test_do_04_a_code_falls_with_the_account(world: World) -> None:
    browser = world.browser()
    code = world.code(browser)
    (account,) = world.around.directory.accounts("aegean-foods")
    world.around.directory.set_active(account.id, False)
    token_refused(world, partial(world.redeem, code), "invalid_grant", "disabled", secrets=[code])
    world.around.directory.set_active(account.id, True)
    assert world.redeem(next_code(world, browser)).status_code == 200


def test_do_04_a_code_is_bound_to_the_challenge_of_its_own_request(world: World) -> None:
    browser = world.browser()
    code, other = world.code(browser), "w" * 64
    token_refused(world, partial(world.redeem, code, verifier=other), "invalid_grant", "pkce", secrets=[code, other])
    assert world.redeem(next_code(world, browser), verifier=VERIFIER).status_code == 200
