"""UO-16: guests of the directory, and personal Microsoft accounts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from broker.demo.configuration import AEGEAN_FOODS, HELIOS_SHIPPING
from broker.demo.entra.browser import SignInStopped
from tests.attacks.refusals import refused
from tests.attacks.upstream import CONSUMERS, TENANT_A, TOMAS, Attempt, let_in, refuse_mutation
from tests.support.world import ELENI, Foundation, World, world_on

ZOE = "zoe.hart@outlook.example"
ADMITTING = {**AEGEAN_FOODS, "federation": {**AEGEAN_FOODS["federation"], "guests": "admit"}}


def refuse_person(world: World, person: str, page: str = "guest", reason: str = "guest", **more: Any) -> None:
    attempt = Attempt.begin(world, ELENI)
    answer = attempt.at_upstream(person)
    refused(
        world,
        lambda: answer.deliver(attempt.browser),
        browser=attempt.browser,
        status=403,
        page=page,
        reason=reason,
        secrets=attempt.secrets,
        **more,
    )


def test_uo_16_guests_of_the_tenant_are_refused(foundation: Foundation, tmp_path: Path) -> None:
    unconnected = {name: value for name, value in HELIOS_SHIPPING.items() if name != "federation"}
    with world_on(foundation, tmp_path / "world", organizations=(AEGEAN_FOODS, unconnected)) as world:
        for person in (TOMAS, ZOE):
            refuse_person(world, person)


def test_uo_16_a_guest_who_is_another_customers_is_sent_to_their_own_tenant(world: World) -> None:
    """The enforcement rule comes before the rule about guests."""
    refuse_person(world, TOMAS, "sso_required", "enforcement", event="enforcement_denied")
    assert let_in(world.come_back(world.browser(), TOMAS, TOMAS))


def test_uo_16_any_single_mark_of_a_guest_suffices_and_what_cannot_be_read_is_one(world: World) -> None:
    browser = world.browser()
    marks: list[dict[str, Any]] = [
        {"acct": 1},
        {"acct": "1"},
        {"acct": 2},
        {"acct": True},
        {"acct": [0]},
        {"idp": "live.com"},
        {"idp": "https://sts.windows.net/705bad33-ba4a-40ee-8ef9-2eb1e60b7b83/"},
        {"idp": f"https://sts.windows.net/{TENANT_A}"},
        {"idp": ["https://sts.windows.net/"]},
        {"idp": ""},
        {"upn": "tomas_helios-shipping.example#EXT#@aegeanfoods.onmicrosoft.com"},
        {"preferred_username": "x#ext#@aegeanfoods.example"},
        {"upn": "x_EXT_@aegeanfoods.onmicrosoft.com"},
        {"acct": 0, "idp": "live.com"},
    ]
    for claims in marks:
        refuse_mutation(world, "guest", status=403, page="guest", claims=claims, browser=browser)


def test_uo_16_a_member_with_every_mark_of_a_member_signs_in(world: World) -> None:
    attempt = Attempt.begin(world)
    answer = attempt.at_upstream()
    own = {"acct": 0, "idp": f"https://sts.windows.net/{TENANT_A}/", "upn": ELENI}
    world.control.post("token-mutations", {"claims": own})
    assert let_in(answer.deliver(attempt.browser))


def test_uo_16_a_guest_that_only_graph_knows_of_is_refused_before_an_account_is_made(world: World) -> None:
    world.control.patch(f"users/{ELENI}", {"userType": "Guest"})
    refuse_mutation(world, "guest", status=403, page="guest", drop=["acct"])


def test_uo_16_the_consumer_tenant_is_always_refused(foundation: Foundation, tmp_path: Path) -> None:
    """With the consumers' own key and issuer, at the shared authority, and though guests are admitted."""
    with world_on(foundation, tmp_path / "world", organizations=(ADMITTING, HELIOS_SHIPPING)) as world:
        consumer: dict[str, Any] = {"claims": {"tid": CONSUMERS, "iss": f"{{base_url}}/{CONSUMERS}/v2.0"}, "key": "msa"}
        refuse_mutation(world, "guest", email=None, status=403, page="personal_account", **consumer)
        refuse_mutation(world, "issuer", **consumer)
        # Microsoft's page would not even let the account come back from the authority of work accounts.
        attempt = Attempt.begin(world, None)
        with pytest.raises(SignInStopped):
            attempt.at_upstream(ZOE)


def test_uo_16_where_guests_are_admitted_one_signs_in_and_another_customers_people_do_not(
    foundation: Foundation, tmp_path: Path
) -> None:
    with world_on(foundation, tmp_path / "world", organizations=(ADMITTING, HELIOS_SHIPPING)) as world:
        code = let_in(world.come_back(world.browser(), ZOE, ELENI))
        said = world.userinfo(world.tokens(code).access_token).json()
        assert (said["email"], said["email_verified"]) == (ZOE, False)
        # Whose domain is federated signs in through its own tenant: the rule before all others.
        refuse_person(world, TOMAS, "sso_required", "enforcement", event="enforcement_denied")
        assert world.accounts() == 1
