"""PR-07: being taken for somebody because of an e-mail address."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from broker.demo.configuration import AEGEAN_FOODS, HELIOS_SHIPPING
from tests.support.members import OLIVE_GROVE, code_by_password, member
from tests.support.people import TENANT_A
from tests.support.world import ELENI, Foundation, World, world_on

NOT_FEDERATED: dict[str, Any] = {key: value for key, value in AEGEAN_FOODS.items() if key != "federation"}


@pytest.fixture
def world(foundation: Foundation, tmp_path: Path) -> Iterator[World]:
    """Aegean Foods before it is federated."""
    organizations = (NOT_FEDERATED, HELIOS_SHIPPING, OLIVE_GROVE)
    with world_on(foundation, tmp_path / "world", organizations=organizations) as made:
        yield made


def federate(world: World) -> None:
    world.around.records.federations.declare("aegean-foods", TENANT_A, world.clock.now())


def test_pr_07_an_account_with_the_same_address_is_nobodys_by_that_alone(world: World) -> None:
    """Somebody else holds a Pobuca account of the organisation with the person's address."""
    squatter = member(world, ELENI, organization="aegean-foods", role="administrator", first_name="Squatter")
    assert code_by_password(world, world.browser(), ELENI)
    federate(world)
    _, tokens = world.signed_in()
    assert tokens.claims["sub"] != squatter.id
    account = world.around.directory.account(tokens.claims["sub"])
    assert account is not None
    assert (account.role, account.first_name) == ("editor", "Eleni")
    assert world.around.directory.account(squatter.id) is not None


def test_pr_07_an_account_in_another_organisation_is_not_linked_either(world: World) -> None:
    elsewhere = member(world, ELENI, organization="olive-grove", role="administrator")
    federate(world)
    _, tokens = world.signed_in()
    assert tokens.claims["sub"] != elsewhere.id
    (account,) = world.around.directory.accounts("aegean-foods")
    assert (account.id, account.role) == (tokens.claims["sub"], "editor")
