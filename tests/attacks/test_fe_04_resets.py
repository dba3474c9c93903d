"""FE-04: reset, first password and change of password of an organisation that signs in with Microsoft."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import requests

from broker.errors import SsoRequired
from tests.attacks.answers import page_refused
from tests.attacks.membership import grove
from tests.support.members import ANNA, PASSWORD, code_by_password, enforce, form_token, letters, member, signed_in
from tests.support.world import ELENI, Foundation, World, has_session

NEW = "seven wise cats drink milk"
OUTSIDER = "olga@elsewhere.example"


@pytest.fixture
def world(foundation: Foundation, tmp_path: Path) -> Iterator[World]:
    with grove(foundation, tmp_path / "world") as made:
        yield made


def ask(world: World, address: str) -> requests.Response:
    return world.browser().post(f"{world.broker_url}/reset", data={"email": address}, timeout=30)


def choose(world: World, link: str) -> requests.Response:
    form = {"new_password": NEW, "new_password_again": NEW}
    return world.browser().post(f"{world.broker_url}{link}", data=form, allow_redirects=False, timeout=30)


@pytest.mark.parametrize("address", [ANNA, OUTSIDER])
def test_fe_04_a_link_from_before_is_dead(world: World, tmp_path: Path, address: str) -> None:
    account = member(world, address)
    ask(world, address)
    ask(world, address)
    first, second = (letter.link for letter in letters(tmp_path / "world"))
    assert choose(world, first).status_code == 303  # The positive twin: before the switch a link works.
    ask(world, address)
    third = letters(tmp_path / "world", address)[-1].link
    enforce(world)
    for link in (second, third):
        for attack in (
            partial(choose, world, link),
            partial(world.browser().get, f"{world.broker_url}{link}", timeout=30),
        ):
            page_refused(
                world,
                attack,
                "reset",
                page="sso_required",
                status=403,
                event="enforcement_denied",
                secrets=[link.rpartition("/")[2], NEW],
            )
    record = world.around.records.credentials.password_of(account.id)
    assert record is None or record.hash is None


def test_fe_04_no_letter_is_sent_and_the_page_is_as_for_everybody(world: World, tmp_path: Path) -> None:
    member(world, ANNA)
    member(world, OUTSIDER)
    usual = ask(world, "nobody@unknown.example")
    enforce(world)
    for address in (ANNA, OUTSIDER, ELENI, "nobody@aegeanfoods.example"):
        answer = ask(world, address)
        assert (answer.status_code, answer.text) == (200, usual.text)
    assert letters(tmp_path / "world") == []
    denied = world.events("enforcement_denied")
    assert [event["reason"] for event in denied] == ["reset"] * 4


def test_fe_04_no_hash_can_be_stored(world: World) -> None:
    account = member(world, ANNA)
    enforce(world)
    with pytest.raises(SsoRequired):
        world.around.records.credentials.set_password(account.id, "$argon2id$v=19$m=8,t=1,p=1$x$x", world.clock.now())
    record = world.around.records.credentials.password_of(account.id)
    assert record is None or record.hash is None


def test_fe_04_a_session_from_before_changes_no_password(world: World) -> None:
    member(world, ANNA)
    assert code_by_password(world, world.browser())
    browser = signed_in(world)
    token = form_token(world.go(browser, "/account"))
    enforce(world)
    form = {"token": token, "password": PASSWORD, "new_password": NEW, "new_password_again": NEW}
    answer = browser.post(f"{world.broker_url}/account/password", data=form, allow_redirects=False, timeout=30)
    assert answer.status_code == 303
    assert "/password-set" not in answer.headers["Location"]
    assert has_session(browser)  # The cookie is there, and opens nothing.
    assert 'id="signed-in"' not in world.go(browser, "/").text


def test_fe_04_a_person_of_the_directory_has_no_password_to_change(world: World) -> None:
    browser, _ = world.signed_in()
    token = form_token(world.go(browser, "/account"))
    form = {"token": token, "password": PASSWORD, "new_password": NEW, "new_password_again": NEW}
    page_refused(
        world,
        partial(browser.post, f"{world.broker_url}/account/password", data=form, timeout=30),
        "password",
        page="federated_password",
        status=403,
        event="web_rejected",
        browser=browser,
    )
