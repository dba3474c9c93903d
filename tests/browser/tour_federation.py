"""The pages of an organisation that is being connected, or is: security, and the proof of the doors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

from playwright.sync_api import expect

from broker.attempts import Attempts
from broker.composition.explaining import recorder
from broker.entropy import readable
from broker.explaining.recorder import Asked
from broker.store.federations import Disconnection
from broker.store.standings import Watch
from broker.tracing import Record
from tests.browser.customers import (
    SECURITY,
    Customer,
    at_the_directory,
    configuration_of,
    connect,
    federate,
    new_customer,
    records_of,
    with_microsoft,
    with_password,
)
from tests.browser.visitor import Visitor
from tests.support.refused_sign_in import REFUSED


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
    switched_on(visitor)


def switched_on(visitor: Visitor) -> Customer:
    """A new customer, who signs in with Microsoft and is at the security page."""
    customer = new_customer(visitor)
    federate(visitor, customer)
    with_microsoft(visitor, customer)
    expect(visitor.page.locator("#state[data-state=on]")).to_be_visible()
    return customer


def security_in_trouble(visitor: Visitor) -> None:
    """With the trouble that is really there, so that the watcher does not find otherwise meanwhile."""
    customer = switched_on(visitor)
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
    switched_on(visitor)
    visitor.page.click("#disconnect")
    expect(visitor.page.locator("#disconnecting")).to_be_visible()


def security_disconnection_scheduled(visitor: Visitor) -> None:
    customer = switched_on(visitor)
    with records_of(visitor.scene) as world:
        now = world.clock.now()
        ordered = Disconnection(customer.account_id, now, now + timedelta(days=3))
        world.around.records.federations.schedule_disconnection(customer.name, ordered)
    visitor.page.reload()
    expect(visitor.page.locator("#disconnection")).to_be_visible()


def doors(visitor: Visitor) -> None:
    switched_on(visitor)
    visitor.page.goto(f"{visitor.scene.broker_url}{SECURITY}/doors")
    expect(visitor.page.locator("#try-doors")).to_be_visible()


def doors_tried(visitor: Visitor) -> None:
    doors(visitor)
    visitor.page.click("#try-doors")
    expect(visitor.page.locator("#verdict[data-holds=yes]")).to_be_visible()


def origin_of_a_co_worker(visitor: Visitor) -> None:
    """Where the values of an account come from, for an administrator who edits nothing here."""
    switched_on(visitor)
    visitor.page.goto(f"{visitor.scene.broker_url}/co-workers")
    visitor.page.click("#co-workers li:has(.tag) a")
    expect(visitor.page.locator("#origin")).to_be_visible()


# -- sign-ins, explained -----------------------------------------------------------------------------------------------


def sign_ins(visitor: Visitor) -> None:
    """The customer's own sign-in, which is there as soon as its last request has been written, and a refused one."""
    _recorded(visitor, switched_on(visitor))
    visitor.page.goto(f"{visitor.scene.broker_url}{SECURITY}/sign-ins")
    expect(visitor.page.locator("#recent [data-verdict=refused]")).to_be_visible()
    for _ in range(50):
        if visitor.page.locator("#recent [data-verdict=signed_in]").is_visible():
            return
        visitor.page.reload()
    raise AssertionError("the sign-in is not in the list")


def sign_in_refused(visitor: Visitor) -> None:
    """A story with a rule that refused, long values and a long place."""
    sign_in = _recorded(visitor, switched_on(visitor))
    visitor.page.goto(f"{visitor.scene.broker_url}{SECURITY}/sign-ins")
    visitor.page.fill("#id", sign_in.lower().replace("-", ""))
    visitor.page.click("#explain")
    expect(visitor.page.locator("#story[data-verdict=refused]")).to_be_visible()


def sign_in_unknown(visitor: Visitor) -> None:
    switched_on(visitor)
    visitor.page.goto(f"{visitor.scene.broker_url}{SECURITY}/sign-ins/0000-0000")
    expect(visitor.page.locator("#error[data-code=no_such_sign_in]")).to_be_visible()


def _recorded(visitor: Visitor, customer: Customer) -> str:
    """A refused sign-in of the customer, recorded as the broker records one; its id."""
    with records_of(visitor.scene) as world:
        around = world.around
        keeper, now = recorder(configuration_of(visitor.scene), around), around.clock.now()
        sign_in = readable(around.entropy.token(8))
        sample = {"organization": customer.name, "application": "contacts"}
        for seconds, (what, status, steps) in enumerate(REFUSED, -len(REFUSED)):
            asked = Asked(readable(around.entropy.token(8)), what, now + timedelta(seconds=seconds), status)
            keeper.keep(Record(sign_in, list(steps), sample), asked)
    return sign_in


# -- the operator's link ----------------------------------------------------------------------------------------------


def connecting_by_link(visitor: Visitor) -> None:
    _by_link(visitor, new_customer(visitor))


def tested_by_link(visitor: Visitor) -> None:
    customer = new_customer(visitor)
    connect(visitor, customer)
    _by_link(visitor, customer)
    visitor.page.click("#test")
    at_the_directory(visitor, customer.address)
    expect(visitor.page.locator("#ticket[data-step='4'] #tested-person")).to_be_visible()


def _by_link(visitor: Visitor, customer: Customer) -> None:
    with records_of(visitor.scene) as world:
        around = world.around
        ticket = Attempts(around.state, around.clock, around.entropy).new_ticket(customer.name)
    visitor.page.goto(f"{visitor.scene.broker_url}/connect/{ticket}")
    expect(visitor.page.locator("#ticket")).to_be_visible()


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
    origin_of_a_co_worker,
    sign_ins,
    sign_in_refused,
    sign_in_unknown,
    connecting_by_link,
    tested_by_link,
)
