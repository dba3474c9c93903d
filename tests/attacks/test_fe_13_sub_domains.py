"""FE-13: sub-domains of a federated domain, and the dot at its end.

The written choice is one for every organisation: a sub-domain belongs to whoever has the domain above it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.demo.configuration import AEGEAN_FOODS, HELIOS_SHIPPING
from tests.attacks.membership import UNLIMITED
from tests.attacks.refusals import page_code
from tests.support.members import OLIVE_GROVE, PASSWORD, code_by_password, member, prove, to_password_page
from tests.support.world import Foundation, World, has_session, world_on


@pytest.fixture
def world(foundation: Foundation, tmp_path: Path) -> Iterator[World]:
    organizations = (AEGEAN_FOODS, HELIOS_SHIPPING, OLIVE_GROVE)
    settings = {"rate_limits": UNLIMITED}
    with world_on(foundation, tmp_path / "world", organizations=organizations, settings=settings) as made:
        yield made


@pytest.mark.parametrize(
    "address",
    [
        "anna@mail.aegeanfoods.example",
        "anna@deep.er.aegeanfoods.example",
        "anna@aegeanfoods.example.",
        "anna@MAIL.aegeanfoods.example.",
    ],
)
def test_fe_13_a_sub_domain_is_the_federated_organisations(world: World, address: str) -> None:
    """Even for an account of another organisation that has such an address and the right password."""
    member(world, address.rstrip(".").lower())
    browser = world.browser()
    page = to_password_page(world, browser, "somebody@nobody.invalid")
    assert page_code(prove(world, browser, page, address, PASSWORD)) == "sso_required"
    assert not has_session(browser)


@pytest.mark.parametrize("domain", ["notaegeanfoods.example", "aegeanfoods.example.evil.example", "foods.example"])
def test_fe_13_the_positive_twin_a_domain_that_only_looks_like_one(world: World, domain: str) -> None:
    address = f"anna@{domain}"
    member(world, address)
    assert code_by_password(world, world.browser(), address)
