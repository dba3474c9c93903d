"""The pages of the break-glass: of whoever is named for it, and of whoever comes in through it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

from playwright.sync_api import expect

from broker.store.federations import BreakGlassWindow
from tests.browser.customers import Customer, records_of
from tests.browser.passkeys import with_a_device
from tests.browser.tour_federation import switched_on
from tests.browser.visitor import Visitor


def break_glass_passkeys(visitor: Visitor) -> None:
    _named(visitor)


def _named(visitor: Visitor) -> Customer:
    customer = switched_on(visitor)
    with records_of(visitor.scene) as world:
        world.around.records.federations.name_glass_person(customer.name, customer.account_id)
    with_a_device(visitor)
    visitor.page.goto(visitor.scene.broker_url + "/break-glass/passkeys")
    expect(visitor.page.locator("#register")).to_be_visible()
    return customer


def break_glass_passkeys_with_one(visitor: Visitor) -> None:
    _registered(visitor)


def _registered(visitor: Visitor) -> Customer:
    customer = _named(visitor)
    visitor.page.fill("#name", "The telephone in the safe of the harbour office")
    visitor.page.click("#register")
    expect(visitor.page.locator("#due")).to_be_visible()
    return customer


def break_glass_rehearse(visitor: Visitor) -> None:
    _registered(visitor)
    visitor.page.click("#rehearse")
    expect(visitor.page.locator("#use-passkey")).to_be_visible()


def break_glass_passkeys_rehearsed(visitor: Visitor) -> None:
    _rehearsed(visitor)


def _rehearsed(visitor: Visitor) -> Customer:
    customer = _registered(visitor)
    visitor.page.click("#rehearse")
    visitor.page.click("#use-passkey")
    expect(visitor.page.locator("#rehearsed")).to_be_visible()
    return customer


def break_glass(visitor: Visitor) -> None:
    _through_the_glass(visitor, 0)


def break_glass_passkey(visitor: Visitor) -> None:
    _through_the_glass(visitor, 1)


def home_through_the_break_glass(visitor: Visitor) -> None:
    _through_the_glass(visitor, 2)


def _through_the_glass(visitor: Visitor, steps: int) -> None:
    """So many steps in. The window is closed at once: other tests say that there is none."""
    customer = _rehearsed(visitor)
    visitor.context.clear_cookies()
    page = visitor.page
    with records_of(visitor.scene) as world:
        federations, now = world.around.records.federations, world.clock.now()
        federations.open_window(
            BreakGlassWindow(customer.name, now, now + timedelta(minutes=5), "operator", "tour", (customer.account_id,))
        )
        try:
            page.goto(visitor.scene.broker_url + "/break-glass")
            expect(page.locator("#begin")).to_be_visible()
            if steps > 0:
                page.click("#begin")
                expect(page.locator("#use-passkey")).to_be_visible()
            if steps > 1:
                page.click("#use-passkey")
                expect(page.locator("#break-glass-banner")).to_be_visible()
        finally:
            federations.close_window(customer.name)


PAGES: Final[Sequence[Callable[[Visitor], None]]] = (
    break_glass_passkeys,
    break_glass_passkeys_with_one,
    break_glass_rehearse,
    break_glass_passkeys_rehearsed,
    break_glass,
    break_glass_passkey,
    home_through_the_break_glass,
)
