"""Customers for the tour: each is new, so that no page depends on what was seen before it, and none is any test's.

Most are recorded beside the running broker; only what a page is about is done with the browser.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Final, cast

from playwright.sync_api import expect

from broker.composition.surroundings import Surroundings
from broker.federation.load import Configuration, load
from broker.store.federations import Consent, Enforcement, TestSignIn
from tests.browser.scene import Scene
from tests.browser.visitor import Visitor
from tests.support.members import PASSWORD, administrator, record_organization
from tests.support.world import World

SECURITY: Final = "/settings/security"
_SCOPES: Final = ("openid", "profile", "email", "offline_access", "https://graph.microsoft.com/User.Read")


@dataclass(frozen=True, slots=True)
class Customer:
    """An organisation, its administrator with a password, and who that is in which directory."""

    name: str
    domain: str
    address: str
    account_id: str
    tenant_id: str
    object_id: str


def configuration_of(scene: Scene) -> Configuration:
    """That of the running broker."""
    return load(scene.stage.directory / "config", environ={})


@contextmanager
def records_of(scene: Scene) -> Iterator[World]:
    """The running broker's stores, for what is written beside it."""
    around = Surroundings.of(configuration_of(scene))
    try:
        yield cast("World", SimpleNamespace(around=around, clock=around.clock))
    finally:
        around.close()


def new_customer(visitor: Visitor, *, owns_its_domain: bool = True) -> Customer:
    """Not connected. Its directory is there, with the same person as Global Administrator."""
    with records_of(visitor.scene) as world:
        # No name comes twice: each customer counts this number up.
        name = f"lighthouses-{world.around.records.federations.generation()}"
        domain = f"{name}.example"
        address = f"theodora.papanikolaou@{domain}"
        record_organization(world, name, domain)
        account = administrator(
            world, address, organization=name, first_name="Theodora", last_name="Papanikolaou-Konstantinidou"
        )
    domains = [domain] if owns_its_domain else []
    control = visitor.scene.stage.control
    tenant = control.post(
        "/tenants", {"displayName": "Lighthouses of the Aegean", "domains": [*domains, f"{name}.onmicrosoft.com"]}
    )
    person: dict[str, Any] = {
        "tenant": tenant["tenantId"],
        "userPrincipalName": address,
        "displayName": account.display_name,
        "givenName": account.first_name,
        "surname": account.last_name,
        "mail": address,
        "jobTitle": "Head of Administration",
        "directoryRoles": ["Global Administrator"],
    }
    oid = control.post("/users", person)["oid"]
    return Customer(name, domain, address, account.id, tenant["tenantId"], oid)


def connect(visitor: Visitor, customer: Customer) -> None:
    """As the legs of connecting leave it."""
    visitor.scene.stage.control.post(f"/consents/{customer.tenant_id}", {})
    with records_of(visitor.scene) as world:
        consent = Consent(
            customer.tenant_id,
            "Lighthouses of the Aegean",
            (customer.domain,),
            customer.object_id,
            customer.account_id,
            _SCOPES,
            world.clock.now(),
        )
        world.around.records.federations.connect(customer.name, consent)


def federate(visitor: Visitor, customer: Customer) -> None:
    """Connected, tested and switched on."""
    connect(visitor, customer)
    with records_of(visitor.scene) as world:
        federations, now = world.around.records.federations, world.clock.now()
        test = TestSignIn(customer.object_id, customer.account_id, None, now)
        epoch = federations.record_test(customer.name, customer.tenant_id, test).epoch
        proved = (customer.account_id, customer.object_id)
        federations.enforce(
            Enforcement(customer.name, epoch, customer.tenant_id, customer.account_id, now, administrator=proved)
        )


# -- what the administrator does --------------------------------------------------------------------------------------


def to_password_page(visitor: Visitor, address: str, path: str = "/account") -> None:
    """On the way to one of our own pages."""
    visitor.page.goto(visitor.scene.broker_url + path)
    visitor.give_email(address)
    expect(visitor.page.locator("#password-sign-in")).to_be_visible()


def with_password(visitor: Visitor, customer: Customer, path: str = "/account") -> None:
    """Signed in, at one of our own pages."""
    to_password_page(visitor, customer.address, path)
    visitor.page.fill("#password", PASSWORD)
    visitor.page.click("#sign-in")
    expect(visitor.page.locator("header.top nav")).to_be_visible()


def with_microsoft(visitor: Visitor, customer: Customer, path: str = SECURITY) -> None:
    """Signed in, at one of our own pages."""
    visitor.page.goto(visitor.scene.broker_url + path)
    visitor.give_email(customer.address)
    visitor.at_microsoft(customer.address)
    expect(visitor.page.locator("header.top nav")).to_be_visible()


def at_the_directory(visitor: Visitor, username: str) -> None:
    """Signs in there, and accepts whatever is asked, until the browser is back."""
    expect(visitor.page.locator("body[data-page]")).to_be_visible()
    known = visitor.page.locator(f"body[data-page=picker] button[value='{username}']")
    if known.count():
        known.click()
    else:
        visitor.at_microsoft(username)
    accept, back = visitor.page.locator("#accept"), visitor.page.locator("header.top .brand")
    for _ in range(3):
        expect(accept.or_(back)).to_be_visible()
        if back.is_visible():
            return
        accept.click()
