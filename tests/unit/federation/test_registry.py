"""The organisations and connections of one reading, looked up as flows do."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.federation.attributes import BUILT_IN
from broker.federation.declared import declared
from broker.federation.load import load
from broker.federation.registry import Registry
from broker.organizations import Connection, Organizations
from tests.support.configurations import ENVIRON, good_configuration
from tests.support.people import TENANT_A, TENANT_B

AEGEAN = Connection("entra:aegean-foods", "entra-oidc", "entra", "aegean-foods", TENANT_A)


@pytest.fixture
def registry(tmp_path: Path) -> Organizations:
    return Registry(declared(load(good_configuration(tmp_path / "config"), environ=ENVIRON)))


def test_an_organisation_is_what_its_file_says(registry: Organizations) -> None:
    found = registry.get("aegean-foods")
    assert found is not None
    assert (found.display_name, found.plan, found.default_language) == ("Aegean Foods", "enterprise", "el")
    assert found.domains == ("aegeanfoods.example", "aegean.example")
    assert found.connection == AEGEAN
    assert (found.guests_admitted, found.default_role) == (False, "editor")


def test_an_organisation_without_the_section_is_not_federated(registry: Organizations) -> None:
    found = registry.get("corner-shop")
    assert found is not None
    assert found.connection is None
    assert found.attributes == BUILT_IN


def test_rows_of_the_file_replace_rows_of_the_table(registry: Organizations) -> None:
    found = registry.get("aegean-foods")
    assert found is not None
    assert found.attributes["department"].sources == ("graph.department", "graph.companyName")
    assert found.attributes["first_name"] == BUILT_IN["first_name"]
    assert list(found.attributes) == list(BUILT_IN)


@pytest.mark.parametrize(
    ("domain", "owner"),
    [
        ("aegeanfoods.example", "aegean-foods"),
        ("aegean.example", "aegean-foods"),
        ("mail.north.aegeanfoods.example", "aegean-foods"),
        ("cornershop.example", "corner-shop"),
        ("xaegeanfoods.example", None),
        ("example", None),
        ("", None),
    ],
)
def test_a_domain_belongs_to_the_owner_of_it_or_of_one_above(
    registry: Organizations, domain: str, owner: str | None
) -> None:
    found = registry.owning_domain(domain)
    assert (found.name if found else None) == owner


def test_a_tenant_is_bound_to_one_organisation(registry: Organizations) -> None:
    found = registry.bound_to_tenant(TENANT_A)
    assert found is not None
    assert found.name == "aegean-foods"
    assert registry.bound_to_tenant(TENANT_B) is None


def test_connections_are_found_by_name_and_the_shared_ones_have_no_tenant(registry: Organizations) -> None:
    shared = Connection("entra", "entra-oidc", "entra")
    password = Connection("password", "password", "password")
    assert list(registry.shared_connections()) == [shared, password]
    assert registry.connection("password") == password
    assert registry.connection("entra") == shared
    assert registry.connection("entra:aegean-foods") == AEGEAN
    assert registry.connection("entra:corner-shop") is None


def test_all_are_listed_and_an_unknown_name_is_none(registry: Organizations) -> None:
    assert [organization.name for organization in registry.all()] == ["aegean-foods", "corner-shop"]
    assert registry.get("nobody") is None
