"""UO-23: an error comes back with script in it, with line breaks, with a code, or without a valid state."""

from __future__ import annotations

import json
from functools import partial

import pytest
import requests

from tests.attacks.refusals import refused
from tests.attacks.upstream import CALLBACK, Attempt, let_in
from tests.support.world import World, has_session

SCRIPT = "<script>alert(document.domain)</script>"
BREAKS = 'x\r\n{"event": "signed_in", "org": "aegean-foods"}\r\nSet-Cookie: __Host-session=x\u2028\x1b[2J\x00'


def refuse_error(world: World, page: str = "login_failed", **fields: str) -> requests.Response:
    attempt = Attempt.begin(world)
    before = len(world.events())
    answer = refused(
        world,
        lambda: attempt.deliver(**{"code": "", **fields}),
        browser=attempt.browser,
        status=400,
        page=page,
        reason="upstream_error",
        secrets=attempt.secrets,
    )
    # However many lines there are in what was sent, each event is one line.
    assert len([line for line in world.log_text().splitlines() if line.startswith("{")]) == len(world.events())
    assert [event["event"] for event in world.events()[before:]] == ["upstream_error", "upstream_oidc_rejected"]
    return answer


@pytest.mark.parametrize(
    "text", [SCRIPT, BREAKS, "é" * 3000, "{{7*7}}${7*7}%0d%0a", "AADSTS" + "9" * 5000, "\U0001f512" * 500]
)
def test_uo_23_what_the_upstream_says_is_never_shown_and_is_logged_in_one_short_line(world: World, text: str) -> None:
    for fields in (
        {"error": text[:8000], "error_description": text[:8000]},
        {"error": "server_error_", "error_description": text[:8000], "session_state": text[:8000]},
    ):
        answer = refuse_error(world, **fields)
        assert text[:12] not in answer.text
        noted = world.events("upstream_error")[-1]
        assert len(noted["upstream_text"]) <= 200
        assert all(character.isprintable() for character in noted["upstream_text"])
        for name, value in answer.headers.items():
            assert "\n" not in value, name
        assert "__Host-session" not in json.dumps(dict(answer.headers))


def test_uo_23_an_error_by_get_is_treated_as_one_by_post(world: World) -> None:
    attempt = Attempt.begin(world)
    query = {"state": attempt.state, "error": "access_denied", "error_description": f"AADSTS65004: {SCRIPT}"}
    answer = refused(
        world,
        lambda: attempt.browser.get(world.broker_url + CALLBACK, params=query, allow_redirects=False, timeout=30),
        browser=attempt.browser,
        status=400,
        page="consent_declined",
        reason="upstream_error",
        secrets=attempt.secrets,
    )
    assert "script>alert" not in answer.text


def test_uo_23_a_code_beside_an_error_is_not_redeemed(world: World) -> None:
    for error in ("access_denied", "server_error", " ", "0"):
        attempt = Attempt.begin(world)
        code = attempt.at_upstream().fields["code"]
        refused(
            world,
            partial(attempt.deliver, code=code, error=error),
            browser=attempt.browser,
            status=400,
            page="login_failed",
            reason="upstream_error",
            secrets=attempt.secrets | {code},
        )
    asked = [one["path"] for one in world.control.get("requests")["requests"]]
    assert not [path for path in asked if path.endswith("/token")]


def test_uo_23_the_state_is_looked_at_before_the_error(world: World) -> None:
    """A stranger who makes errors up chooses no words and ends nobody's sign-in."""
    attempt = Attempt.begin(world)
    code = attempt.at_upstream().fields["code"]
    for state, page in (("forged", "start_again"), ("", "bad_request")):
        browser = world.browser()
        refused(
            world,
            partial(
                attempt.deliver,
                browser,
                state=state,
                code="",
                error="consent_required",
                error_description="AADSTS65001: no",
            ),
            browser=browser,
            status=400,
            page=page,
            reason="state",
            secrets=attempt.secrets,
        )
    assert world.events("upstream_error") == []
    assert let_in(attempt.deliver(code=code))


def test_uo_23_a_made_up_error_never_looks_like_a_fault_of_ours(world: World) -> None:
    """Whatever a browser says, the circuit breaker counts only what the broker itself was told."""
    for error in ("invalid_client", "invalid_scope", "invalid_request", "unsupported_response_type") * 2:
        answer = refuse_error(world, "upstream_misconfigured", error=error)
        assert answer.status_code == 400
    browser = world.browser()
    assert let_in(world.come_back(browser))
    assert has_session(browser)
