"""The pages of an organisation that is being connected, or is: security, the proof of the doors, the break-glass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

from playwright.sync_api import expect

from broker.store.federations import BreakGlassWindow, Disconnection
from broker.store.standings import Watch
from tests.browser.customers import (
    SECURITY,
    Customer,
    at_the_directory,
    connect,
    federate,
    new_customer,
    records_of,
    with_microsoft,
    with_password,
)
from tests.browser.passkeys import with_a_device
from tests.browser.visitor import Visitor


def security_off(visitor: Visitor) -> None:
    with_password(visitor, new_customer(visitor), SECURITY)
    expect(visitor.page.locator("#state[data-state=off]")).to_be_visible()


def security_of_another_plan(visitor: Visitor) -> None:
    customer = new_customer(visitor)
    with records_of(visitor.scene) as world:
        world.around.records.federations.update_organization(customer.name, plan="standard")
    with_password(visitor, customer, SECURITY)
    expect(visitor.page.locator("#plan")).to_be_visible()


def connecting_a_directory_without_the_domain(visitor: Visitor) -> None:
    customer = new_customer(visitor, owns_its_domain=False)
    with_password(visitor, customer, SECURITY)
    visitor.page.click("#connect")
    at_the_directory(visitor, customer.address)
    expect(visitor.page.locator("#error #named")).to_be_visible()


def security_connected(visitor: Visitor) -> None:
    _connected(visitor)


def _connected(visitor: Visitor) -> Customer:
    customer = new_customer(visitor)
    connect(visitor, customer)
    with_password(visitor, customer, SECURITY)
    expect(visitor.page.locator("#state[data-state=connected]")).to_be_visible()
    return customer


def security_tested(visitor: Visitor) -> None:
    customer = _connected(visitor)
    visitor.page.click("#test")
    at_the_directory(visitor, customer.address)
    expect(visitor.page.locator("#state[data-state=tested]")).to_be_visible()
    expect(visitor.page.locator("#tested-person")).to_be_visible()


def security_switch(visitor: Visitor) -> None:
    security_tested(visitor)
    visitor.page.click("#switch-on")
    expect(visitor.page.locator("#changes")).to_be_visible()


def security_switched(visitor: Visitor) -> None:
    security_switch(visitor)
    visitor.page.check("#sure")
    visitor.page.click("button#switch-on")
    expect(visitor.page.locator("#switched-on")).to_be_visible()


def security_on(visitor: Visitor) -> None:
    _on(visitor)


def _on(visitor: Visitor) -> Customer:
    customer = new_customer(visitor)
    federate(visitor, customer)
    with_microsoft(visitor, customer)
    expect(visitor.page.locator("#state[data-state=on]")).to_be_visible()
    return customer


def security_in_trouble(visitor: Visitor) -> None:
    """With the trouble that is really there, so that the watcher does not find otherwise meanwhile."""
    customer = _on(visitor)
    visitor.scene.stage.control.delete(f"/consents/{customer.tenant_id}")
    with records_of(visitor.scene) as world:
        now = world.clock.now()
        heard = now - timedelta(minutes=7)
        world.around.records.standings.keep_watch(
            Watch(
                customer.name,
                customer.tenant_id,
                looked_at=now,
                succeeded_at=heard,
                trouble="consent_revoked",
                trouble_since=heard,
                delay_seconds=31.4,
                longest_delay_seconds=62.8,
            )
        )
    visitor.page.reload()
    expect(visitor.page.locator("#trouble")).to_be_visible()


def security_disconnect(visitor: Visitor) -> None:
    _on(visitor)
    visitor.page.click("#disconnect")
    expect(visitor.page.locator("#disconnecting")).to_be_visible()


def security_disconnection_scheduled(visitor: Visitor) -> None:
    customer = _on(visitor)
    with records_of(visitor.scene) as world:
        now = world.clock.now()
        ordered = Disconnection(customer.account_id, now, now + timedelta(days=3))
        world.around.records.federations.schedule_disconnection(customer.name, ordered)
    visitor.page.reload()
    expect(visitor.page.locator("#disconnection")).to_be_visible()


def doors(visitor: Visitor) -> None:
    _on(visitor)
    visitor.page.goto(f"{visitor.scene.broker_url}{SECURITY}/doors")
    expect(visitor.page.locator("#try-doors")).to_be_visible()


def doors_tried(visitor: Visitor) -> None:
    doors(visitor)
    visitor.page.click("#try-doors")
    expect(visitor.page.locator("#verdict[data-holds=yes]")).to_be_visible()


# -- break-glass ------------------------------------------------------------------------------------------------------


def break_glass_passkeys(visitor: Visitor) -> None:
    _named(visitor)


def _named(visitor: Visitor) -> Customer:
    customer = _on(visitor)
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
    security_off,
    security_of_another_plan,
    connecting_a_directory_without_the_domain,
    security_connected,
    security_tested,
    security_switch,
    security_switched,
    security_on,
    security_in_trouble,
    security_disconnect,
    security_disconnection_scheduled,
    doors,
    doors_tried,
    break_glass_passkeys,
    break_glass_passkeys_with_one,
    break_glass_rehearse,
    break_glass_passkeys_rehearsed,
    break_glass,
    break_glass_passkey,
    home_through_the_break_glass,
)
