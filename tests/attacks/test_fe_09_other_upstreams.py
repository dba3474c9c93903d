"""FE-09, FE-14 and FE-22: another upstream, another address, another organisation as a way round."""

from __future__ import annotations

import pytest

from broker.store.directory import EDITABLE_ATTRIBUTES, EDITABLE_NAMES
from tests.attacks.refusals import page_code, refused
from tests.support.connecting import GALINI, NEFELI, Connecting, location
from tests.support.members import ANNA, PASSWORD, code_by_password, member, prove, record_organization, to_password_page
from tests.support.world import World, answered, has_session

PETRA = "petra.lang@helios-shipping.example"
MALLORY = "mallory@evil-olives.example"


@pytest.fixture
def case(world: World) -> Connecting:
    """An organisation that is switched on."""
    connected = Connecting.begin(world).tested(GALINI)
    member(world, "petros@elsewhere.example", organization=connected.name, first_name="Petros", last_name="Galanis")
    connected.switch_on()
    return connected


def test_fe_09_the_same_address_from_another_tenant_is_nobody_here(case: Connecting) -> None:
    """One tenant is bound to another organisation, the other to none; both say the address of a co-worker."""
    world = case.world
    assert "code" in answered(world.come_back(world.browser(), NEFELI, NEFELI))
    for person, page, reason, event in (
        (PETRA, "sso_required", "enforcement", "enforcement_denied"),
        (MALLORY, "not_connected", "binding", "upstream_oidc_rejected"),
    ):
        world.control.patch(f"users/{person}", {"mail": NEFELI})
        browser = world.browser()
        answer = world.at_upstream(browser, world.to_upstream(browser, None), person)
        refused(
            world,
            lambda answer=answer, browser=browser: answer.deliver(browser),  # type: ignore[misc]  # mypy: defaults
            status=403,
            page=page,
            reason=reason,
            event=event,
            browser=browser,
        )
    assert world.accounts(case.name) == 3


def test_fe_09_a_password_account_elsewhere_with_an_address_of_the_domain_is_closed_too(world: World) -> None:
    """Judged by the address as well as by the membership."""
    record_organization(world, "thyme-hill", "thymehill.example")
    address = "guest.worker@cyclades-ferries.example"
    member(world, address, organization="thyme-hill")
    browser = world.browser()
    assert code_by_password(world, browser, address)
    Connecting.begin(world).tested(GALINI).switch_on()
    silent = world.go(browser, world.authorize_url(prompt="none"))
    assert "error=login_required" in silent.headers["Location"]


def test_fe_14_an_account_with_an_outside_address_is_closed_by_its_membership(case: Connecting) -> None:
    world = case.world
    address = "petros@elsewhere.example"
    browser = world.browser()
    page = to_password_page(world, browser, address)
    answer = prove(world, browser, page, address, PASSWORD)
    assert answer.status_code in (400, 403), answer.text[:500]
    assert not has_session(browser)
    assert world.around.records.credentials.holdings(case.name).passwords == 0


def test_fe_14_no_address_can_be_edited_and_a_renamed_person_stays_who_they_are(case: Connecting) -> None:
    world = case.world
    assert not {name for name in EDITABLE_NAMES | EDITABLE_ATTRIBUTES if "mail" in name}
    assert "code" in answered(world.come_back(world.browser(), NEFELI, NEFELI))
    before = world.accounts(case.name)
    renamed = "nefeli@elsewhere.example"
    world.control.patch(f"users/{NEFELI}", {"mail": renamed})
    browser = world.browser()
    assert "code" in answered(world.come_back(browser, NEFELI, NEFELI))
    assert world.accounts(case.name) == before


def test_fe_22_the_session_of_another_organization_does_not_open_the_federated_one(case: Connecting) -> None:
    """One person, two organisations, of which one is federated: each has its own sign-in."""
    world = case.world
    record_organization(world, "olive-grove", "olivegrove.example")
    member(world, ANNA)
    browser = world.browser()
    assert code_by_password(world, browser, ANNA)
    assert "Anna Ladas" in world.go(browser, "/co-workers").text
    assert "Nefeli" not in world.go(browser, "/co-workers").text
    there = world.to_upstream(browser, None, login_hint=NEFELI)
    assert there.startswith(f"{world.simulator_url}/b46f2a0d-7c1e-4d35-9a8e-1f60c2d7e953/")
    answer = world.at_upstream(browser, there, NEFELI).deliver(browser)
    assert "code" in answered(answer)
    shown = world.go(browser, "/co-workers").text
    assert "Nefeli Drakou" in shown
    assert "Anna Ladas" not in shown


def test_fe_22_the_password_page_of_the_other_one_stays(case: Connecting) -> None:
    world = case.world
    record_organization(world, "olive-grove", "olivegrove.example")
    member(world, ANNA)
    assert code_by_password(world, world.browser(), ANNA)
    wrong = world.browser()
    answer = prove(world, wrong, to_password_page(world, wrong, ANNA), NEFELI, PASSWORD)
    assert page_code(answer) == "sso_required"
    assert location(world.go(wrong, "/co-workers"))
