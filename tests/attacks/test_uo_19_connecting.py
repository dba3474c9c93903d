"""UO-19 while an organisation is being connected: a tenant or a domain that is somebody else's already."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests

from broker.store.federations import Consent, TenantTaken
from tests.attacks.refusals import refused
from tests.attacks.upstream import TENANT_B
from tests.support.connecting import GALINI, NAME, PAGE, TENANT, Connecting, location
from tests.support.members import administrator, signed_in
from tests.support.world import World


def refuse(case: Connecting, attack: Callable[[], requests.Response], page: str, reason: str) -> requests.Response:
    return refused(case.world, attack, status=403, page=page, reason=reason, browser=case.browser)


def test_uo_19_a_tenant_that_a_file_gives_to_another_organization_is_taken(world: World) -> None:
    case = Connecting.begin(world, domain=None)
    answer = case.at_directory(case.to_directory(), "global.admin@helios-shipping.example")
    refuse(case, lambda: answer.deliver(case.browser), "tenant_taken", "binding")
    assert case.stage() is None


def test_uo_19_a_tenant_that_another_organization_has_connected_is_taken(world: World) -> None:
    """Also before it is enforced, and whoever comes second."""
    first = Connecting.begin(world, domain=None)
    assert location(first.connect()).endswith(PAGE)
    second = Connecting.begin(world, name="thyme-hill", domain=None, address="a@thymehill.example")
    proof = location(second.consent(GALINI).deliver(second.browser))
    answer = second.at_directory(proof, GALINI)
    # The tenant's only domain went to the first; that is said, and nothing is recorded.
    refuse(second, lambda: answer.deliver(second.browser), "no_domain", "domain")
    assert second.stage() is None
    consent = Consent(TENANT, "", (), "o", "operator", (), world.clock.now())
    with pytest.raises(TenantTaken):
        world.around.records.federations.connect("thyme-hill", consent)


def test_uo_19_a_directory_without_the_organizations_domain_is_refused_by_name(world: World) -> None:
    case = Connecting.begin(world)
    proof = location(case.consent("global.admin@evil-olives.example").deliver(case.browser))
    answer = case.at_directory(proof, "global.admin@evil-olives.example")
    page = refuse(case, lambda: answer.deliver(case.browser), "domain_not_owned", "domain")
    assert "<li>cyclades-ferries.example</li>" in page.text
    assert case.stage() is None


def test_uo_19_one_domain_of_several_is_not_enough(world: World) -> None:
    case = Connecting.begin(world)
    world.control.patch(f"tenants/{TENANT_B}", {"domains": ["helios-shipping.example", "cyclades-ferries.example"]})
    world.control.patch(f"tenants/{TENANT}", {"domains": ["ferries.example", "cycladesferries.onmicrosoft.com"]})
    proof = location(case.consent().deliver(case.browser))
    answer = case.at_directory(proof)
    refuse(case, lambda: answer.deliver(case.browser), "domain_not_owned", "domain")
    world.control.patch(f"tenants/{TENANT}", {"domains": ["ferries.example", "cyclades-ferries.example"]})
    assert location(case.connect()).endswith(PAGE)


def test_uo_19_a_domain_of_another_organization_is_not_taken_along(world: World) -> None:
    """The tenant owns a domain that another customer has here: whoever has none yet gets only what is free."""
    world.control.patch(f"tenants/{TENANT}", {"domains": ["cyclades-ferries.example", "aegeanfoods.example"]})
    case = Connecting.begin(world, domain=None)
    assert location(case.connect()).endswith(PAGE)
    domains = [each.domain for each in world.around.records.federations.recorded(NAME).domains]
    assert domains == ["cyclades-ferries.example"]


def test_uo_19_two_administrators_at_once_end_with_one_directory(world: World) -> None:
    """Both legs run side by side; the second to arrive finds the domain of the first, and what was tested before a new
    connection counts no more.
    """
    one = Connecting.begin(world, domain=None)
    other_address = "sotiris@elsewhere.example"
    administrator(world, other_address, organization=NAME)
    other = Connecting(world, one.account, signed_in(world, other_address), NAME)
    proof_of_one = location(one.consent().deliver(one.browser))
    proof_of_other = location(other.consent("global.admin@evil-olives.example").deliver(other.browser))
    assert location(one.at_directory(proof_of_one).deliver(one.browser)).endswith(PAGE)
    answer = other.at_directory(proof_of_other, "global.admin@evil-olives.example")
    refuse(other, lambda: answer.deliver(other.browser), "domain_not_owned", "domain")
    federation = one.federation()
    assert federation is not None
    assert federation.tenant_id == TENANT
    one.test(GALINI)
    assert one.stage() == "tested"
    assert location(other.connect()).endswith(PAGE)
    assert one.stage() == "connected"
    assert one.page(f"{PAGE}/switch-on").status_code == 403
    token = one.page().text.split('name="token" value="')[1].split('"')[0]
    form = {"token": token, "sure": "yes", "tenant": TENANT, "epoch": "0"}
    url = f"{world.broker_url}{PAGE}/switch-on"
    assert one.browser.post(url, data=form, allow_redirects=False, timeout=30).status_code == 403
    assert one.stage() == "connected"
