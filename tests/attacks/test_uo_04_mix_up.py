"""UO-04: the answer of one upstream is completed at another."""

from __future__ import annotations

from typing import Any

from tests.attacks.refusals import refused
from tests.attacks.upstream import EVIL_TENANT, TENANT_A, TENANT_B, TOMAS, Attempt, let_in
from tests.support.world import ELENI, World


def refuse_answer(attempt: Attempt, reason: str, page: str = "login_failed", **fields: str) -> None:
    refused(
        attempt.world,
        lambda: attempt.deliver(**fields),
        browser=attempt.browser,
        status=400,
        page=page,
        reason=reason,
        secrets=attempt.secrets | {fields.get("code", attempt.state)},
    )


def token_requests(world: World) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.control.get("requests")["requests"]
    return [request for request in found if request["path"].endswith("/token")]


def test_uo_04_crossed_answers_of_two_connections_sign_nobody_in(world: World) -> None:
    """One browser, two sign-ins at two customers' tenants, and their answers exchanged on the way back."""
    browser = world.browser()
    one, other = Attempt.begin(world, ELENI, browser), Attempt.begin(world, TOMAS, browser)
    code_of_one, code_of_other = one.at_upstream(ELENI).fields["code"], other.at_upstream(TOMAS).fields["code"]
    refuse_answer(one, "code", "start_again", code=code_of_other)
    refuse_answer(other, "code", "start_again", code=code_of_one)
    asked = [request["path"] for request in token_requests(world)]
    assert asked == [f"/{TENANT_A}/oauth2/v2.0/token", f"/{TENANT_B}/oauth2/v2.0/token"]


def test_uo_04_uncrossed_answers_of_the_same_two_sign_both_in(world: World) -> None:
    browser = world.browser()
    one, other = Attempt.begin(world, ELENI, browser), Attempt.begin(world, TOMAS, browser)
    first, second = one.at_upstream(ELENI), other.at_upstream(TOMAS)
    assert let_in(second.deliver(browser))
    assert let_in(first.deliver(browser))
    assert (world.accounts("aegean-foods"), world.accounts("helios-shipping")) == (1, 1)


def test_uo_04_an_answer_that_names_another_issuer_sends_no_code_anywhere(world: World) -> None:
    browser, host = world.browser(), world.simulator_url
    for issuer in (
        f"{host}/{TENANT_B}/v2.0",
        f"{host}/{EVIL_TENANT}/v2.0",
        f"{host}/{{tenantid}}/v2.0",
        f"{host}/{TENANT_A}/v2.0/",
        f"{host}/{TENANT_A.upper()}/v2.0",
        "https://evil-olives.example",
        "null",
    ):
        attempt = Attempt.begin(world, ELENI, browser)
        code = attempt.at_upstream().fields["code"]
        refuse_answer(attempt, "mixup", code=code, iss=issuer)
    assert token_requests(world) == []


def test_uo_04_an_answer_that_names_the_right_issuer_signs_in(world: World) -> None:
    attempt = Attempt.begin(world)
    code = attempt.at_upstream().fields["code"]
    assert let_in(attempt.deliver(code=code, iss=f"{world.simulator_url}/{TENANT_A}/v2.0"))


def test_uo_04_at_the_shared_authority_answer_and_token_name_one_issuer(world: World) -> None:
    attempt = Attempt.begin(world, None)
    code = attempt.at_upstream(TOMAS).fields["code"]
    refuse_answer(attempt, "mixup", code=code, iss=f"{world.simulator_url}/{TENANT_A}/v2.0")
    again = Attempt.begin(world, None)
    code = again.at_upstream(TOMAS).fields["code"]
    assert let_in(again.deliver(code=code, iss=f"{world.simulator_url}/{TENANT_B}/v2.0"))


def test_uo_04_the_answer_cannot_name_another_redirect_uri_or_endpoint(world: World) -> None:
    """What an answer carries beside its parameters chooses nothing."""
    attempt = Attempt.begin(world)
    code = attempt.at_upstream().fields["code"]
    evil = {
        "redirect_uri": "https://evil-olives.example/callback",
        "token_endpoint": "https://evil-olives.example/token",
        "cloud_instance_host_name": "evil-olives.example",
        "tenant": EVIL_TENANT,
        "client_info": "eyJ1aWQiOiIxIn0",
    }
    assert let_in(attempt.deliver(code=code, **evil))
    (request,) = token_requests(world)
    assert request["path"] == f"/{TENANT_A}/oauth2/v2.0/token"
    assert request["form"]["redirect_uri"] == f"{world.broker_url}/upstream/entra/callback"
