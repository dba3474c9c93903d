"""FE-18: an enforcement is undone by what is older: a backup of the directory, a replica, a configuration file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from broker.admission import Gate
from broker.composition.surroundings import live_organizations, open_records, prepare_stores
from broker.demo.configuration import AEGEAN_FOODS, HELIOS_SHIPPING
from broker.errors import SsoRequired
from broker.federation.load import load
from broker.federation.reconciling import NotReconciled
from broker.store.federations import Consent, Enforcement, OrganizationRecord
from broker.store.federations import TestSignIn as SignInTest
from tests.attacks.upstream import TENANT_A
from tests.support.world import ELENI, ENVIRON, Foundation, World, world_on

KEPT: dict[str, Any] = {
    "stores": {
        "state": {"kind": "sqlite", "path": "../state.sqlite"},
        "directory": {"kind": "sqlite", "path": "../kept.sqlite"},
    }
}
TENANT = "0b8d1f4e-6a52-4c1e-9a77-3f8f0c5d7e21"
OBJECT_ID = "7c9e2f5a-51a4-4d0a-9a07-0d3b5b1c0a01"
NOT_FEDERATED = {name: value for name, value in AEGEAN_FOODS.items() if name != "federation"}


def enforce(world: World) -> None:
    """A change of the kind that must not be forgotten, seen by the running broker."""
    federations, now = world.around.records.federations, world.clock.now()
    federations.create_organization(OrganizationRecord("acme", "Acme", "enterprise", None, now))
    federations.connect("acme", Consent(TENANT, "Acme", (), OBJECT_ID, "operator", (), now))
    federations.record_test("acme", TENANT, SignInTest(OBJECT_ID, None, None, now))
    federations.enforce(Enforcement("acme", 0, TENANT, "operator", now))
    world.signed_in()


def copied(source: Path, target: Path) -> None:
    """A backup, or putting one back, as SQLite does it beside a running broker."""
    with closing(sqlite3.connect(source)) as reading, closing(sqlite3.connect(target)) as writing:
        reading.backup(writing)
    target.chmod(0o600)


def gate_of(world: World, folder: Path) -> Gate:
    """As every door of the running broker asks it."""
    configuration = load(folder / "config", environ=ENVIRON, clock=world.clock)
    return Gate(live_organizations(configuration, world.around), world.clock)


@pytest.fixture
def folder(foundation: Foundation, tmp_path: Path) -> Path:
    """Stores in which acme is enforced, and beside them a backup from before that."""
    made = tmp_path / "world"
    with world_on(foundation, made, settings=KEPT) as world:
        copied(made / "kept.sqlite", tmp_path / "backup.sqlite")
        enforce(world)
    return made


def test_fe_18_a_start_on_what_is_there_is_no_roll_back(foundation: Foundation, folder: Path) -> None:
    with world_on(foundation, folder, settings=KEPT) as world:
        world.signed_in()


def test_fe_18_an_older_directory_refuses_the_start(foundation: Foundation, folder: Path, tmp_path: Path) -> None:
    copied(tmp_path / "backup.sqlite", folder / "kept.sqlite")
    for _ in range(2):
        with (
            pytest.raises(NotReconciled, match="--accept-rollback"),
            world_on(foundation, folder, settings=KEPT),
        ):
            pass


def test_fe_18_an_operator_may_accept_it_and_that_is_in_the_trail(
    foundation: Foundation, folder: Path, tmp_path: Path
) -> None:
    copied(tmp_path / "backup.sqlite", folder / "kept.sqlite")
    configuration = load(folder / "config", environ=ENVIRON, clock=foundation.clock)
    notices = prepare_stores(configuration, foundation.clock, accept_rollback=True)
    assert [notice.event for notice in notices] == ["rollback_accepted"]
    with closing(open_records(configuration)) as records:
        entry = records.audit.entries()[-1].entry
        assert (entry.event, entry.actor) == ("rollback_accepted", "operator")
        assert records.audit.first_broken() is None
    with world_on(foundation, folder, settings=KEPT) as world:
        world.signed_in()


def test_fe_18_a_directory_that_goes_back_while_the_broker_runs_lets_nobody_in(
    foundation: Foundation, folder: Path, tmp_path: Path
) -> None:
    with world_on(foundation, folder, settings=KEPT) as world:
        browser, tokens = world.signed_in()
        copied(tmp_path / "backup.sqlite", folder / "kept.sqlite")
        assert world.go(world.browser(), world.authorize_url(login_hint=ELENI)).status_code == 503
        assert "code=" not in world.go(browser, world.authorize_url(prompt="none")).headers.get("Location", "")
        assert world.userinfo(tokens.access_token).status_code != 200
        assert world.events("directory_rolled_back")


@pytest.mark.parametrize(
    "organizations", [(NOT_FEDERATED, HELIOS_SHIPPING), ({**NOT_FEDERATED, "plan": "standard"}, HELIOS_SHIPPING)]
)
def test_fe_18_an_older_file_leaves_enforced_what_was_enforced(
    foundation: Foundation, folder: Path, organizations: tuple[dict[str, Any], ...]
) -> None:
    with world_on(foundation, folder, settings=KEPT, organizations=organizations) as world:
        browser = world.browser()
        assert TENANT_A in world.to_upstream(browser)
        with pytest.raises(SsoRequired):
            gate_of(world, folder).require_open(ELENI)


def test_fe_18_a_federation_that_an_operator_disconnected_is_open_again(foundation: Foundation, folder: Path) -> None:
    """The positive twin: what stays enforced does so by its record, and not for ever."""
    organizations = (NOT_FEDERATED, HELIOS_SHIPPING)
    with world_on(foundation, folder, settings=KEPT, organizations=organizations) as world:
        world.around.records.federations.disconnect("aegean-foods", "operator", world.clock.now())
        gate_of(world, folder).require_open(ELENI)
        assert TENANT_A not in world.go(world.browser(), world.authorize_url(login_hint=ELENI)).headers["Location"]


def test_fe_18_the_rules_of_an_enforced_organization_do_not_go_with_its_file(
    foundation: Foundation, tmp_path: Path
) -> None:
    rule = {"name": "staff", "that": "identity.email_domain == 'aegeanfoods.example'", "otherwise": "not_staff"}
    ruled = {**AEGEAN_FOODS, "federation": {**AEGEAN_FOODS["federation"], "admit": [rule]}}
    made = tmp_path / "world"
    with world_on(foundation, made, organizations=[ruled, HELIOS_SHIPPING]):
        pass
    file = made / "config" / "organizations" / "aegean-foods.yaml"
    whole = file.read_text()
    file.unlink()
    without = load(made / "config", environ=ENVIRON, clock=foundation.clock)
    for _ in range(2):  # A refused start has forgotten nothing.
        with pytest.raises(NotReconciled, match=r"aegean-foods: .*`broker org disconnect aegean-foods`"):
            prepare_stores(without, foundation.clock)

    file.write_text(whole)
    prepare_stores(load(made / "config", environ=ENVIRON, clock=foundation.clock), foundation.clock)
    notices = prepare_stores(without, foundation.clock, accept_rollback=True)
    assert ("rollback_accepted", "rules") in [(notice.event, notice.reason) for notice in notices]
    with closing(open_records(without)) as records:
        latest = records.audit.latest("aegean-foods", "rollback_accepted")
    assert latest is not None
    assert (latest.entry.actor, latest.entry.detail) == ("operator", {"lost": "rules"})
