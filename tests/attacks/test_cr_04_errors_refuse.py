"""CR-04: a rule that cannot be decided is taken for no rule. On the road of a sign-in, list by list; operator by
operator it is held in tests/unit/claims.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

from broker.demo.configuration import AEGEAN_FOODS
from tests.attacks.refusals import error_of, refused
from tests.support.offline import KEEPING, introspected, offline, refresh
from tests.support.rules import reconfigure
from tests.support.world import ELENI, Foundation, world_on


def ruled(**rules: Any) -> Mapping[str, Any]:
    return {**AEGEAN_FOODS, "federation": {**AEGEAN_FOODS["federation"], **rules}}


def rule(that: str) -> list[dict[str, str]]:
    return [{"name": "undecided", "that": that}]


def test_cr_04_at_the_sign_in(foundation: Foundation, tmp_path: Path) -> None:
    """No such claim, and its negation; a claim of another type; a field that is shorter than it is taken for."""
    with world_on(foundation, tmp_path / "world") as world:
        for rules in (
            {"require": rule("claims.nothing == 'x'")},
            {"require": rule("claims.nothing != 'x'")},
            {"require": rule("int(claims.name) < 3")},
            {"admit": rule("account.office != '' && account.employee_id.substring(90) == ''")},
        ):
            reconfigure(world, tmp_path / "world/config", ruled(**rules))
            browser = world.browser()
            answer = world.at_upstream(browser, world.to_upstream(browser))
            refused(
                world,
                partial(answer.deliver, browser),
                browser=browser,
                status=400,
                page="login_failed",
                reason="rule_error",
                secrets={answer.fields["code"]},
            )
            assert "organizations/aegean-foods.yaml:" in world.events("upstream_oidc_rejected")[-1]["detail"]


RELEASE: Final = "account.employee_id.substring(90)"


@pytest.mark.parametrize("where", ["id_token", "userinfo", "access_token"])
def test_cr_04_where_claims_are_given(foundation: Foundation, tmp_path: Path, where: str) -> None:
    """The answer that would have lacked the claim is not given at all; the others are."""
    failing = {"name": "undecided", "claim": "desk", "value": RELEASE, "to": [where], "scope": "email"}
    parties = [{**party, "release": [failing]} if party["client_id"] == "keeper" else party for party in KEEPING]
    with world_on(foundation, tmp_path / "world", parties=parties) as world:
        if where == "id_token":
            code = world.code(world.browser(), client_id="keeper", scope="openid email")
            answer = refused(
                world,
                lambda: world.redeem(code, "keeper"),
                status=400,
                error="invalid_grant",
                reason="rule_error",
                event="oauth_rejected",
                secrets={code},
            )
            assert "access_token" not in answer.json()
            return
        kept = offline(world)
        info = world.userinfo(kept["access_token"])
        if where == "userinfo":
            assert (info.status_code, error_of(info)) == (401, "invalid_token")
            assert 'error="invalid_token"' in info.headers["WWW-Authenticate"]
            assert "relying_parties/keeper.yaml:" in world.events("oauth_rejected")[-1]["detail"]
        else:
            assert info.status_code == 200
        assert introspected(world, kept["access_token"])["active"] is (where == "userinfo")
        assert refresh(world, kept["refresh_token"]).status_code == 200


def test_cr_04_what_stands_without_what_it_is_judged_by(foundation: Foundation, tmp_path: Path) -> None:
    """Facts that are gone from the store are unknown, and no facts that fulfil a rule; a new sign-in brings them."""
    with world_on(foundation, tmp_path / "world", parties=KEEPING) as world:
        browser = world.browser()
        kept = offline(world, browser)
        reconfigure(world, tmp_path / "world/config", ruled(require=rule("claims.acct != 1")))
        assert world.userinfo(kept["access_token"]).status_code == 200
        world.around.state.delete("facts", account_of(kept))
        assert world.userinfo(kept["access_token"]).status_code == 401
        assert introspected(world, kept["access_token"]) == {"active": False}
        answer = refresh(world, kept["refresh_token"])
        assert (answer.status_code, error_of(answer)) == (400, "invalid_grant")
        assert {event["reason"] for event in world.events("oauth_rejected")} == {"facts"}
        assert world.to_upstream(browser, ELENI), "the session opens nothing"
        world.signed_in()
        assert world.userinfo(kept["access_token"]).status_code == 200


def account_of(answer: Mapping[str, Any]) -> str:
    """The ``sub`` of an answer's ID token, read without looking at its signature."""
    payload = answer["id_token"].split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(payload + "=="))["sub"])
