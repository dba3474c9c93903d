"""PR-11: somebody is renamed in the directory, and somebody else gets the name that is free now."""

from __future__ import annotations

from pathlib import Path

from broker.demo.configuration import AEGEAN_FOODS, HELIOS_SHIPPING
from tests.support.world import ELENI, Foundation, World, world_on

GIORGOS = "giorgos.papadopoulos@aegeanfoods.example"
RENAMED = "eleni.ladas@aegeanfoods.example"


def signed_in(world: World, person: str) -> str:
    browser = world.browser()
    return str(world.tokens(world.code(browser, person, ELENI)).claims["sub"])


def test_pr_11_the_same_person_keeps_the_account_and_nobody_inherits_it(foundation: Foundation, tmp_path: Path) -> None:
    owned = {"last_name": {"on": "always"}, "display_name": {"on": "always"}}
    aegean = {**AEGEAN_FOODS, "federation": {**AEGEAN_FOODS["federation"], "attributes": owned}}
    with world_on(foundation, tmp_path / "world", organizations=(aegean, HELIOS_SHIPPING)) as world:
        eleni = signed_in(world, ELENI)
        changes = {"userPrincipalName": RENAMED, "mail": RENAMED, "surname": "Ladas", "displayName": "Eleni Ladas"}
        world.control.patch(f"users/{ELENI}", changes)
        world.control.patch(f"users/{GIORGOS}", {"mail": ELENI})
        assert signed_in(world, RENAMED) == eleni, "the object id is the person, whatever the names are"
        giorgos = signed_in(world, GIORGOS)
        assert giorgos != eleni, "an address that was free is nobody's account"
        accounts = {each.id: each for each in world.around.directory.accounts("aegean-foods")}
        assert accounts.keys() == {eleni, giorgos}
        assert (accounts[eleni].last_name, accounts[eleni].display_name) == ("Ladas", "Eleni Ladas")
        assert accounts[eleni].email == accounts[giorgos].email == ELENI, "each as it was when the account was made"
        assert signed_in(world, RENAMED) == eleni
        assert signed_in(world, GIORGOS) == giorgos
        assert "unforeseen_error" not in world.log_text()
