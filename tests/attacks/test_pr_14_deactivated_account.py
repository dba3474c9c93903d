"""PR-14: a deactivated account that comes back, or goes on, by any door; and personal data in the log of it."""

from __future__ import annotations

import json
from functools import partial

from tests.attacks.answers import ALWAYS_SECRET, next_code, page_refused, party_refused, token_refused
from tests.attacks.refusals import require_no_secret
from tests.support.world import ELENI, World, answered, has_session


def _set_active(world: World, active: bool) -> str:
    (account,) = world.around.directory.accounts("aegean-foods")
    assert world.around.directory.set_active(account.id, active)
    return account.id


def test_pr_14_a_deactivated_account_is_not_made_anew_by_a_sign_in(world: World) -> None:
    world.signed_in()
    account_id = _set_active(world, False)
    for email in (ELENI, None):
        browser = world.browser()
        answer = world.at_upstream(browser, world.to_upstream(browser, email))
        page_refused(
            world,
            partial(answer.deliver, browser),
            "disabled",
            page="account_disabled",
            status=403,
            event="upstream_oidc_rejected",
            browser=browser,
            secrets=list(answer.fields.values())[:1],
        )
        assert not has_session(browser)
    (account,) = world.around.directory.accounts("aegean-foods")
    assert (account.id, account.active) == (account_id, False)
    _set_active(world, True)
    _, tokens = world.signed_in()
    assert tokens.claims["sub"] == account_id


def test_pr_14_changes_of_name_and_address_are_no_way_round(world: World) -> None:
    world.signed_in()
    _set_active(world, False)
    renamed = "new.name@aegeanfoods.example"
    world.control.patch(f"users/{ELENI}", {"userPrincipalName": renamed, "mail": renamed, "displayName": "New Name"})
    browser = world.browser()
    answer = world.at_upstream(browser, world.to_upstream(browser, renamed), renamed)
    page_refused(
        world,
        partial(answer.deliver, browser),
        "disabled",
        page="account_disabled",
        status=403,
        event="upstream_oidc_rejected",
        browser=browser,
    )
    assert world.accounts() == 1


def test_pr_14_everything_that_was_open_closes_at_once(world: World) -> None:
    browser, tokens = world.signed_in()
    code = next_code(world, browser)
    _set_active(world, False)
    url = world.authorize_url(prompt="none")
    party_refused(world, partial(world.go, browser, url), "login_required", "prompt", browser=browser)
    token_refused(world, partial(world.redeem, code), "invalid_grant", "disabled", secrets=[code])
    attack = partial(world.userinfo, tokens.access_token)
    token_refused(world, attack, "invalid_token", "disabled", status=401, secrets=[tokens.access_token])
    assert 'id="signed-in"' not in world.go(browser, "/").text
    assert world.go(browser, "/co-workers").status_code == 303
    (account,) = world.around.directory.accounts("aegean-foods")
    assert world.go(browser, f"/co-workers/{account.id}/photo").status_code == 404
    _set_active(world, True)
    assert "code" in answered(world.go(browser, url))
    assert world.userinfo(tokens.access_token).status_code == 200


def test_pr_14_the_log_knows_people_by_account_id_only(world: World) -> None:
    giorgos = "giorgos.papadopoulos@aegeanfoods.example"
    browser, tokens = world.signed_in(giorgos)
    world.go(browser, "/co-workers")
    _set_active(world, False)
    again = world.browser()
    assert world.at_upstream(again, world.to_upstream(again, giorgos), giorgos).deliver(again).status_code == 403
    wrong = world.authorize_url(login_hint=giorgos, state=giorgos, client_id="nobody")
    assert world.go(again, wrong).status_code == 400
    said = world.userinfo(tokens.access_token)
    assert said.status_code == 401
    personal = ("giorgos", "papadopoulos", "Γιώργος", "Παπαδόπουλος", "Υπεύθυνος", "Ηράκλειο")
    escaped = tuple(json.dumps(word)[1:-1] for word in personal)
    require_no_secret(world.log_text(), (*personal, *escaped, *ALWAYS_SECRET))
    assert world.events("signed_in")[0]["account"] == tokens.claims["sub"]
