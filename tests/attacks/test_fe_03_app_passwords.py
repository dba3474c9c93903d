"""FE-03: app passwords of an organisation that signs in with Microsoft."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from broker.entropy import digest
from broker.errors import SsoRequired
from broker.store.credentials import AppPassword
from tests.attacks.answers import page_refused
from tests.attacks.membership import grove, put_back
from tests.support.members import ANNA, CHEAP, PASSWORD, enforce, form_token, member, signed_in, submit
from tests.support.membership import membership_of
from tests.support.world import ELENI, Foundation, World

CLIENT = "192.0.2.7"
OUTSIDER = "olga@elsewhere.example"


@pytest.fixture
def world(foundation: Foundation, tmp_path: Path) -> Iterator[World]:
    with grove(foundation, tmp_path / "world") as made:
        yield made


def made(world: World, address: str) -> str:
    page = submit(world, signed_in(world, address), "/account", "/account/app-passwords", label="phone")
    found = re.search(r'id="app-password">([a-z2-7-]+)<', page.text)
    assert found
    return found[1]


@pytest.mark.parametrize("address", [ANNA, OUTSIDER])
def test_fe_03_app_passwords_end_with_enforcement_and_a_restored_one_opens_nothing(
    world: World, tmp_path: Path, address: str
) -> None:
    account = member(world, address)
    password = made(world, address)
    flow = membership_of(world, tmp_path / "world").app_passwords
    assert flow.verify(address, password, CLIENT)[1].id == account.id
    enforce(world)
    assert world.around.records.credentials.app_passwords(account.id) == []
    put_back(
        tmp_path / "world",
        "INSERT INTO app_passwords (id, account_id, label, digest, created_at) VALUES ('x', ?, 'x', ?, 1)",
        account.id,
        digest(password.replace("-", "")),
    )
    hashed = "UPDATE passwords SET hash = ? WHERE account_id = ?"
    put_back(tmp_path / "world", hashed, CHEAP.hash(PASSWORD), account.id)
    with pytest.raises(SsoRequired) as refusal:
        flow.verify(address, password, CLIENT)
    assert (refusal.value.reason, refusal.value.explanation) == ("basic", "carddav_federated")


def test_fe_03_known_and_unknown_people_are_answered_alike(world: World, tmp_path: Path) -> None:
    flow = membership_of(world, tmp_path / "world").app_passwords
    world.signed_in()
    said = set()
    for address in (ELENI, "nobody@aegeanfoods.example"):
        with pytest.raises(SsoRequired) as refusal:
            flow.verify(address, "whatever", CLIENT)
        said.add(str(refusal.value))
    assert len(said) == 1


def test_fe_03_none_is_made_by_page_nor_store(world: World) -> None:
    browser, tokens = world.signed_in()
    token = form_token(world.go(browser, "/account"))
    url = f"{world.broker_url}/account/app-passwords"
    form = {"token": token, "label": "phone"}
    page_refused(
        world,
        partial(browser.post, url, data=form, allow_redirects=False, timeout=30),
        "basic",
        page="carddav_federated",
        status=403,
        event="enforcement_denied",
        browser=browser,
    )
    record = AppPassword("x", tokens.claims["sub"], "x", digest("x"), world.clock.now())
    with pytest.raises(SsoRequired):
        world.around.records.credentials.add_app_password(record)
