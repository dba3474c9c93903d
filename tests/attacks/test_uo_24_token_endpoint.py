"""UO-24: the token endpoint is slow, broken, endless, or does not know our secret any more."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from broker.demo.entra.seed import CLIENT_ID
from tests.attacks.refusals import refused, retry_link
from tests.attacks.upstream import Attempt, let_in
from tests.support.https import certificate
from tests.support.world import Foundation, World, world_on

JSON = "application/json"


def token_requests(world: World) -> int:
    return len([one for one in world.control.get("requests")["requests"] if one["path"].endswith("/token")])


def refuse_busy(world: World, page: str, fault: dict[str, Any] | None = None) -> Attempt:
    """One sign-in that ends in the page; the code is sent once, and the way back works."""
    attempt = Attempt.begin(world)
    answer = attempt.at_upstream()
    before = token_requests(world)
    if fault is not None:
        world.control.post("faults", {"endpoint": "token", **fault})
    response = refused(
        world,
        lambda: answer.deliver(attempt.browser),
        browser=attempt.browser,
        status=503,
        page=page,
        reason="upstream_down",
        secrets=attempt.secrets | {answer.fields["code"]},
    )
    assert int(response.headers["Retry-After"]) >= 1
    assert token_requests(world) - before == 1, "a code is sent once"
    assert retry_link(response).startswith("/sign-in/")
    return attempt


@pytest.mark.parametrize(
    ("fault", "page"),
    [
        ({"status": 500}, "directory_busy"),
        ({"status": 503, "retry_after": 17}, "directory_busy"),
        ({"status": 502, "body": "<html><h1>Bad gateway</h1>"}, "directory_busy"),
        ({"status": 429, "retry_after": 30}, "directory_busy"),
        ({"code": 90033}, "directory_busy"),
        ({"body": "<html>Sign in to the hotel network</html>"}, "upstream_down"),
        ({"body": ""}, "upstream_down"),
        ({"body": "[]", "content_type": JSON}, "upstream_down"),
        ({"body": "{}", "content_type": JSON}, "upstream_down"),
        ({"body": json.dumps({"id_token": ["a"]}), "content_type": JSON}, "upstream_down"),
        ({"body": "{" * 5000, "content_type": JSON}, "upstream_down"),
        ({"body_bytes": 3 << 20}, "upstream_down"),
        ({"drop": True}, "upstream_down"),
        ({"status": 302, "headers": {"Location": "https://evil-olives.example/token"}, "body": "x"}, "directory_busy"),
    ],
)
def test_uo_24_a_broken_answer_asks_the_person_to_try_again_and_the_next_try_works(
    world: World, fault: dict[str, Any], page: str
) -> None:
    attempt = refuse_busy(world, page, fault)
    assert let_in(world.come_back(attempt.browser))


def test_uo_24_a_slow_endpoint_is_given_up(foundation: Foundation, tmp_path: Path) -> None:
    settings = {
        "outbound": {
            "ca_bundle": str(certificate()[0]),
            "allowed_private_addresses": ["127.0.0.0/8", "::1/128"],
            "timeout_seconds": 1,
        }
    }
    with world_on(foundation, tmp_path / "world", settings=settings) as world:
        attempt = refuse_busy(world, "upstream_down", {"delay_seconds": 600})
        world.control.delete("faults")
        assert let_in(world.come_back(attempt.browser))


def test_uo_24_an_expired_secret_is_the_operators_alarm_and_not_the_persons_fault(world: World) -> None:
    now = int(world.clock.now().timestamp())
    secret = {"value": "simulated-secret"}
    world.control.patch(f"registrations/{CLIENT_ID}", {"secrets": [{**secret, "expiresAt": now - 1}]})
    refuse_busy(world, "upstream_misconfigured")
    (alarm,) = world.events("upstream_error")
    assert (alarm["level"], alarm["for_operator"], alarm["aadsts"]) == ("error", True, [7000222])
    assert "simulated-secret" not in world.log_text()
    world.control.patch(f"registrations/{CLIENT_ID}", {"secrets": [secret]})
    assert let_in(world.come_back(world.browser()))


def test_uo_24_after_five_failures_the_connection_rests_for_ten_seconds_and_others_do_not(world: World) -> None:
    for _ in range(5):
        refuse_busy(world, "directory_busy", {"status": 503})
    before = token_requests(world)
    browser = world.browser()
    answer = refused(
        world,
        lambda: world.go(browser, world.authorize_url(login_hint="eleni.markou@aegeanfoods.example")),
        browser=browser,
        status=503,
        page="upstream_down",
        reason="upstream_down",
        event="oauth_rejected",
    )
    assert 1 <= int(answer.headers["Retry-After"]) <= 10
    assert token_requests(world) == before
    assert let_in(world.come_back(world.browser(), *["tomas.weiss@helios-shipping.example"] * 2))
    world.clock.advance(timedelta(seconds=10))
    assert let_in(world.come_back(world.browser()))


def test_uo_24_what_people_do_wrong_does_not_rest_the_connection(world: World) -> None:
    for _ in range(6):
        attempt = Attempt.begin(world)
        assert attempt.deliver(code="forged").status_code == 400
    assert let_in(world.come_back(world.browser()))
