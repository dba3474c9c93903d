"""Claim rules on the road of a sign-in: what they refuse, what applications get, and what a changed rule does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from broker.demo.configuration import AEGEAN_FOODS, HELIOS_SHIPPING
from tests.attacks.refusals import page_code
from tests.support.offline import KEEPING, introspected, refresh
from tests.support.rules import reconfigure
from tests.support.world import Foundation, World, answered, has_session, world_on

STAFF: Final = "0d6c1c0e-5a0f-4a1b-9a55-7d2f8f3f6b11"
CRETE_SALES: Final = "c1f7e0c2-44b8-4d43-8a0d-0f6f4d7d2a90"
NEWSLETTER: Final = "6f9f7c3e-2d4b-4c55-9d0a-5a1d5f0c7e21"
IOANNA: Final = "ioanna.stathi@aegeanfoods.example"
GIORGOS: Final = "giorgos.papadopoulos@aegeanfoods.example"
NIKOS: Final = "nikos.petrou@aegeanfoods.example"
TOMAS: Final = "tomas.weiss@helios-shipping.example"

IN_GREEK: Final = "Η Ιωάννα <b>δεν</b> μπαίνει από εδώ."
REQUIRE: Final = {
    "name": "not-ioanna",
    "that": f'upstream.email != "{IOANNA}"',
    "otherwise": "not_ioanna",
    "message": {"en": "Ioanna does not come in here.", "el": IN_GREEK},
}
ADMIT: Final = {"name": "staff-only", "that": f'"{STAFF}" in identity.groups', "otherwise": "not_staff"}
SETS: Final = (
    {
        "claim_rules": "corporate",
        "description": "What every application may know of a person's place in the company.",
        "release": [
            {
                "name": "roles",
                "claim": "roles",
                "value": 'lookup_all("app-roles", identity.groups)',
                "to": ["id_token", "userinfo", "access_token"],
            },
        ],
        "maps": {"app-roles": {STAFF: "reader", CRETE_SALES: ["writer", "reader"]}},
    },
)
OWN: Final = [
    {"name": "no-e-mail", "claim": "email", "when": 'identity.organization == "helios-shipping"'},
    {"name": "team", "claim": "team", "value": "account.department", "scope": "organization", "optional": True},
    {"name": "who-asks", "claim": "asked_by", "value": "application.client_id", "scope": "address"},
]
STRICT: Final = [{"name": "desk", "claim": "desk", "value": "account.office", "to": ["id_token"]}]


def aegean(*, require: list[Any] | None = None, admit: list[Any] | None = None) -> dict[str, Any]:
    """Aegean Foods with rules."""
    rules = {"require": require, "admit": admit}
    return {
        **AEGEAN_FOODS,
        "federation": {**AEGEAN_FOODS["federation"], **{name: each for name, each in rules.items() if each}},
    }


def parties() -> list[dict[str, Any]]:
    """The usual applications; some of them have rules."""
    more: dict[str, dict[str, Any]] = {
        "sample": {"claim_rules": ["corporate"], "release": OWN},
        "other": {"release": STRICT},
        "keeper": {"claim_rules": ["corporate"]},
    }
    return [{**party, **more.get(party["client_id"], {})} for party in KEEPING]


@pytest.fixture
def world(foundation: Foundation, tmp_path: Path) -> Iterator[World]:
    with world_on(
        foundation,
        tmp_path / "world",
        organizations=(aegean(require=[REQUIRE], admit=[ADMIT]), HELIOS_SHIPPING),
        parties=parties(),
        claim_rules=SETS,
    ) as made:
        yield made


def test_rules_refuse_at_the_sign_in_with_their_own_words_and_their_place_in_the_log(world: World) -> None:
    browser = world.browser()
    page = world.come_back(browser, IOANNA, IOANNA, ui_locales="el")
    assert (page.status_code, page_code(page)) == (403, "rule_refused")
    assert "Η Ιωάννα &lt;b&gt;δεν&lt;/b&gt; μπαίνει από εδώ." in page.text
    assert not has_session(browser)
    [line] = world.events("upstream_oidc_rejected")
    assert (line["reason"], line["code"]) == ("not_ioanna", "not_allowed")
    assert "require" in line["detail"]
    assert "not-ioanna" in line["detail"]
    assert "organizations/aegean-foods.yaml:" in line["detail"]

    world.control.post(f"users/{GIORGOS}/groups", {"remove": [STAFF], "add": [NEWSLETTER]})
    page = world.come_back(world.browser(), GIORGOS, GIORGOS)
    assert (page.status_code, page_code(page)) == (403, "rule_refused")
    assert "A rule of your organisation does not let this account in." in page.text
    line = world.events("upstream_oidc_rejected")[-1]
    assert line["reason"] == "not_staff"
    assert "admit" in line["detail"]
    assert "staff-only" in line["detail"]
    assert world.accounts() == 0, "nothing is written of somebody who is not let in"

    # Too many groups for the token, and Graph does not say: unknown is not "in no group", and it is not "in this one".
    world.control.post("faults", {"endpoint": "getMemberObjects", "status": 503})
    page = world.come_back(world.browser(), NIKOS, NIKOS)
    assert (page.status_code, page_code(page)) == (400, "login_failed")
    assert world.events("upstream_oidc_rejected")[-1]["reason"] == "rule_error"
    assert world.accounts() == 0
    assert answered(world.come_back(world.browser(), TOMAS, TOMAS))["code"], "no matter of another organisation"
    assert STAFF not in world.log_text()


def test_applications_get_what_their_rules_make(world: World) -> None:
    _, tokens = world.signed_in(scope="openid profile email organization")
    assert tokens.claims["roles"] == ["reader", "writer"]
    assert not {"team", "email", "asked_by"} & tokens.claims.keys()
    info = world.userinfo(tokens.access_token).json()
    assert (info["roles"], info["team"], info["name"]) == (["reader", "writer"], "Sales", "Eleni Markou")
    assert "email" not in info, "a rule on it does not hold, whatever the scope says"
    assert "asked_by" not in info, "its scope was not asked for"
    assert info["email_verified"] is not None

    _, tokens = world.signed_in(claims='{"userinfo": {"asked_by": null, "email": null, "roles": null}}', scope="openid")
    info = world.userinfo(tokens.access_token).json()
    assert info["asked_by"] == "sample", "asked for by name"
    assert info["roles"] == ["reader", "writer"]
    assert "email" not in info
    assert "roles" not in tokens.claims, "profile was not asked for, nor the claim in the ID token"

    # A claim that cannot be made refuses the whole answer; Eleni has an office, and Ioanna would have none.
    code = world.code(world.browser(), client_id="other", redirect_uri="https://other.pobuca.example/callback")
    assert world.tokens(code, "other").claims["desk"] == "Heraklion, 2nd floor"


def test_a_changed_rule_acts_at_once_on_all_that_was_given_out_before(world: World, tmp_path: Path) -> None:
    browser = world.browser()
    code = world.code(browser, client_id="keeper", scope="openid profile offline_access")
    kept = world.redeem(code, "keeper").json()
    assert introspected(world, kept["access_token"])["active"] is True
    assert introspected(world, kept["access_token"])["roles"] == ["reader", "writer"]
    kept = refresh(world, kept["refresh_token"]).json()
    assert world.verified(kept["id_token"])["roles"] == ["reader", "writer"]
    code = answered(world.go(browser, world.authorize_url()))["code"]

    nobody = ADMIT | {"that": "identity.is_guest"}
    reconfigure(world, tmp_path / "world/config", aegean(require=[REQUIRE], admit=[nobody]))
    earlier = len(world.events("oauth_rejected"))
    answer = refresh(world, kept["refresh_token"])
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert world.userinfo(kept["access_token"]).status_code == 401
    assert introspected(world, kept["access_token"]) == {"active": False}
    answer = world.redeem(code)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    silent = answered(world.go(browser, world.authorize_url(prompt="none")))
    assert silent["error"] == "login_required"
    assert 'id="sign-out"' not in world.go(browser, "/").text, "nor our own pages"
    reasons = [event["reason"] for event in world.events("oauth_rejected")[earlier:]]
    assert reasons[:4] == ["not_staff"] * 4
    page = world.come_back(browser)
    assert page_code(page) == "rule_refused"

    # And the other way: what was not spent meanwhile is good again, for everybody whom the rules let in.
    reconfigure(world, tmp_path / "world/config", aegean(require=[REQUIRE]))
    assert refresh(world, kept["refresh_token"]).status_code == 200
    assert world.userinfo(kept["access_token"]).status_code == 200
    assert "code" in answered(world.go(browser, world.authorize_url(prompt="none")))
