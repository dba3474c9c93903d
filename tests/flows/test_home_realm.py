"""Which upstream a person is sent to, and what the sign-in page does (home-realm discovery)."""

from __future__ import annotations

from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
import requests

from tests.support.people import TENANT_A, TENANT_B
from tests.support.world import ELENI, World, answered


def authority(url: str) -> str:
    """The tenant part of an authorize address at the upstream."""
    return urlsplit(url).path.split("/")[1]


def hint(url: str) -> str | None:
    return parse_qs(urlsplit(url).query).get("login_hint", [None])[0]


def sign_in_page(world: World, browser: requests.Session, **request: str | None) -> requests.Response:
    answer = world.go(browser, world.authorize_url(**request))
    assert answer.status_code == 303
    return browser.get(urljoin(world.broker_url, answer.headers["Location"]), timeout=30)


def test_an_address_of_a_federated_domain_goes_to_that_tenant(world: World) -> None:
    url = world.to_upstream(world.browser(), "Nikos.Petrou@AegeanFoods.example")
    assert (authority(url), hint(url)) == (TENANT_A, "nikos.petrou@aegeanfoods.example")


def test_a_sub_domain_belongs_to_the_organisation_as_well(world: World) -> None:
    assert authority(world.to_upstream(world.browser(), "nikos@mail.aegeanfoods.example")) == TENANT_A


def test_the_button_without_an_address_leads_to_any_work_account(world: World) -> None:
    url = world.to_upstream(world.browser(), None)
    assert (authority(url), hint(url)) == ("organizations", None)


@pytest.mark.parametrize("email", ["somebody@unknown.example", "somebody@example.com"])
def test_we_04_an_address_of_no_federated_domain_leads_to_the_password_page(world: World, email: str) -> None:
    browser = world.browser()
    page = sign_in_page(world, browser)
    answer = browser.post(page.url, data={"action": "email", "email": email}, timeout=30)
    assert urlsplit(answer.url).path == "/sign-in/password"
    assert f'value="{email}"' in answer.text


def test_the_shared_authority_finds_the_organisation_by_the_verified_tenant(world: World) -> None:
    browser = world.browser()
    tokens = world.tokens(world.code(browser, ELENI, email=None))
    assert world.userinfo(tokens.access_token).json()["email"] == ELENI
    (event,) = world.events("signed_in")
    assert event["org"] == "aegean-foods"


def test_a_login_hint_of_a_federated_domain_skips_the_page(world: World) -> None:
    answer = world.go(world.browser(), world.authorize_url(login_hint="ioanna@helios-shipping.example"))
    assert authority(answer.headers["Location"]) == TENANT_B


def test_an_application_of_one_organisation_skips_the_page(world: World) -> None:
    answer = world.go(world.browser(), world.authorize_url("helios-only"))
    assert authority(answer.headers["Location"]) == TENANT_B


def test_do_22_a_person_of_another_organisation_is_refused_to_that_application(world: World) -> None:
    browser = world.browser()
    answer = world.go(browser, world.authorize_url("helios-only", login_hint=ELENI))
    if answer.headers["Location"].startswith("/sign-in/"):
        page = urljoin(world.broker_url, answer.headers["Location"])
        form = {"action": "email", "email": ELENI}
        answer = browser.post(page, data=form, allow_redirects=False, timeout=30)
    back = world.at_upstream(browser, answer.headers["Location"], ELENI).deliver(browser)
    assert answered(back)["error"] == "access_denied"
    assert world.accounts() == 0


def test_the_page_can_be_used_again_after_back(world: World) -> None:
    browser = world.browser()
    page = sign_in_page(world, browser)
    first = browser.post(page.url, data={"action": "email", "email": ELENI}, allow_redirects=False, timeout=30)
    second = browser.post(page.url, data={"action": "email", "email": ELENI}, allow_redirects=False, timeout=30)
    assert first.headers["Location"] != second.headers["Location"]
    answer = world.at_upstream(browser, second.headers["Location"], ELENI).deliver(browser)
    assert "code" in answered(answer)


@pytest.mark.parametrize("email", ["eleni", "a@b@aegeanfoods.example", "<script>@x", "x" * 400])
def test_what_is_no_address_is_said_beside_the_field(world: World, email: str) -> None:
    browser = world.browser()
    page = sign_in_page(world, browser)
    answer = browser.post(page.url, data={"action": "email", "email": email}, allow_redirects=False, timeout=30)
    assert answer.status_code == 400
    assert 'aria-invalid="true"' in answer.text
    assert "<script>" not in answer.text


def test_another_browser_cannot_use_the_page(world: World) -> None:
    page = sign_in_page(world, world.browser())
    answer = world.browser().get(page.url, timeout=30)
    assert answer.status_code == 400
    assert 'data-code="start_again"' in answer.text


def test_cancel_tells_the_application(world: World) -> None:
    browser = world.browser()
    page = sign_in_page(world, browser)
    answer = browser.post(page.url, data={"action": "cancel"}, allow_redirects=False, timeout=30)
    assert answered(answer)["error"] == "access_denied"
    assert answered(answer)["state"] == "st-1"


def test_the_page_speaks_the_language_that_the_application_asks_for(world: World) -> None:
    page = sign_in_page(world, world.browser(), ui_locales="fr el-GR en")
    assert 'lang="el"' in page.text
    assert "Σύνδεση με Microsoft" in page.text
