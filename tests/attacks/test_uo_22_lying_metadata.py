"""UO-22: the discovery document or the profile lies."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from tests.attacks.refusals import refused
from tests.attacks.upstream import EVIL_TENANT, TENANT_A, TENANT_B, Attempt, let_in
from tests.support.https import LocalHttps
from tests.support.world import ELENI, World

DISCOVERY = "v2.0/.well-known/openid-configuration"


def genuine(world: World, tenant: str = TENANT_A) -> dict[str, Any]:
    document: dict[str, Any] = world.browser().get(f"{world.simulator_url}/{tenant}/{DISCOVERY}", timeout=30).json()
    return document


def lies(world: World, elsewhere: str) -> list[dict[str, Any]]:
    host = world.simulator_url
    right = genuine(world)
    changes: list[dict[str, Any]] = [
        {"issuer": f"{host}/{EVIL_TENANT}/v2.0"},
        {"issuer": f"{host}/{{tenantid}}/v2.0"},
        {"issuer": f"{host}/{TENANT_A}/v2.0/"},
        {"issuer": [f"{host}/{TENANT_A}/v2.0"]},
        {"token_endpoint": f"{elsewhere}/token"},
        {"authorization_endpoint": f"{elsewhere}/authorize"},
        {"jwks_uri": f"{elsewhere}/keys"},
        {"jwks_uri": f"{elsewhere}\\@{host.removeprefix('https://')}/keys"},
        {"token_endpoint": host.replace("https://localhost", "https://LOCALHOST.evil-olives.example") + "/token"},
        {"token_endpoint": f"https://x@{host.removeprefix('https://')}/token"},
        {"token_endpoint": right["token_endpoint"].replace("https:", "http:")},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": "//evil-olives.example/keys"},
        {"jwks_uri": f"{right['jwks_uri']}#x"},
        {"jwks_uri": None},
        {"token_endpoint": {"url": right["token_endpoint"]}},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": f"{right['authorization_endpoint']}\r\nSet-Cookie: a=b"},
        {"cloud_instance_name": ["microsoftonline.com"]},
    ]
    return [{**right, **change} for change in changes]


def test_uo_22_a_document_that_lies_sends_nobody_anywhere(world: World) -> None:
    with LocalHttps() as canary:
        for document in lies(world, canary.origin):
            fault = {"endpoint": "discovery", "body": json.dumps(document), "content_type": "application/json"}
            world.control.post("faults", fault)
            browser = world.browser()
            answer = refused(
                world,
                partial(world.go, browser, world.authorize_url(login_hint=ELENI)),
                browser=browser,
                status=503,
                page="upstream_down",
                reason="metadata",
                event="oauth_rejected",
            )
            assert int(answer.headers["Retry-After"]) > 0
            world.clock.advance(timedelta(seconds=5))
        assert canary.connections == 0
    assert let_in(world.come_back(world.browser())), "and the true one is believed at once"


def test_uo_22_another_tenants_document_in_place_of_the_own_is_refused(world: World) -> None:
    for tenant in (TENANT_B, "organizations"):
        fault = {"endpoint": "discovery", "body": json.dumps(genuine(world, tenant))}
        world.control.post("faults", fault)
        refused(
            world,
            lambda: world.go(world.browser(), world.authorize_url(login_hint="eleni.markou@aegeanfoods.example")),
            status=503,
            page="upstream_down",
            reason="metadata",
            event="oauth_rejected",
        )
    assert let_in(world.come_back(world.browser()))


def test_uo_22_a_true_document_that_begins_to_lie_changes_nothing_for_a_day(world: World) -> None:
    assert let_in(world.come_back(world.browser()))
    for document in lies(world, "https://evil-olives.example")[:6]:
        world.clock.advance(timedelta(hours=2))
        world.control.post("faults", {"endpoint": "discovery", "body": json.dumps(document)})
        attempt = Attempt.begin(world)
        assert attempt.url.startswith(f"{world.simulator_url}/{TENANT_A}/")
        assert let_in(attempt.at_upstream().deliver(attempt.browser))
    assert {event["reason"] for event in world.events("refresh_failed")} == {"metadata"}


@pytest.mark.parametrize(
    ("spoil", "page", "status", "reason"),
    [
        (lambda me: {**me, "id": "11111111-2222-4333-8444-555555555555"}, "login_failed", 400, "subject"),
        (lambda me: {**me, "id": None}, "login_failed", 400, "subject"),
        (lambda me: {**me, "id": [me["id"]]}, "login_failed", 400, "subject"),
        (lambda me: {"value": [me]}, "login_failed", 400, "subject"),
        (lambda me: {**me, "accountEnabled": False}, "account_disabled_upstream", 403, "disabled"),
        (lambda me: {**me, "userType": "Guest"}, "guest", 403, "guest"),
        (lambda me: [me], "directory_busy", 503, "upstream_down"),
    ],
)
def test_uo_22_a_profile_of_somebody_else_makes_no_account(
    world: World, spoil: Callable[[dict[str, Any]], Any], page: str, status: int, reason: str
) -> None:
    me = {
        "id": "ddf3fc9b-9383-4d9f-bb1c-122bf6d836c8",
        "displayName": "Eleni Markou",
        "mail": "eleni.markou@aegeanfoods.example",
        "userType": "Member",
    }
    for document, good in ((spoil(me), False), (me, True)):
        attempt = Attempt.begin(world)
        answer = attempt.at_upstream()
        fault = {"endpoint": "me", "body": json.dumps(document), "content_type": "application/json"}
        world.control.post("faults", fault)
        if good:
            assert let_in(answer.deliver(attempt.browser))
        else:
            refused(
                world,
                partial(answer.deliver, attempt.browser),
                browser=attempt.browser,
                status=status,
                page=page,
                reason=reason,
                secrets=attempt.secrets,
            )
