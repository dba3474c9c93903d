"""The five clicks: an administrator connects the organisation, tests it and switches it on, in a real browser.

The simulator is another site than the broker here, so the ways back are cross-site navigations, as in the world.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.customers import at_the_directory, records_of
from tests.browser.scene import Scene
from tests.browser.visitor import PHONE, Visitor
from tests.support.connecting import DESPINA, DOMAIN, GALINI, NAME, PAGE
from tests.support.members import PASSWORD, administrator, record_organization

pytestmark = pytest.mark.browser

MARKOS = f"markos.rossi@{DOMAIN}"


def settle(scene: Scene) -> None:
    """An organisation that is not connected, with an administrator."""
    with records_of(scene) as world:
        record_organization(world, NAME, DOMAIN)
        administrator(world, DESPINA, organization=NAME, first_name="Despina", last_name="Rota")


def sign_in_with_the_password(visitor: Visitor) -> None:
    visitor.page.goto(visitor.scene.broker_url + PAGE)
    visitor.give_email(DESPINA)
    visitor.page.fill("input[name=password]", PASSWORD)
    visitor.page.click("#sign-in")
    expect(visitor.page.locator("#sign-on-with-ad")).to_be_visible()


def every_page(visitor: Visitor, look: Callable[[str], None]) -> None:
    """From the first click to a co-worker's card; ``look`` is called at each page of ours."""
    page = visitor.page
    settle(visitor.scene)
    sign_in_with_the_password(visitor)
    look("off")
    page.click("#connect")
    at_the_directory(visitor, GALINI)
    expect(page.locator("#state[data-state=connected]")).to_be_visible()
    look("connected")
    page.click("#test")
    at_the_directory(visitor, GALINI)
    expect(page.locator("#state[data-state=tested]")).to_be_visible()
    look("tested")
    page.click("#switch-on")
    expect(page.locator("#changes")).to_be_visible()
    look("what will change")
    page.check("#sure")
    page.click("button#switch-on")
    expect(page.locator("#switched-on")).to_be_visible()
    look("switched on")
    page.click("#sign-in")
    visitor.give_email(GALINI)
    expect(page.locator("#state[data-state=on]")).to_be_visible()
    look("on")
    page.click("#disconnect")
    expect(page.locator("#disconnecting")).to_be_visible()
    look("disconnect")
    page.fill("#name", "Cyclades Ferries")
    page.click("button#disconnect")
    expect(page.locator("#disconnection")).to_be_visible()
    look("scheduled")
    page.click("#call-off")
    expect(page.locator("#disconnection")).not_to_be_visible()


def test_five_clicks_connect_an_organization_and_every_page_is_for_everybody(
    visit: Callable[..., Visitor],
) -> None:
    visitor = visit(size=PHONE)

    def look(name: str) -> None:
        assert not visitor.is_scrolling_sideways(), name
        found = Axe().run(visitor.page)
        assert found.violations_count == 0, (name, found.generate_report())

    every_page(visitor, look)
    colleague = visit()
    colleague.to_sign_in_page()
    colleague.give_email(MARKOS)
    colleague.at_microsoft(MARKOS)
    colleague.expect_signed_in("Markos Rossi")
    visitor.page.goto(visitor.scene.broker_url + "/co-workers")
    expect(visitor.page.locator("#co-workers")).to_contain_text("Markos Rossi")
