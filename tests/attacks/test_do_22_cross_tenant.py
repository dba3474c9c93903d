"""DO-22: people and clients of two organisations, at every endpoint."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import pytest

from broker.demo.configuration import AEGEAN_FOODS, HELIOS_SHIPPING
from broker.demo.entra.browser import SignInStopped
from tests.attacks.answers import next_code, party_refused, reconfigure, token_refused
from tests.support.world import ELENI, EVIL_OLIVES, PARTIES, Foundation, World, answered, has_session, world_on

PETRA = "petra.lang@helios-shipping.example"
HELIOS_ONLY = "https://helios.pobuca.example/callback"
ONLY_HELIOS = {"organizations": ["helios-shipping"]}


def test_do_22_a_client_of_some_organisations_signs_in_nobody_of_another(
    foundation: Foundation, tmp_path: Path
) -> None:
    party = {**PARTIES[3], "organizations": ["helios-shipping", "evil-olives"]}
    everybody = (AEGEAN_FOODS, HELIOS_SHIPPING, EVIL_OLIVES)
    with world_on(foundation, tmp_path / "world", organizations=everybody, parties=(PARTIES[0], party)) as world:
        for email in (ELENI, None):  # By the tenant's own authority, and by the one that all share.
            stranger = world.browser()
            url = world.to_upstream(stranger, email, client_id="helios-only")
            party_refused(
                world,
                partial(world.at_upstream(stranger, url, ELENI).deliver, stranger),
                "access_denied",
                "tenant",
                redirect_uri=HELIOS_ONLY,
                event="upstream_oidc_rejected",
                browser=stranger,
            )
            assert not has_session(stranger)
        assert world.accounts("aegean-foods") == 0
        for email in (PETRA, None):
            browser = world.browser()
            url = world.to_upstream(browser, email, client_id="helios-only")
            assert "code" in answered(world.at_upstream(browser, url, PETRA).deliver(browser))


def test_do_22_a_client_of_one_organisation_asks_that_organisations_tenant_and_no_other(world: World) -> None:
    browser = world.browser()
    for hint in (None, ELENI, PETRA):
        url = world.go(browser, world.authorize_url("helios-only", login_hint=hint)).headers["Location"]
        if url.startswith("/sign-in/"):
            continue
        assert "/705bad33-ba4a-40ee-8ef9-2eb1e60b7b83/" in url
        with pytest.raises(SignInStopped):
            world.at_upstream(world.browser(), url, ELENI)
    assert world.accounts("aegean-foods") == 0


def test_do_22_a_session_of_one_organisation_opens_nothing_for_a_client_of_another(world: World) -> None:
    browser, _ = world.signed_in(ELENI)
    url = world.authorize_url("helios-only", prompt="none")
    party_refused(
        world, partial(world.go, browser, url), "login_required", "prompt", redirect_uri=HELIOS_ONLY, browser=browser
    )
    hinted = world.authorize_url("helios-only", login_hint=ELENI)
    assert "code=" not in world.go(browser, hinted).headers["Location"]
    of_helios, _ = world.signed_in(PETRA)
    assert "code" in answered(world.go(of_helios, url))


def test_do_22_a_code_and_a_token_fall_when_the_client_is_taken_from_the_organisation(
    world: World, tmp_path: Path
) -> None:
    browser, tokens = world.signed_in(ELENI)
    code = next_code(world, browser)
    of_helios, others = world.signed_in(PETRA)
    still = next_code(world, of_helios)
    reconfigure(world, tmp_path / "world", "relying_parties/sample.yaml", ONLY_HELIOS)
    token_refused(world, partial(world.redeem, code), "invalid_grant", "tenant", secrets=[code])
    attack = partial(world.userinfo, tokens.access_token)
    token_refused(world, attack, "invalid_token", "tenant", status=401, secrets=[tokens.access_token])
    url = world.authorize_url(prompt="none")
    party_refused(world, partial(world.go, browser, url), "login_required", "prompt", browser=browser)
    assert world.redeem(still).status_code == 200
    assert world.userinfo(others.access_token).status_code == 200


def test_do_22_a_code_and_a_token_fall_when_the_tenant_is_bound_to_another_organisation(
    world: World, tmp_path: Path
) -> None:
    browser, tokens = world.signed_in(PETRA)
    code = next_code(world, browser)
    evil = {"connection": {"kind": "entra-oidc", "tenant_id": "e0e7c1a5-8d0b-4a53-9f0e-6a1f6a3f5d11"}}
    reconfigure(world, tmp_path / "world", "organizations/helios-shipping.yaml", {"federation": evil})
    attack = partial(world.redeem, code)
    token_refused(world, attack, "invalid_grant", "enforcement", event="enforcement_denied", secrets=[code])
    attack = partial(world.userinfo, tokens.access_token)
    token_refused(world, attack, "invalid_token", "enforcement", status=401, event="enforcement_denied")


def test_do_22_pages_show_one_organisation_only(world: World) -> None:
    browser, _ = world.signed_in(ELENI)
    of_helios, _ = world.signed_in(PETRA)
    (account,) = world.around.directory.accounts("aegean-foods")
    (petra,) = world.around.directory.accounts("helios-shipping")
    ours, theirs = world.go(browser, "/co-workers").text, world.go(of_helios, "/co-workers").text
    assert account.id in ours
    assert petra.id not in ours
    assert petra.id in theirs
    assert account.id not in theirs
    for after in ("A", "%00", "%ff", "z" * 300):
        shown = world.go(of_helios, f"/co-workers?after={after}&id={account.id}")
        assert shown.status_code == 200
        assert account.id not in shown.text
    photo = f"/co-workers/{account.id}/photo"
    assert world.go(browser, photo).headers["Content-Type"].startswith("image/")
    for stranger in (of_helios, world.browser()):
        assert world.go(stranger, photo).status_code == 404


def test_do_22_one_browser_has_one_persons_session_at_a_time(world: World) -> None:
    browser, first = world.signed_in(ELENI)
    url = world.to_upstream(browser, email=PETRA, prompt="select_account")
    answer = world.at_upstream(browser, url, PETRA).deliver(browser)
    second = world.tokens(answered(answer)["code"])
    assert second.claims["sub"] != first.claims["sub"]
    assert re.search("Petra Lang", world.go(browser, "/").text)
    assert not world.around.state.get("session", first.claims["sid"])
    assert world.verified(world.redeem(next_code(world, browser)).json()["id_token"])["sub"] == second.claims["sub"]


def test_do_22_pairwise_subjects_l18_tell_two_clients_nothing_of_each_other(world: World) -> None:
    browser, public = world.signed_in(ELENI)
    pairwise = world.tokens(next_code(world, browser, client_id="other"), "other")
    assert pairwise.claims["sub"] != public.claims["sub"]
    assert pairwise.claims["sid"] != public.claims["sid"]
    again = world.tokens(next_code(world, browser, client_id="other"), "other")
    assert again.claims["sub"] == pairwise.claims["sub"]
    of_helios, _ = world.signed_in(PETRA)
    assert world.tokens(next_code(world, of_helios, client_id="other"), "other").claims["sub"] != again.claims["sub"]
