"""App passwords: made on the account page, verified for CardDAV."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.demo.configuration import AEGEAN_FOODS, HELIOS_SHIPPING
from broker.errors import LoginFailed, NotAllowed, SsoRequired, TooMany
from broker.membership.app_passwords import MOST, AppPasswords
from tests.support.members import ANNA, BASIL, OLIVE_GROVE, enforce, letters, member, signed_in, submit
from tests.support.membership import membership_of
from tests.support.world import ELENI, Foundation, World, world_on

CLIENT = "192.0.2.7"


@pytest.fixture
def world(foundation: Foundation, tmp_path: Path) -> Iterator[World]:
    with world_on(foundation, tmp_path / "world", organizations=(AEGEAN_FOODS, HELIOS_SHIPPING, OLIVE_GROVE)) as made:
        yield made


@pytest.fixture
def app_passwords(world: World, tmp_path: Path) -> AppPasswords:
    return membership_of(world, tmp_path / "world").app_passwords


def made(world: World, label: str = "My phone", address: str = ANNA) -> str:
    """A new app password of this person, as the page shows it."""
    page = submit(world, signed_in(world, address), "/account", "/account/app-passwords", label=label)
    found = re.search(r'id="app-password">([a-z2-7-]+)<', page.text)
    assert found, page.text
    return found[1]


def test_an_app_password_is_shown_once_and_lets_a_program_in(
    world: World, app_passwords: AppPasswords, tmp_path: Path
) -> None:
    anna = member(world, ANNA)
    password = made(world)
    admission, account = app_passwords.verify(ANNA, password, CLIENT)
    assert (account.id, admission.account_id, admission.connection) == (anna.id, anna.id, "password")
    page = world.go(signed_in(world), "/account").text
    assert "My phone" in page
    assert password not in page
    assert letters(tmp_path / "world")[-1].subject == "A new app password for your Pobuca account"


def test_it_may_be_copied_with_or_without_its_hyphens(world: World, app_passwords: AppPasswords) -> None:
    member(world, ANNA)
    password = made(world)
    for written in (password.replace("-", ""), password.upper(), password.replace("-", " ")):
        assert app_passwords.verify("Anna@OliveGrove.example", written, CLIENT)


def test_it_is_that_persons_alone_and_no_password_for_the_browser(world: World, app_passwords: AppPasswords) -> None:
    member(world, ANNA)
    member(world, BASIL)
    password = made(world)
    for address in (BASIL, "nobody@olivegrove.example", "anna"):
        with pytest.raises(LoginFailed, match="basic"):
            app_passwords.verify(address, password, CLIENT)
    for wrong in ("", "a" * 32, password[:-1], "nine tired donkeys walk home"):
        with pytest.raises(LoginFailed, match="basic"):
            app_passwords.verify(ANNA, wrong, CLIENT)


def test_a_deleted_one_opens_nothing(world: World, app_passwords: AppPasswords) -> None:
    anna = member(world, ANNA)
    password = made(world)
    (record,) = world.around.records.credentials.app_passwords(anna.id)
    answer = submit(world, signed_in(world), "/account", f"/account/app-passwords/{record.id}/delete")
    assert answer.status_code == 303
    with pytest.raises(LoginFailed):
        app_passwords.verify(ANNA, password, CLIENT)


def test_nobody_deletes_somebody_elses(world: World, app_passwords: AppPasswords) -> None:
    anna = member(world, ANNA)
    member(world, BASIL)
    password = made(world)
    (record,) = world.around.records.credentials.app_passwords(anna.id)
    submit(world, signed_in(world, BASIL), "/account", f"/account/app-passwords/{record.id}/delete")
    assert app_passwords.verify(ANNA, password, CLIENT)


def test_a_deactivated_person_is_kept_out(world: World, app_passwords: AppPasswords) -> None:
    anna = member(world, ANNA)
    password = made(world)
    world.around.directory.set_active(anna.id, False)
    with pytest.raises(NotAllowed, match="disabled"):
        app_passwords.verify(ANNA, password, CLIENT)


def test_of_a_federated_organisation_none_is_good_and_none_is_made(
    world: World, app_passwords: AppPasswords
) -> None:
    member(world, ANNA)
    password = made(world)
    enforce(world)
    for written in (password, "wrong"):
        with pytest.raises(SsoRequired) as refusal:
            app_passwords.verify(ANNA, written, CLIENT)
        assert refusal.value.explanation == "carddav_federated"
    browser, _ = world.signed_in(ELENI)
    answer = submit(world, browser, "/account", "/account/app-passwords", label="phone")
    assert (answer.status_code, 'data-code="carddav_federated"' in answer.text) == (403, True)


def test_failures_are_slowed_down_and_a_right_one_never_is(world: World, app_passwords: AppPasswords) -> None:
    member(world, ANNA)
    password = made(world)
    for _ in range(10):
        with pytest.raises(LoginFailed):
            app_passwords.verify(ANNA, "wrong", CLIENT)
    with pytest.raises(TooMany) as refusal:
        app_passwords.verify(ANNA, "wrong", CLIENT)
    assert 0 < refusal.value.retry_after_seconds <= 900
    for _ in range(20):
        assert app_passwords.verify(ANNA, password, CLIENT)


def test_there_may_be_only_so_many(world: World) -> None:
    anna = member(world, ANNA)
    browser = signed_in(world)
    for number in range(MOST):
        assert submit(world, browser, "/account", "/account/app-passwords", label=f"n {number}").status_code == 200
    answer = submit(world, browser, "/account", "/account/app-passwords", label="one more")
    assert (answer.status_code, 'data-code="app_passwords_many"' in answer.text) == (403, True)
    assert 'id="add-app-password"' not in world.go(browser, "/account").text
    assert len(world.around.records.credentials.app_passwords(anna.id)) == MOST
