"""CR-08: a rule of one organisation acts on another, or an application gets what another's rules give."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from broker.demo.configuration import AEGEAN_FOODS, HELIOS_SHIPPING
from tests.attacks.upstream import TOMAS, Attempt, let_in
from tests.support.world import ELENI, PARTIES, Foundation, World, answered, world_on

STAFF: Final = "0d6c1c0e-5a0f-4a1b-9a55-7d2f8f3f6b11"
PETRA: Final = "petra.lang@helios-shipping.example"
NOT_TOMAS: Final = {"name": "not-tomas", "that": 'identity.email != "tomas.weiss@helios-shipping.example"'}
ROLES: Final = {
    "name": "roles",
    "claim": "roles",
    "value": 'lookup_all("app-roles", identity.groups)',
    "when": 'identity.organization == "aegean-foods"',
}
SETS: Final = ({"claim_rules": "roles", "release": [ROLES], "maps": {"app-roles": {STAFF: "administrator"}}},)


def closed(organization: Any) -> dict[str, Any]:
    return {**organization, "federation": {**organization["federation"], "admit": [NOT_TOMAS]}}


def signed_in_with(world: World, person: str, claims: dict[str, Any]) -> dict[str, Any]:
    """What UserInfo says of a person whose directory puts these claims into the token."""
    attempt = Attempt.begin(world, person)
    answer = attempt.at_upstream(person)
    world.control.post("token-mutations", {"claims": claims})
    tokens = world.tokens(let_in(answer.deliver(attempt.browser)))
    return dict(world.userinfo(tokens.access_token).json())


def test_cr_08_rules_act_on_the_people_of_their_organisation_only(foundation: Foundation, tmp_path: Path) -> None:
    organizations = (AEGEAN_FOODS, closed(HELIOS_SHIPPING))
    parties = [{**party, "claim_rules": ["roles"]} if party["client_id"] == "sample" else party for party in PARTIES]
    with world_on(
        foundation, tmp_path / "world", organizations=organizations, parties=parties, claim_rules=SETS
    ) as world:
        assert world.come_back(world.browser(), TOMAS, TOMAS).status_code == 403
        assert world.events("upstream_oidc_rejected")[-1]["reason"] == "not_tomas"
        browser = world.browser()
        assert "code" in answered(world.come_back(browser))
        # Nor on somebody who stands: Eleni's session is judged by her own organisation's rules.
        assert "code" in answered(world.go(browser, world.authorize_url(prompt="none")))

        # A directory that names another one's group gives no role where the rule says whose groups it means.
        assert signed_in_with(world, ELENI, {"groups": [STAFF]})["roles"] == ["administrator"]
        assert "roles" not in signed_in_with(world, PETRA, {"groups": [STAFF]})


def test_cr_08_an_application_gets_what_its_own_file_allows(foundation: Foundation, tmp_path: Path) -> None:
    """Neither a scope nor the ``claims`` parameter brings another application's claims, nor one out of its scopes."""
    limited = {"claim_rules": ["roles"], "scopes": ["openid", "email"]}
    rules = {"sample": {"claim_rules": ["roles"]}, "other": {}, "phone": limited}
    parties = [{**party, **rules.get(party["client_id"], {})} for party in PARTIES]
    asked = json.dumps({"userinfo": {"roles": None}, "id_token": {"roles": None}})
    with world_on(foundation, tmp_path / "world", parties=parties, claim_rules=SETS) as world:
        given = {}
        for client_id in rules:
            code = world.code(world.browser(), client_id=client_id, claims=asked, scope="openid profile")
            tokens = world.tokens(code, client_id)
            given[client_id] = (world.userinfo(tokens.access_token).json().get("roles"), tokens.claims.get("roles"))
        assert given == {"sample": (["administrator"], None), "other": (None, None), "phone": (None, None)}
