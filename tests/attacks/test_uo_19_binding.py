"""UO-19: a tenant is bound elsewhere, or is bound anew behind people's backs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from broker.demo.configuration import AEGEAN_FOODS, HELIOS_SHIPPING
from broker.federation.findings import ConfigurationRejected
from tests.attacks.refusals import refused
from tests.attacks.upstream import EVIL_TENANT, TENANT_A, TENANT_B, Attempt, OwnKeys, let_in, refuse_token
from tests.support.world import EVIL_OLIVES, Foundation, World, has_session, world_on

STATE_STAYS = {
    "stores": {
        "state": {"kind": "sqlite", "path": "../state.sqlite"},
        "directory": {"kind": "sqlite", "path": "../kept.sqlite"},
    }
}


def bound_to(organization: Any, tenant_id: str) -> dict[str, Any]:
    return {**organization, "federation": {"connection": {"kind": "entra-oidc", "tenant_id": tenant_id}}}


@pytest.mark.parametrize("spelling", [TENANT_A, TENANT_A.upper()])
def test_uo_19_a_tenant_has_one_organization(foundation: Foundation, tmp_path: Path, spelling: str) -> None:
    organizations = (AEGEAN_FOODS, HELIOS_SHIPPING, bound_to(EVIL_OLIVES, spelling))
    with (
        pytest.raises(ConfigurationRejected) as caught,
        world_on(foundation, tmp_path / "world", organizations=organizations),
    ):
        pass
    assert any("tenant" in str(finding) for finding in caught.value.findings)


@pytest.mark.parametrize("domain", ["aegeanfoods.example", "AegeanFoods.Example", "sales.aegeanfoods.example"])
def test_uo_19_a_domain_has_one_organization(foundation: Foundation, tmp_path: Path, domain: str) -> None:
    evil = {**EVIL_OLIVES, "domains": ["evil-olives.example", domain]}
    with (
        pytest.raises(ConfigurationRejected) as caught,
        world_on(foundation, tmp_path / "world", organizations=(AEGEAN_FOODS, HELIOS_SHIPPING, evil)),
    ):
        pass
    assert any("domain" in str(finding) for finding in caught.value.findings)


def test_uo_19_tenants_and_domains_of_their_own_are_fine(foundation: Foundation, tmp_path: Path) -> None:
    organizations = (AEGEAN_FOODS, HELIOS_SHIPPING, EVIL_OLIVES)
    with world_on(foundation, tmp_path / "world", organizations=organizations) as world:
        assert let_in(world.come_back(world.browser()))


def test_uo_19_the_token_of_one_organizations_tenant_finishes_no_sign_in_of_another(world: World) -> None:
    keys = OwnKeys(world)
    foreign = {"tid": TENANT_B, "iss": f"{world.simulator_url}/{TENANT_B}/v2.0"}
    attempt = Attempt.begin(world)
    refuse_token(attempt, keys.sign(attempt, **foreign), "issuer")


def test_uo_19_a_sign_in_that_began_before_the_binding_changed_ends_nowhere(
    foundation: Foundation, tmp_path: Path
) -> None:
    folder = tmp_path / "world"
    with world_on(foundation, folder, settings=STATE_STAYS) as world:
        attempt = Attempt.begin(world)
        code = attempt.at_upstream().fields["code"]
    changed = (bound_to(AEGEAN_FOODS, EVIL_TENANT), HELIOS_SHIPPING)
    with world_on(foundation, folder, settings=STATE_STAYS, organizations=changed) as world:
        attempt.world = world
        refused(
            world,
            lambda: attempt.deliver(code=code),
            browser=attempt.browser,
            status=403,
            page="not_connected",
            reason="disabled",
            secrets=attempt.secrets | {code},
        )


def test_uo_19_sessions_and_tokens_of_the_old_binding_open_nothing_after_a_new_one(
    foundation: Foundation, tmp_path: Path
) -> None:
    folder = tmp_path / "world"
    with world_on(foundation, folder, settings=STATE_STAYS) as world:
        browser, tokens = world.signed_in()
        assert world.go(browser, world.authorize_url(prompt="none")).headers["Location"].startswith("https://app.")
        assert world.userinfo(tokens.access_token).status_code == 200
    with world_on(foundation, folder, settings=STATE_STAYS) as world:  # The twin: a restart ends nothing.
        assert "code=" in world.go(browser, world.authorize_url(prompt="none")).headers["Location"]
        assert "Eleni Markou" in world.go(browser, "/co-workers").text
        assert world.userinfo(tokens.access_token).status_code == 200
    changed = (bound_to(AEGEAN_FOODS, EVIL_TENANT), HELIOS_SHIPPING)
    # Nor do they under the old one when it is back: each binding is an epoch of its own.
    for organizations in (changed, (AEGEAN_FOODS, HELIOS_SHIPPING)):
        with world_on(foundation, folder, settings=STATE_STAYS, organizations=organizations) as world:
            assert has_session(browser)
            silent = world.go(browser, world.authorize_url(prompt="none"))
            assert "error=login_required" in silent.headers["Location"]
            assert world.userinfo(tokens.access_token).status_code == 401
            assert world.go(browser, "/co-workers").status_code == 303, "nobody is signed in"
