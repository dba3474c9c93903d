"""Pobuca's own sign-in, end to end: for people of organisations that are not federated."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from broker.composition.surroundings import Surroundings
from broker.demo.configuration import AEGEAN_FOODS, HELIOS_SHIPPING
from tests.support.members import (
    ANNA,
    BASIL,
    CHEAP,
    OLIVE_GROVE,
    PASSWORD,
    code_by_password,
    member,
    prove,
    record_organization,
    signed_in,
    to_password_page,
)
from tests.support.world import LIGHT, Foundation, World, answered, has_session, world_on


@pytest.fixture
def world(foundation: Foundation, tmp_path: Path) -> Iterator[World]:
    organizations = (AEGEAN_FOODS, HELIOS_SHIPPING, OLIVE_GROVE)
    with world_on(foundation, tmp_path / "world", organizations=organizations) as made:
        yield made


def test_a_person_signs_in_with_address_and_password(world: World) -> None:
    anna = member(world, ANNA)
    browser = world.browser()
    page = to_password_page(world, browser)
    assert f'value="{ANNA}"' in page.text
    tokens = world.tokens(answered(prove(world, browser, page))["code"])
    assert tokens.claims["sub"] == anna.id
    assert tokens.claims["acr"] == "urn:pobuca:acr:password"
    assert tokens.claims["amr"] == ["pwd"]
    assert has_session(browser)
    (event,) = world.events("signed_in")
    assert (event["org"], event["conn"], event["account"]) == ("olive-grove", "password", anna.id)
    assert "code" in answered(world.go(browser, world.authorize_url(prompt="none")))


def test_a_person_of_an_organisation_of_records_signs_in_as_well(world: World) -> None:
    record_organization(world)
    thea = member(world, "thea@thymehill.example", organization="thyme-hill")
    tokens = world.tokens(code_by_password(world, world.browser(), "thea@thymehill.example"))
    assert tokens.claims["sub"] == thea.id


@pytest.mark.parametrize(
    "address", ["Anna@OliveGrove.example", " anna@olivegrove.example. ", "ANNA@olivegrove。example"]
)
def test_every_spelling_of_the_address_is_the_same_person(world: World, address: str) -> None:
    anna = member(world, ANNA)
    assert world.tokens(code_by_password(world, world.browser(), address)).claims["sub"] == anna.id


def test_a_wrong_password_is_said_and_another_try_is_welcome(world: World) -> None:
    member(world, ANNA)
    browser = world.browser()
    page = to_password_page(world, browser)
    wrong = prove(world, browser, page, password="something else entirely")
    assert wrong.status_code == 400
    assert 'id="sign-in-error"' in wrong.text
    assert not has_session(browser)
    assert answered(prove(world, browser, page))["code"]


def test_what_is_no_address_is_said_beside_the_field(world: World) -> None:
    browser = world.browser()
    answer = prove(world, browser, to_password_page(world, browser), "anna at home")
    assert answer.status_code == 400
    assert 'id="email-error"' in answer.text


def test_an_account_without_a_password_yet_is_not_let_in(world: World) -> None:
    member(world, ANNA, password=None)
    browser = world.browser()
    for password in (PASSWORD, "", "None"):
        assert prove(world, browser, to_password_page(world, browser), password=password).status_code == 400


def test_the_page_belongs_to_the_browser_that_started(world: World) -> None:
    member(world, ANNA)
    page = to_password_page(world, world.browser())
    stranger = world.browser()
    answer = stranger.get(page.url, timeout=30)
    assert (answer.status_code, 'data-code="start_again"' in answer.text) == (400, True)
    assert prove(world, stranger, page).status_code == 400
    assert not has_session(stranger)


def test_the_page_finishes_nothing_that_was_started_elsewhere(world: World) -> None:
    """A state of a sign-in through Microsoft is no state for the password page, nor the other way round."""
    member(world, ANNA)
    browser = world.browser()
    upstream = world.to_upstream(browser)
    state = dict(part.split("=") for part in urlsplit(upstream).query.split("&"))["state"]
    form = {"state": state, "email": ANNA, "password": PASSWORD}
    answer = browser.post(f"{world.broker_url}/sign-in/password", data=form, allow_redirects=False, timeout=30)
    assert answer.status_code == 400
    assert not has_session(browser)
    page = to_password_page(world, browser)
    own = urlsplit(page.url).query.partition("=")[2]
    callback = {"state": own, "code": "0." + "A" * 40}
    back = browser.post(f"{world.broker_url}/upstream/entra/callback", data=callback, allow_redirects=False, timeout=30)
    assert back.status_code == 400
    assert not has_session(browser)


def test_the_way_back_leads_to_the_choice_of_the_same_request(world: World) -> None:
    browser = world.browser()
    page = to_password_page(world, browser)
    state = urlsplit(page.url).query.partition("=")[2]
    form = {"state": state, "action": "back"}
    answer = browser.post(f"{world.broker_url}/sign-in/password", data=form, timeout=30)
    assert 'id="sign-in-with-microsoft"' in answer.text
    assert "Sample" in answer.text


def test_a_deactivated_person_hears_what_a_wrong_password_hears(world: World) -> None:
    anna = member(world, ANNA)
    world.around.directory.set_active(anna.id, False)
    browser = world.browser()
    answer = prove(world, browser, to_password_page(world, browser))
    assert answer.status_code == 400
    assert 'id="sign-in-error"' in answer.text


def test_somebody_who_has_to_prove_themselves_again_comes_to_the_password_at_once(world: World) -> None:
    member(world, ANNA)
    browser = signed_in(world)
    world.clock.advance(timedelta(minutes=20))
    answer = world.go(browser, world.authorize_url(max_age="60"))
    assert urlsplit(answer.headers["Location"]).path == "/sign-in/password"
    page = world.go(browser, answer.headers["Location"])
    claims = world.tokens(answered(prove(world, browser, page))["code"]).claims
    assert claims["auth_time"] == int(world.clock.now().timestamp())


def test_an_application_that_must_have_the_directory_hears_that_it_was_not(world: World) -> None:
    member(world, ANNA)
    claims = '{"id_token":{"acr":{"essential":true,"values":["urn:pobuca:acr:directory"]}}}'
    browser = world.browser()
    answer = prove(world, browser, to_password_page(world, browser, claims=claims))
    assert answered(answer)["error"] == "unmet_authentication_requirements"


def test_an_application_that_would_like_the_directory_is_answered_from_the_session(world: World) -> None:
    member(world, ANNA)
    browser = signed_in(world)
    answer = world.go(browser, world.authorize_url(prompt="none", acr_values="urn:pobuca:acr:directory"))
    assert "code" in answered(answer)


def test_a_hash_of_another_cost_is_made_anew_at_the_next_sign_in(world: World) -> None:
    anna = member(world, ANNA)
    before = world.around.records.credentials.password_of(anna.id)
    signed_in(world)
    after = world.around.records.credentials.password_of(anna.id)
    assert before is not None
    assert after is not None
    assert before.hash != after.hash
    assert after.changed_at == before.changed_at
    assert CHEAP.is_outdated(str(after.hash))
    assert not LIGHT.is_outdated(str(after.hash))
    signed_in(world)


def test_a_broker_that_is_told_no_cost_takes_the_recommended_one(world: World) -> None:
    around = world.around
    usual = Surroundings(around.clock, around.entropy, around.state, around.records).hashing
    assert usual.hash(PASSWORD).startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_the_password_is_nowhere_in_the_log(world: World) -> None:
    member(world, ANNA)
    signed_in(world)
    browser = world.browser()
    prove(world, browser, to_password_page(world, browser), password="a wrong one of many words")
    prove(world, browser, to_password_page(world, browser, BASIL), BASIL)
    assert PASSWORD not in world.log_text()
    assert "a wrong one" not in world.log_text()
    assert ANNA not in world.log_text()
    assert BASIL not in world.log_text()


def test_the_page_speaks_the_language_that_the_application_asks_for(world: World) -> None:
    page = to_password_page(world, world.browser(), ui_locales="el")
    assert 'lang="el"' in page.text
