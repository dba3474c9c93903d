"""A forgotten password, a changed one, and the account page."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from broker.demo.configuration import AEGEAN_FOODS, HELIOS_SHIPPING
from tests.support.members import (
    ANNA,
    BASIL,
    OLIVE_GROVE,
    PASSWORD,
    code_by_password,
    form_token,
    letters,
    member,
    prove,
    signed_in,
    submit,
    to_password_page,
)
from tests.support.world import ELENI, Foundation, World, world_on

NEW = "seven wise cats drink milk"


@pytest.fixture
def world(foundation: Foundation, tmp_path: Path) -> Iterator[World]:
    with world_on(foundation, tmp_path / "world", organizations=(AEGEAN_FOODS, HELIOS_SHIPPING, OLIVE_GROVE)) as made:
        yield made


@pytest.fixture
def mail(tmp_path: Path) -> Path:
    return tmp_path / "world"


def ask(world: World, address: str) -> requests.Response:
    return world.browser().post(f"{world.broker_url}/reset", data={"email": address}, timeout=30)


def choose(world: World, link: str, password: str = NEW, again: str | None = None) -> requests.Response:
    form = {"new_password": password, "new_password_again": password if again is None else again}
    return world.browser().post(f"{world.broker_url}{link}", data=form, allow_redirects=False, timeout=30)


def test_a_link_by_mail_sets_a_new_password(world: World, mail: Path) -> None:
    member(world, ANNA)
    assert 'id="reset-sent"' in ask(world, ANNA).text
    (letter,) = letters(mail)
    assert (letter.to, stat.S_IMODE(letter.path.stat().st_mode)) == (ANNA, 0o600)
    page = world.browser().get(f"{world.broker_url}{letter.link}", timeout=30)
    assert (page.status_code, 'id="reset-link"' in page.text) == (200, True)
    answer = choose(world, letter.link)
    assert (answer.status_code, urlsplit(answer.headers["Location"]).path) == (303, "/password-set")
    assert code_by_password(world, world.browser(), password=NEW)
    browser = world.browser()
    assert prove(world, browser, to_password_page(world, browser)).status_code == 400
    assert letters(mail)[-1].subject == "Your Pobuca password was changed"


def test_a_first_password_can_be_set_by_a_link_as_well(world: World, mail: Path) -> None:
    member(world, ANNA, password=None)
    ask(world, ANNA)
    assert choose(world, letters(mail)[0].link).status_code == 303
    assert code_by_password(world, world.browser(), password=NEW)


def test_the_answer_is_the_same_for_everybody(world: World, mail: Path) -> None:
    member(world, ANNA)
    known, unknown, federated = (ask(world, address).text for address in (ANNA, BASIL, ELENI))
    assert known == unknown == federated
    assert [letter.to for letter in letters(mail)] == [ANNA]


def test_a_link_is_good_once_and_for_an_hour(world: World, mail: Path) -> None:
    member(world, ANNA)
    ask(world, ANNA)
    (first,) = letters(mail)
    assert choose(world, first.link).status_code == 303
    again = choose(world, first.link, "another password of many words")
    assert (again.status_code, 'data-code="link_used"' in again.text) == (400, True)
    ask(world, ANNA)
    link = letters(mail, ANNA)[-1].link
    world.clock.advance(timedelta(minutes=60))
    assert choose(world, link).status_code == 400
    assert code_by_password(world, world.browser(), password=NEW)


def test_a_second_link_is_void_when_the_first_was_used(world: World, mail: Path) -> None:
    member(world, ANNA)
    ask(world, ANNA)
    ask(world, ANNA)
    one, other = letters(mail)
    assert choose(world, one.link).status_code == 303
    assert choose(world, other.link, "another password of many words").status_code == 400


@pytest.mark.parametrize(
    ("password", "again"),
    [("short", None), ("aaaaaaaaaaaaaaa", None), ("1234567890123456", None), (NEW, f"{NEW} "), ("x" * 1025, None)],
)
def test_a_password_that_will_not_do_leaves_the_link_good(
    world: World, mail: Path, password: str, again: str | None
) -> None:
    member(world, ANNA)
    ask(world, ANNA)
    (letter,) = letters(mail)
    answer = choose(world, letter.link, password, again)
    assert (answer.status_code, 'id="new-password-error"' in answer.text) == (400, True)
    assert choose(world, letter.link).status_code == 303


def test_a_link_that_nobody_sent_is_refused(world: World) -> None:
    answer = choose(world, "/reset/" + "A" * 43)
    assert (answer.status_code, 'data-code="link_used"' in answer.text) == (400, True)


def test_a_new_password_ends_every_session(world: World, mail: Path) -> None:
    member(world, ANNA)
    browser = signed_in(world)
    world.clock.advance(timedelta(seconds=1))
    code = code_by_password(world, browser, prompt="login")
    access = world.tokens(code).access_token
    ask(world, ANNA)
    choose(world, letters(mail)[0].link)
    assert 'id="signed-in"' not in world.go(browser, "/").text
    assert world.userinfo(access).status_code == 401


def test_the_letter_speaks_the_language_of_the_person(world: World, mail: Path) -> None:
    anna = member(world, ANNA)
    world.around.directory.edit_account(anna.id, {"language": "el-GR"}, by="operator", at=world.clock.now())
    ask(world, ANNA)
    assert letters(mail)[0].subject == "Επιλέξτε νέο κωδικό για την Pobuca"


def test_a_person_changes_the_password_and_signs_in_anew(world: World) -> None:
    member(world, ANNA)
    browser, elsewhere = signed_in(world), signed_in(world)
    fields = {"password": PASSWORD, "new_password": NEW, "new_password_again": NEW}
    answer = submit(world, browser, "/account", "/account/password", **fields)
    assert (answer.status_code, urlsplit(answer.headers["Location"]).path) == (303, "/password-set")
    for each in (browser, elsewhere):
        assert 'id="signed-in"' not in world.go(each, "/").text
    assert code_by_password(world, world.browser(), password=NEW)


@pytest.mark.parametrize(
    ("old", "new", "mark"),
    [("not my password at all", NEW, "current-error"), (PASSWORD, "anna ladas", "new-password-error")],
)
def test_a_change_without_the_old_password_or_to_a_bad_one_is_refused(
    world: World, old: str, new: str, mark: str
) -> None:
    member(world, ANNA)
    browser = signed_in(world)
    fields = {"password": old, "new_password": new, "new_password_again": new}
    answer = submit(world, browser, "/account", "/account/password", **fields)
    assert (answer.status_code, f'id="{mark}"' in answer.text) == (400, True)
    assert 'id="signed-in"' in world.go(browser, "/").text


def test_a_change_needs_the_form_of_this_account(world: World) -> None:
    member(world, ANNA)
    member(world, BASIL, first_name="Basil")
    anna, basil = signed_in(world), signed_in(world, BASIL)
    foreign = form_token(basil.get(f"{world.broker_url}/account", timeout=30))
    for token in ("", foreign):
        fields = {"token": token, "password": PASSWORD, "new_password": NEW, "new_password_again": NEW}
        answer = anna.post(f"{world.broker_url}/account/password", data=fields, timeout=30)
        assert answer.status_code == 400


def test_the_account_page_of_a_federated_person_says_where_it_is_done(world: World) -> None:
    browser, _ = world.signed_in()
    page = world.go(browser, "/account").text
    assert "you sign in with Microsoft" in page
    assert 'name="new_password"' not in page
    assert 'id="add-app-password"' not in page


def test_signing_out_everywhere_ends_every_session(world: World) -> None:
    member(world, ANNA)
    browser, elsewhere = signed_in(world), signed_in(world)
    assert "You have 2 open sessions." in world.go(browser, "/account").text
    submit(world, browser, "/account", "/account/sign-out-everywhere")
    for each in (browser, elsewhere):
        assert 'id="signed-in"' not in world.go(each, "/").text
