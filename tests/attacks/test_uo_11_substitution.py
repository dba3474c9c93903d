"""UO-11: a token that was made for something else, or that came through the browser."""

from __future__ import annotations

import json
from typing import Any

from broker.demo.entra.seed import CLIENT_ID, CLIENT_SECRET
from tests.attacks.refusals import refused
from tests.attacks.upstream import (
    EVIL_TENANT,
    MALLORY,
    TENANT_A,
    Attempt,
    OwnKeys,
    genuine_token,
    let_in,
    refuse_mutation,
    refuse_token,
)
from tests.support.world import World

GRAPH = "00000003-0000-0000-c000-000000000000"


def test_uo_11_a_token_for_another_application_is_refused(world: World) -> None:
    browser = world.browser()
    refuse_mutation(world, "audience", preset="wrong_audience", browser=browser)
    for aud in (GRAPH, CLIENT_ID.upper(), f"api://{CLIENT_ID}", f"{CLIENT_ID} {GRAPH}", f"{CLIENT_ID},", "*"):
        refuse_mutation(world, "audience", claims={"aud": aud}, browser=browser)
    lists: list[Any] = [[CLIENT_ID], [CLIENT_ID, GRAPH], [GRAPH], {CLIENT_ID: True}]
    for several in lists:
        refuse_mutation(world, "claims", claims={"aud": several}, browser=browser)
    for azp in (GRAPH, "", [CLIENT_ID], 0):
        refuse_mutation(world, "audience", claims={"azp": azp}, browser=browser)
    assert let_in(world.come_back(browser))


def test_uo_11_the_own_application_as_authorized_party_signs_in(world: World) -> None:
    attempt = Attempt.begin(world)
    answer = attempt.at_upstream()
    world.control.post("token-mutations", {"claims": {"azp": CLIENT_ID}})
    assert let_in(answer.deliver(attempt.browser))


def test_uo_11_an_access_token_is_no_id_token(world: World) -> None:
    form = {
        "grant_type": "client_credentials",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "scope": f"{world.simulator_url}/.default",
    }
    url = f"{world.simulator_url}/{TENANT_A}/oauth2/v2.0/token"
    app_only = world.browser().post(url, data=form, timeout=30).json()
    assert app_only.get("access_token"), app_only
    attempt = Attempt.begin(world)
    refuse_token(attempt, app_only["access_token"], "jose")


def test_uo_11_an_app_only_or_v1_token_is_no_sign_in(world: World) -> None:
    """Rightly signed by the right key, for the right tenant, and still not what was asked for."""
    refuse_mutation(world, "issuer", preset="v1_token", email=None)
    keys, browser = OwnKeys(world), world.browser()
    app_only: list[tuple[dict[str, Any], str]] = [
        ({"idtyp": "app", "nonce": None}, "claims"),
        ({"aud": GRAPH, "idtyp": "app", "scp": "User.Read", "nonce": None}, "claims"),
        ({"aud": GRAPH, "appid": CLIENT_ID, "scp": "User.Read"}, "audience"),
        ({"ver": "1.0"}, "claims"),
        ({"ver": "2.1"}, "claims"),
        ({"ver": "1.0", "iss": f"https://sts.windows.net/{TENANT_A}/"}, "issuer"),
    ]
    for changes, reason in app_only:
        attempt = Attempt.begin(world, browser=browser)
        refuse_token(attempt, keys.sign(attempt, **changes), reason)


def test_uo_11_our_own_id_token_is_no_token_of_the_upstream(world: World) -> None:
    _, tokens = world.signed_in()
    attempt = Attempt.begin(world)
    refuse_token(attempt, tokens.id_token, "kid")


def test_uo_11_a_token_that_the_browser_posts_is_not_read(world: World) -> None:
    """Without a code it signs nobody in; beside a code it changes nothing about whose code it is."""
    attempt = Attempt.begin(world)
    stolen = genuine_token(world, attempt, MALLORY, EVIL_TENANT)
    refused(
        world,
        lambda: attempt.deliver(code="", id_token=stolen, access_token="opaque"),
        browser=attempt.browser,
        status=400,
        page="login_failed",
        reason="upstream_error",
        secrets=attempt.secrets | {stolen},
    )
    again = Attempt.begin(world)
    code = again.at_upstream().fields["code"]
    stolen = genuine_token(world, again, MALLORY, EVIL_TENANT)
    ours = let_in(again.deliver(code=code, id_token=stolen, token=json.dumps({"tid": EVIL_TENANT})))
    assert world.userinfo(world.tokens(ours).access_token).json()["name"] == "Eleni Markou"
    (account,) = world.around.directory.accounts("aegean-foods")
    assert account.subject.authority == TENANT_A
