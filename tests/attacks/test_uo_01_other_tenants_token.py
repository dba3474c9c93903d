"""UO-01: the shared key set verifies the tokens of every tenant; one of another tenant arrives at an organisation."""

from __future__ import annotations

from pathlib import Path

from broker.demo.configuration import HELIOS_SHIPPING
from tests.attacks.refusals import refused
from tests.attacks.upstream import (
    EVIL_TENANT,
    MALLORY,
    TENANT_A,
    TENANT_B,
    TOMAS,
    Attempt,
    genuine_token,
    let_in,
    path_of,
    refuse_mutation,
    refuse_token,
)
from tests.support.world import ELENI, Foundation, World, world_on


def test_uo_01_a_genuine_token_of_the_attackers_tenant_is_refused(world: World) -> None:
    attempt = Attempt.begin(world)
    refuse_token(attempt, genuine_token(world, attempt, MALLORY, EVIL_TENANT), "issuer")


def test_uo_01_a_genuine_token_of_another_customer_is_refused(world: World) -> None:
    attempt = Attempt.begin(world)
    refuse_token(attempt, genuine_token(world, attempt, TOMAS, TENANT_B), "issuer")


def test_uo_01_a_genuine_token_of_the_own_tenant_signs_in(world: World) -> None:
    attempt = Attempt.begin(world)
    # The access token must be genuine as well, since the profile is read with it: so Eleni has signed in before.
    world.signed_in()
    assert let_in(attempt.deliver_token(genuine_token(world, attempt, ELENI, TENANT_A)))


def test_uo_01_the_code_of_another_tenant_is_worth_nothing(world: World) -> None:
    """The browser exchanges the tenant in the address at Microsoft and leaves all else as it was."""
    attempt = Attempt.begin(world)
    answer = world.at_upstream(attempt.browser, path_of(EVIL_TENANT, attempt.url), MALLORY)
    refused(
        world,
        lambda: answer.deliver(attempt.browser),
        browser=attempt.browser,
        status=400,
        page="start_again",
        reason="code",
        secrets={*attempt.secrets, answer.fields["code"]},
    )


def test_uo_01_issuer_and_tenant_must_both_be_the_bound_ones(world: World) -> None:
    browser = world.browser()
    for claims in (
        {"iss": f"{{base_url}}/{EVIL_TENANT}/v2.0", "tid": EVIL_TENANT},
        {"iss": f"{{base_url}}/{TENANT_A}/v2.0", "tid": EVIL_TENANT},
        {"iss": f"{{base_url}}/{EVIL_TENANT}/v2.0", "tid": TENANT_A},
        {"iss": f"{{base_url}}/{EVIL_TENANT}/v2.0", "tid": TENANT_A, "idp": f"{{base_url}}/{TENANT_A}/v2.0"},
        {"iss": f"{{base_url}}/{TENANT_B}/v2.0", "tid": TENANT_B.upper()},
    ):
        refuse_mutation(world, "issuer", browser=browser, claims=claims)
    assert let_in(world.come_back(browser))


def test_uo_01_a_tenant_that_is_no_text_is_none(world: World) -> None:
    browser = world.browser()
    for tid in ([TENANT_A], {"tid": TENANT_A}, None, "", 0):
        refuse_mutation(world, "claims", browser=browser, claims={"tid": tid})


def test_uo_01_at_the_shared_authority_a_tenant_nobody_is_bound_to_signs_nobody_in(world: World) -> None:
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


def test_uo_01_at_the_shared_authority_each_tenant_leads_to_its_own_organisation(world: World) -> None:
    code = let_in(world.come_back(world.browser(), TOMAS, None))
    assert world.userinfo(world.tokens(code).access_token).status_code == 200
    assert (world.accounts("helios-shipping"), world.accounts("aegean-foods")) == (1, 0)


def test_uo_01_an_organisation_without_a_bound_tenant_signs_nobody_in(foundation: Foundation, tmp_path: Path) -> None:
    unbound = {
        "organization": "aegean-foods",
        "display_name": "Aegean Foods",
        "plan": "enterprise",
        "domains": ["aegeanfoods.example"],
    }
    with world_on(foundation, tmp_path / "world", organizations=(unbound, HELIOS_SHIPPING)) as world:
        attempt = Attempt.begin(world, None)  # Her address would lead to the password page.
        answer = attempt.at_upstream(ELENI)
        refused(
            world,
            lambda: answer.deliver(attempt.browser),
            browser=attempt.browser,
            status=403,
            page="not_connected",
            reason="binding",
            secrets=attempt.secrets,
        )
