"""PR-08: an attacker is there first, with the victim's address: nothing of theirs works after the victim comes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.demo.configuration import HELIOS_SHIPPING
from broker.errors import SsoRequired
from tests.attacks.test_pr_07_linking import NOT_FEDERATED, federate
from tests.support.members import (
    OLIVE_GROVE,
    letters,
    member,
    prove,
    signed_in,
    submit,
    to_password_page,
)
from tests.support.membership import membership_of
from tests.support.world import ELENI, Foundation, World, answered, world_on

NEW = "seven wise cats drink milk"


@pytest.fixture
def world(foundation: Foundation, tmp_path: Path) -> Iterator[World]:
    organizations = (NOT_FEDERATED, HELIOS_SHIPPING, OLIVE_GROVE)
    with world_on(foundation, tmp_path / "world", organizations=organizations) as made:
        yield made


@pytest.fixture(params=["aegean-foods", "olive-grove"])
def organization(request: pytest.FixtureRequest) -> str:
    """Where the attacker's account is: in the victim's organisation, or in another one that invited the address."""
    return str(request.param)


def test_pr_08_password_session_token_app_password_and_reset_of_before_are_worth_nothing(
    world: World, tmp_path: Path, organization: str
) -> None:
    planted = member(world, ELENI, organization=organization, role="administrator")
    browser = signed_in(world, ELENI)
    tokens = world.tokens(answered(world.go(browser, world.authorize_url(prompt="none")))["code"])
    outstanding = answered(world.go(browser, world.authorize_url(prompt="none")))["code"]
    page = submit(world, browser, "/account", "/account/app-passwords", label="planted")
    found = re.search(r'id="app-password">([a-z2-7-]+)<', page.text)
    assert found
    world.browser().post(f"{world.broker_url}/reset", data={"email": ELENI}, timeout=30)
    link = letters(tmp_path / "world", ELENI)[-1].link
    half_way = world.browser()
    waiting = to_password_page(world, half_way, ELENI)
    assert world.userinfo(tokens.access_token).status_code == 200  # The positive twin of all of them.

    federate(world)
    victim, theirs = world.signed_in()

    assert theirs.claims["sub"] != planted.id
    assert 'id="signed-in"' not in world.go(browser, "/").text
    assert world.userinfo(tokens.access_token).status_code == 401
    assert world.redeem(outstanding).json()["error"] == "invalid_grant"
    assert prove(world, half_way, waiting, ELENI).status_code == 403
    with pytest.raises(SsoRequired):
        membership_of(world, tmp_path / "world").app_passwords.verify(ELENI, found[1], "192.0.2.1")
    form = {"new_password": NEW, "new_password_again": NEW}
    answer = world.browser().post(f"{world.broker_url}{link}", data=form, timeout=30)
    assert (answer.status_code, 'data-code="sso_required"' in answer.text) == (403, True)
    assert 'id="signed-in"' in world.go(victim, "/").text
