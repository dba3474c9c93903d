"""FE-15: a passkey as another way into a federated organisation: it opens the break-glass alone, for whom and when an
operator has opened it, and for nobody else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from broker.passkeys import CHALLENGE_LIFETIME
from tests.attacks.refusals import refused
from tests.support.authenticator import NO_VERIFICATION, STRAIGHT, Bent, new_key
from tests.support.glass import GIORGOS, Glass, is_in
from tests.support.offline import KEEPING, introspected, refresh
from tests.support.world import ELENI, Foundation, World, answered, world_on

PETRA = "petra.lang@helios-shipping.example"
PASSKEY = "/break-glass/passkey"


@pytest.fixture
def glass(world: World) -> Glass:
    """One person may come in for an hour, and has not yet."""
    made = Glass(world)
    made.ready()
    made.open()
    return made


def _refused(glass: Glass, attack: Callable[[], requests.Response], reason: str, **said: Any) -> requests.Response:
    """Nobody is in, nothing is written, and the log says why."""
    said = {"status": 400, "page": "passkey_failed", "event": "web_rejected", **said}
    return refused(glass.world, attack, reason=reason, **said)


SSO = {"status": 403, "page": "sso_required", "event": "enforcement_denied"}
AGAIN = {"page": "start_again"}


def test_fe_15_the_named_person_comes_in(world: World, glass: Glass) -> None:
    browser = world.browser()
    assert glass.come_in(browser).status_code == 303
    assert is_in(world, browser)


def test_fe_15_a_passkey_of_somebody_who_is_named_no_more(world: World, glass: Glass) -> None:
    """Even one that was left behind: the name alone is taken away here, as a crash in the middle would leave it."""
    glass.ready(PETRA, "helios-shipping")
    glass.open("helios-shipping")
    world.around.records.federations.unname_glass_person("aegean-foods", glass.account().id)
    browser = world.browser()
    _refused(glass, partial(glass.come_in, browser), "factor", browser=browser, **SSO)
    assert glass.events()[-1] == "break_glass_refused"


def test_fe_15_a_passkey_of_another_organisation(world: World, glass: Glass) -> None:
    glass.ready(PETRA, "helios-shipping")
    browser = world.browser()
    _refused(glass, partial(glass.come_in, browser, PETRA), "factor", browser=browser, **SSO)


def test_fe_15_a_page_that_was_open_when_the_window_was_shut(world: World, glass: Glass) -> None:
    browser = world.browser()
    form = glass.to_passkey_page(browser)
    fields = {**form.fields, "answer": glass.device().get(form.options)}
    glass.windows.close("aegean-foods", "operator")
    attack = partial(glass.post, browser, PASSKEY, fields)
    _refused(glass, attack, "not_found", status=404, page="page_not_found", browser=browser)


def test_fe_15_a_page_that_was_open_when_the_window_was_shut_beside_another_ones(world: World, glass: Glass) -> None:
    glass.ready(PETRA, "helios-shipping")
    glass.open("helios-shipping")
    browser = world.browser()
    form = glass.to_passkey_page(browser)
    fields = {**form.fields, "answer": glass.device().get(form.options)}
    glass.windows.close("aegean-foods", "operator")
    _refused(glass, partial(glass.post, browser, PASSKEY, fields), "factor", browser=browser, **SSO)


def test_fe_15_the_window_is_over_by_itself(world: World, glass: Glass) -> None:
    browser = world.browser()
    assert glass.come_in(browser).status_code == 303
    window = glass.windows.window("aegean-foods")
    assert window is not None
    world.clock.set(window.closes_at)
    assert not is_in(world, browser)
    begin = partial(glass.post, world.browser(), "/break-glass", {})
    _refused(glass, begin, "not_found", status=404, page="page_not_found")


def test_fe_15_a_passkey_that_was_never_rehearsed_beside_one_that_was(world: World, glass: Glass) -> None:
    browser, _ = world.signed_in()
    glass.register(browser, name="new")
    stranger = world.browser()
    said = {"status": 403, "page": "passkey_not_rehearsed", "browser": stranger}
    # The second time as well: an attempt is no rehearsal.
    for _ in range(2):
        _refused(glass, partial(glass.come_in, stranger), "not_rehearsed", **said)


BENT = {
    "another origin": replace(STRAIGHT, origin="https://localhost.evil.example"),
    "another relying party": replace(STRAIGHT, rp_id="evil.example"),
    "a frame of another site": replace(STRAIGHT, cross_origin=True),
    "nobody verified": NO_VERIFICATION,
    "a stranger's key": replace(STRAIGHT, signed_by=new_key(-7)),
    "no person": replace(STRAIGHT, no_user_handle=True),
    "another person": replace(STRAIGHT, user_handle=b"somebody-else"),
    "a counter that stands still": replace(STRAIGHT, counter=1),
    "a counter that goes back": replace(STRAIGHT, counter=0),
}


@pytest.mark.parametrize("bent", BENT.values(), ids=BENT)
def test_fe_15_a_bent_assertion(world: World, glass: Glass, bent: Bent) -> None:
    browser = world.browser()
    _refused(glass, partial(glass.come_in, browser, ELENI, bent), "passkey", browser=browser)


def test_fe_15_a_recorded_assertion(world: World, glass: Glass) -> None:
    browser = world.browser()
    form = glass.to_passkey_page(browser)
    fields = {**form.fields, "answer": glass.device().get(form.options)}
    assert glass.post(browser, PASSKEY, fields).status_code == 303
    # As it was; in the attacker's own sign-in; and there with a challenge that is still good.
    _refused(glass, partial(glass.post, browser, PASSKEY, fields), "state", **AGAIN)
    attacker = world.browser()
    own = glass.to_passkey_page(attacker).fields
    said = {"browser": attacker}
    mixed = {**fields, "state": own["state"]}
    _refused(glass, partial(glass.post, attacker, PASSKEY, mixed), "passkey_challenge", **AGAIN, **said)
    mixed = {**own, "answer": fields["answer"]}
    _refused(glass, partial(glass.post, attacker, PASSKEY, mixed), "passkey", **said)


def test_fe_15_an_assertion_that_was_made_to_rehearse(world: World, glass: Glass) -> None:
    """The victim is lured to rehearse; what that gives is for a session of theirs and opens no sign-in."""
    victim, _ = world.signed_in()
    rehearsal = glass.form(victim, "/break-glass/rehearse")
    answer = glass.device().get(rehearsal.options)
    attacker = world.browser()
    own = glass.to_passkey_page(attacker).fields
    stolen = {"state": own["state"], "challenge": rehearsal.fields["challenge"], "answer": answer}
    _refused(glass, partial(glass.post, attacker, PASSKEY, stolen), "passkey_challenge", browser=attacker, **AGAIN)


def test_fe_15_a_sign_in_of_another_browser(world: World, glass: Glass) -> None:
    form = glass.to_passkey_page(world.browser())
    fields = {**form.fields, "answer": glass.device().get(form.options)}
    stranger = world.browser()
    _refused(glass, partial(glass.post, stranger, PASSKEY, fields), "state", browser=stranger, **AGAIN)
    page = partial(world.go, stranger, f"{PASSKEY}?state={form.fields['state']}")
    _refused(glass, page, "state", browser=stranger, **AGAIN)


def test_fe_15_a_page_that_stayed_open_too_long(world: World, glass: Glass) -> None:
    browser = world.browser()
    form = glass.to_passkey_page(browser)
    fields = {**form.fields, "answer": glass.device().get(form.options)}
    world.clock.advance(CHALLENGE_LIFETIME)
    _refused(glass, partial(glass.post, browser, PASSKEY, fields), "passkey_challenge", browser=browser, **AGAIN)


def test_fe_15_a_sign_in_with_microsoft_finished_with_a_passkey(world: World, glass: Glass) -> None:
    browser = world.browser()
    url = world.to_upstream(browser)
    (state,) = parse_qs(urlsplit(url).query)["state"]
    page = partial(world.go, browser, f"{PASSKEY}?state={state}")
    _refused(glass, page, "transaction", page="bad_request", browser=browser)


def test_fe_15_a_sign_in_through_the_break_glass_finished_at_microsofts_callback(world: World, glass: Glass) -> None:
    browser = world.browser()
    state = glass.to_passkey_page(browser).fields["state"]
    back = f"/upstream/entra/callback?state={state}&code=made-up"
    attack = partial(world.go, browser, back)
    _refused(glass, attack, "passkey", event="upstream_oidc_rejected", browser=browser, **AGAIN)


@pytest.mark.parametrize("path", ["/break-glass/passkeys", "/break-glass/rehearse"])
def test_fe_15_somebody_who_is_not_named_registers_and_rehearses_nothing(
    world: World, glass: Glass, path: str
) -> None:
    browser, _ = world.signed_in(GIORGOS)
    _refused(glass, partial(world.go, browser, path), "factor", **SSO)
    _refused(glass, partial(glass.post, browser, path, {"answer": "{}", "name": "mine"}), "factor", **SSO)


def test_fe_15_who_came_in_through_the_break_glass_makes_no_further_way_in(world: World, glass: Glass) -> None:
    browser = world.browser()
    glass.come_in(browser)
    _refused(glass, partial(world.go, browser, "/break-glass/passkeys"), "factor", **SSO)
    _refused(glass, partial(glass.post, browser, "/break-glass/passkeys", {"name": "mine"}), "factor", **SSO)


@pytest.mark.parametrize("path", ["/break-glass/passkeys", "/break-glass/passkeys/remove", "/break-glass/rehearse"])
def test_fe_15_a_form_of_another_site_changes_nothing(world: World, glass: Glass, path: str) -> None:
    browser, _ = world.signed_in()
    before = world.around.records.credentials.passkeys(glass.account().id)
    fields = {"credential": before[0].credential_id, "name": "planted"}
    _refused(glass, partial(glass.post, browser, path, fields), "csrf", page="bad_request")
    assert world.around.records.credentials.passkeys(glass.account().id) == before


def test_fe_15_somebody_elses_passkey_cannot_be_removed_nor_rehearsed_with(world: World, glass: Glass) -> None:
    other = glass.ready(GIORGOS)
    (theirs,) = world.around.records.credentials.passkeys(glass.account().id)
    token = glass.form(other, "/break-glass/passkeys").fields["token"]
    glass.post(other, "/break-glass/passkeys/remove", {"token": token, "credential": theirs.credential_id})
    assert world.around.records.credentials.passkeys(glass.account().id) == [theirs]
    form = glass.form(other, "/break-glass/rehearse")
    answer = glass.device().get(form.options, credential=glass.device().credentials[0])
    attack = partial(glass.post, other, "/break-glass/rehearse", {**form.fields, "answer": answer})
    _refused(glass, attack, "passkey")
    assert world.around.records.credentials.passkeys(glass.account().id) == [theirs]


def test_fe_15_an_application_keeps_nothing_beyond_the_window(foundation: Foundation, tmp_path: Path) -> None:
    """Refresh tokens outlive sessions, and an organisation opens its break-glass again within their life."""
    with world_on(foundation, tmp_path / "keeping", parties=KEEPING) as keeping:
        glass = Glass(keeping)
        glass.ready()
        window = glass.open(minutes=10)
        browser = keeping.browser()
        glass.come_in(browser)
        url = keeping.authorize_url("keeper", scope="openid email offline_access")
        code = answered(keeping.go(browser, url))["code"]
        tokens = keeping.redeem(code, "keeper").json()
        tokens = refresh(keeping, tokens["refresh_token"]).json()
        assert introspected(keeping, tokens["access_token"])["active"] is True
        late = answered(keeping.go(browser, url))["code"]
        keeping.clock.set(window.closes_at)
        for _ in range(2):
            assert refresh(keeping, tokens["refresh_token"]).status_code == 400
            assert keeping.redeem(late, "keeper").status_code == 400
            assert introspected(keeping, tokens["access_token"]) == {"active": False}
            assert introspected(keeping, tokens["refresh_token"]) == {"active": False}
            assert keeping.userinfo(tokens["access_token"]).status_code == 401
            glass.open()
