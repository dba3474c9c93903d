"""UO-21: a token says that the groups are elsewhere, and names an address to fetch them from."""

from __future__ import annotations

from typing import Any

from tests.attacks.upstream import Attempt, let_in
from tests.support.https import Answer, LocalHttps
from tests.support.world import World


def graph_requests(world: World) -> list[str]:
    return [
        one["path"] for one in world.control.get("requests")["requests"] if one["path"].endswith("/getMemberObjects")
    ]


def sign_in(world: World, claims: dict[str, Any]) -> None:
    attempt = Attempt.begin(world)
    answer = attempt.at_upstream()
    world.control.post("token-mutations", {"claims": claims})
    assert let_in(answer.deliver(attempt.browser))


def test_uo_21_the_address_in_the_token_is_never_asked(world: World) -> None:
    """Every way of naming one; each time it is the configured Graph that is asked."""
    with LocalHttps(lambda _: Answer(200, b'{"value": ["admins"]}')) as canary:
        address = f"{canary.origin}/groups"
        elsewhere: list[dict[str, Any]] = [
            {"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": address}}},
            {"_claim_names": {"groups": address}, "_claim_sources": {address: {"endpoint": address}}},
            {"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"JWT": "a.b.c"}}},
            {"_claim_names": {"groups": "src1"}},
            {"_claim_names": {"groups": None}, "_claim_sources": address},
            {"hasgroups": True, "_claim_sources": {"groups": {"endpoint": address}}},
            {"hasgroups": "true", "groups:src1": address},
            # Groups that stand beside the mark of too many of them are not believed.
            {
                "groups": ["admins"],
                "_claim_names": {"groups": "src1"},
                "_claim_sources": {"src1": {"endpoint": address}},
            },
        ]
        for number, claims in enumerate(elsewhere, 1):
            sign_in(world, claims)
            assert graph_requests(world) == ["/v1.0/me/getMemberObjects"] * number
        assert canary.connections == 0
    assert world.events("upstream_error") == []


def test_uo_21_when_graph_does_not_say_the_groups_are_unknown_and_the_log_knows(world: World) -> None:
    """Without a rule on groups the sign-in goes on; a rule on them refuses (tests/flows/test_claim_rules.py)."""
    faults: list[dict[str, Any]] = [
        {"status": 503},
        {"status": 429, "retry_after": 7},
        {"status": 403},
        {"body": "<html></html>"},
        {"body": '{"value": "admins"}', "content_type": "application/json"},
        {"body": '{"value": ["admins", 1]}', "content_type": "application/json"},
        {"drop": True},
    ]
    claims = {"_claim_names": {"groups": "src1"}, "_claim_sources": {}}
    for number, fault in enumerate(faults, 1):
        world.control.post("faults", {"endpoint": "getMemberObjects", **fault})
        sign_in(world, claims)
        noted = world.events("upstream_error")
        assert len(noted) == number
        assert (noted[-1]["reason"], noted[-1]["endpoint"]) == ("overage", "graph_groups")
    sign_in(world, claims)
    assert len(world.events("upstream_error")) == len(faults)
