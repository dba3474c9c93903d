"""UO-09: the key document is poisoned or broken; and a key is taken out of it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from tests.attacks.refusals import refused
from tests.attacks.upstream import TENANT_A, Attempt, let_in, refuse_mutation
from tests.support.jose import ec_key, public, rsa_key
from tests.support.world import World


def broken_documents(good: dict[str, Any]) -> list[dict[str, Any]]:
    """Faults of the keys endpoint. Each document holds the good keys as well, wherever it can."""
    keys = good["keys"]
    weak = public(rsa_key("weak", 1024))
    private = json.loads(rsa_key("attack-1").export_private())

    def document(*more: Any) -> dict[str, Any]:
        return {"body": json.dumps({"keys": [*keys, *more]}), "content_type": "application/json"}

    return [
        {"status": 500, "body": "<html>oops</html>"},
        {"body": "<html>Sign in to the hotel network</html>"},
        {"body_bytes": 3 << 20},
        {"drop": True},
        {"body": json.dumps({"keys": []})},
        {"body": json.dumps(keys)},
        document(weak),
        document({"kty": "oct", "kid": "symmetric", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"}),
        document({**public(rsa_key("attack-1")), "use": "enc"}),
        document({**public(ec_key("ec-1")), "kid": keys[0]["kid"]}),
        document({**private, "kid": "private"}),
    ]


def test_uo_09_a_broken_document_is_refused_and_the_last_good_one_stays_for_a_day(world: World) -> None:
    """Every two hours a renewal, every one of them broken in another way, and every sign-in works on."""
    assert let_in(world.come_back(world.browser()))
    good = world.browser().get(f"{world.simulator_url}/{TENANT_A}/discovery/v2.0/keys", timeout=30).json()
    for number, fault in enumerate(broken_documents(good), 1):
        world.clock.advance(timedelta(hours=2))
        world.control.post("faults", {"endpoint": "keys", **fault})
        assert let_in(world.come_back(world.browser())), fault
        alarms = [event for event in world.events("refresh_failed") if event["reason"] == "jwks"]
        assert len(alarms) == number, fault
        assert alarms[-1]["last_good"] is True
        assert alarms[-1]["level"] == "error"
    world.clock.advance(timedelta(hours=2))
    attempt = Attempt.begin(world)
    answer = attempt.at_upstream()
    world.control.post("faults", {"endpoint": "keys", "body": "{}", "count": 2})
    refused(
        world,
        lambda: answer.deliver(attempt.browser),
        browser=attempt.browser,
        status=503,
        page="upstream_down",
        reason="jwks",
        secrets=attempt.secrets,
    )
    world.control.delete("faults")
    world.clock.advance(timedelta(minutes=5))
    assert let_in(world.come_back(world.browser()))


def test_uo_09_a_withdrawn_key_stops_working_within_the_refresh_time(world: World) -> None:
    keys = world.control.get("keys")["keys"]
    old = next(key["kid"] for key in keys if key["owner"] == "entra" and key["active"])
    new = next(key["kid"] for key in keys if key["owner"] == "entra" and not key["active"])
    assert let_in(world.come_back(world.browser()))
    world.control.patch(f"keys/{new}", {"active": True})
    world.control.patch(f"keys/{old}", {"published": False})
    world.clock.advance(timedelta(hours=2))
    refuse_mutation(world, "kid", key=old)
    assert let_in(world.come_back(world.browser()))
