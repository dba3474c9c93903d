"""UO-20: a second factor or a fresh sign-in was asked for, and the answer does not have it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from broker.demo.entra.seed import CLIENT_ID
from tests.attacks.refusals import refused
from tests.attacks.upstream import Attempt, let_in
from tests.support.world import Foundation, World, answered, world_on

MFA = "urn:pobuca:acr:mfa"


@pytest.fixture
def strong(foundation: Foundation, tmp_path: Path) -> Iterator[World]:
    """A broker whose applications may ask for a second factor."""
    entra: dict[str, Any] = {
        "authority_host": foundation.simulator.url,
        "graph_host": foundation.simulator.url,
        "client_id": CLIENT_ID,
        "credential": {"kind": "client_secret", "secret": "env:ENTRA_SECRET"},
        "authentication_contexts": {MFA: "c1"},
    }
    with world_on(foundation, tmp_path / "world", settings={"entra": entra}) as made:
        yield made


def refuse_downgrade(world: World, mutation: dict[str, Any], **request: Any) -> None:
    attempt = Attempt.begin(world, **request)
    answer = attempt.at_upstream()
    world.control.post("token-mutations", mutation)
    refused(
        world,
        lambda: answer.deliver(attempt.browser),
        browser=attempt.browser,
        status=303,
        error="unmet_authentication_requirements",
        reason="assurance",
        secrets=attempt.secrets,
    )


def test_uo_20_an_answer_without_the_second_factor_asked_for_is_refused(strong: World) -> None:
    mutations: list[dict[str, Any]] = [
        {"drop": ["acrs"]},
        {"claims": {"acrs": []}},
        {"claims": {"acrs": ["c2"]}},
        {"claims": {"acrs": "c1"}},
        {"claims": {"acrs": {"c1": True}}},
        {"claims": {"acrs": [["c1"]]}},
        {"drop": ["acrs"], "claims": {"acr": MFA, "amr": ["mfa"], "Acrs": ["c1"]}},
    ]
    for mutation in mutations:
        refuse_downgrade(strong, mutation, acr_values=MFA)


def test_uo_20_the_answer_with_it_signs_in_and_says_so(strong: World) -> None:
    code = let_in(strong.come_back(strong.browser(), acr_values=MFA))
    assert strong.tokens(code).claims["acr"] == MFA


def test_uo_20_what_nobody_asked_for_is_not_stated_downstream(strong: World) -> None:
    attempt = Attempt.begin(strong)
    answer = attempt.at_upstream()
    strong.control.post("token-mutations", {"claims": {"acrs": ["c1"], "acr": MFA}})
    claims = strong.tokens(let_in(answer.deliver(attempt.browser))).claims
    assert claims["acr"] == "urn:pobuca:acr:directory"
    assert "amr" not in claims


def test_uo_20_a_class_that_cannot_be_had_is_refused_before_anybody_signs_in(world: World) -> None:
    demand = '{"id_token":{"acr":{"essential":true,"values":["urn:pobuca:acr:mfa"]}}}'
    refused(
        world,
        lambda: world.go(world.browser(), world.authorize_url(claims=demand)),
        status=303,
        error="unmet_authentication_requirements",
        reason="assurance",
        event="oauth_rejected",
    )


def test_uo_20_a_fresh_sign_in_without_a_time_proves_nothing(world: World) -> None:
    for request in ({"max_age": "60"}, {"prompt": "login"}):
        refuse_downgrade(world, {"drop": ["auth_time"]}, **request)


def test_uo_20_an_old_sign_in_is_asked_again_and_then_refused(world: World) -> None:
    world.control.patch(f"registrations/{CLIENT_ID}", {"optionalClaims": ["auth_time"]})
    for request in ({"max_age": "60"}, {"prompt": "login"}):
        browser = world.browser()
        attempt = Attempt.begin(world, browser=browser, **request)
        answer = attempt.at_upstream()
        world.control.post("token-mutations", {"shift": {"auth_time": -3600}})
        response = answer.deliver(browser)
        if "prompt" not in request:  # Once more, by force.
            again = Attempt(world, browser, response.headers["Location"])
            assert again.query["prompt"] == "login"
            answer = again.at_upstream()
            world.control.post("token-mutations", {"shift": {"auth_time": -3600}})
            response = answer.deliver(browser)
        assert answered(response)["error"] == "unmet_authentication_requirements"
    assert world.accounts() == 0
    assert {event["reason"] for event in world.events("upstream_oidc_rejected")} == {"assurance"}


def test_uo_20_a_really_fresh_sign_in_is_accepted(world: World) -> None:
    world.control.patch(f"registrations/{CLIENT_ID}", {"optionalClaims": ["auth_time"]})
    browser, first = world.signed_in()
    world.clock.advance(timedelta(minutes=30))
    code = let_in(world.come_back(browser, prompt="login"))
    second = world.tokens(code).claims
    assert second["auth_time"] - first.claims["auth_time"] == 1800
