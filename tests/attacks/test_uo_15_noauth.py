"""UO-15 (nOAuth): the attacker's tenant gives its user the victim's address."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from broker.demo.configuration import AEGEAN_FOODS, HELIOS_SHIPPING
from tests.attacks.refusals import refused
from tests.attacks.upstream import ELENI_OID, EVIL_TENANT, MALLORY, TENANT_A, Attempt, let_in, refuse_mutation
from tests.support.world import ELENI, EVIL_OLIVES, Foundation, World, world_on


@pytest.fixture
def with_evil(foundation: Foundation, tmp_path: Path) -> Iterator[World]:
    """The attacker is a customer as well."""
    organizations = (AEGEAN_FOODS, HELIOS_SHIPPING, EVIL_OLIVES)
    with world_on(foundation, tmp_path / "world", organizations=organizations) as made:
        yield made


def refuse_mallory(world: World, hint: str | None, claims: dict[str, Any]) -> None:
    refuse_mutation(
        world,
        "enforcement",
        person=MALLORY,
        email=hint,
        status=403,
        page="sso_required",
        event="enforcement_denied",
        claims=claims,
    )


def test_uo_15_the_victims_address_in_another_tenant_opens_nothing(world: World) -> None:
    _, tokens = world.signed_in()
    attempt = Attempt.begin(world, None)
    answer = attempt.at_upstream(MALLORY)
    refused(
        world,
        lambda: answer.deliver(attempt.browser),
        browser=attempt.browser,
        status=403,
        page="not_connected",
        reason="binding",
        secrets=attempt.secrets,
    )
    _, again = world.signed_in()
    assert again.claims["sub"] == tokens.claims["sub"]


def test_uo_15_even_a_connected_tenant_cannot_use_another_customers_addresses(with_evil: World) -> None:
    """By every spelling of the address, in every claim that carries one, and however loudly it is vouched for."""
    with_evil.signed_in()
    spellings: list[dict[str, Any]] = [
        {},
        {"email": "ELENI.MARKOU@AEGEANFOODS.EXAMPLE", "xms_edov": True},
        {"email": "eleni.markou+x@AegeanFoods.example.", "xms_edov": "1"},
        {"email": "eleni.markou@sub.aegeanfoods.example"},
        {"email": "eleni.markou@ａｅｇｅａｎｆｏｏｄｓ.example"},
        {"email": None, "preferred_username": ELENI},
    ]
    for claims in spellings:
        for hint in (MALLORY, None):
            refuse_mallory(with_evil, hint, claims)
    assert with_evil.accounts() == 1


def test_uo_15_the_same_person_with_an_address_of_their_own_signs_in(with_evil: World) -> None:
    with_evil.control.patch(f"users/{MALLORY}", {"mail": MALLORY})
    assert let_in(with_evil.come_back(with_evil.browser(), MALLORY, MALLORY))
    assert (with_evil.accounts("evil-olives"), with_evil.accounts("aegean-foods")) == (1, 0)


def test_uo_15_an_address_from_graph_alone_makes_no_account_of_another_customer(with_evil: World) -> None:
    """The token is silent, and the profile carries the victim's address."""
    refuse_mallory(with_evil, MALLORY, {"email": MALLORY, "preferred_username": MALLORY, "xms_edov": True})


def test_uo_15_a_co_worker_with_the_same_address_gets_an_account_of_his_own(world: World) -> None:
    _, eleni = world.signed_in()
    other = world.control.post(
        "users", {"tenant": TENANT_A, "userPrincipalName": "eleni2@aegeanfoods.example", "mail": ELENI}
    )
    _, second = world.signed_in("eleni2@aegeanfoods.example")
    assert other["oid"] != ELENI_OID
    assert second.claims["sub"] != eleni.claims["sub"]
    assert world.accounts() == 2
    first, later = (world.userinfo(tokens.access_token).json() for tokens in (eleni, second))
    assert (first["email"], later["email"]) == (ELENI, ELENI)


@pytest.mark.parametrize(
    ("mutation", "verified"),
    [
        ({"drop": ["xms_edov"]}, False),
        ({"claims": {"xms_edov": False}}, False),
        ({"claims": {"xms_edov": "0"}}, False),
        ({"claims": {"xms_edov": ["true"]}}, False),
        ({"claims": {"xms_edov": True}}, True),
    ],
)
def test_uo_15_an_address_is_verified_only_if_the_directory_vouches_for_its_domain(
    world: World, mutation: dict[str, Any], verified: bool
) -> None:
    attempt = Attempt.begin(world)
    answer = attempt.at_upstream()
    world.control.post("token-mutations", mutation)
    tokens = world.tokens(let_in(answer.deliver(attempt.browser)))
    said = world.userinfo(tokens.access_token).json()
    assert (said["email"], said["email_verified"]) == (ELENI, verified)


def test_uo_15_a_vouched_for_address_of_a_foreign_domain_is_not_verified(world: World) -> None:
    world.control.patch(f"users/{ELENI}", {"mail": "eleni@olive-friends.example"})
    attempt = Attempt.begin(world)
    answer = attempt.at_upstream()
    world.control.post("token-mutations", {"claims": {"xms_edov": True}})
    tokens = world.tokens(let_in(answer.deliver(attempt.browser)))
    said = world.userinfo(tokens.access_token).json()
    assert (said["email"], said["email_verified"]) == ("eleni@olive-friends.example", False)
    assert EVIL_TENANT not in world.log_text()
