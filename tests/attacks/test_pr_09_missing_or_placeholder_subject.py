"""PR-09: an identity that many people could have."""

from __future__ import annotations

from typing import Any

import pytest

from tests.attacks.refusals import refused
from tests.support.world import World, answered

PLACEHOLDERS: tuple[Any, ...] = (
    "",
    " ",
    "0",
    "null",
    "undefined",
    "00000000-0000-0000-0000-000000000000",
    "{ddf3fc9b-9383-4d9f-bb1c-122bf6d836c8}",
    "urn:uuid:ddf3fc9b-9383-4d9f-bb1c-122bf6d836c8",
    "ddf3fc9b93834d9fbb1c122bf6d836c8",
    "ddf3fc9b-9383-4d9f-bb1c-122bf6d836c8 ",
    "ddf3fc9b-9383-4d9f-bb1c-122bf6d836c8\x00",
    "ddf3fc9b-9383-4d9f-bb1c-122bf6d836c",
    "ddf3fc9b-9383-4d9f-bb1c-122bf6d836cg",
    "ddf3fc9b–9383–4d9f–bb1c–122bf6d836c8",
    "١df3fc9b-9383-4d9f-bb1c-122bf6d836c8",
    None,
    0,
    True,
    [],
    ["ddf3fc9b-9383-4d9f-bb1c-122bf6d836c8"],
    {},
)


def _refuse(world: World, mutation: dict[str, Any], reason: str) -> None:
    browser = world.browser()
    answer = world.at_upstream(browser, world.to_upstream(browser))
    world.control.post("token-mutations", mutation)
    refused(
        world, lambda: answer.deliver(browser), status=400, page="login_failed", reason=reason, browser=browser
    )


def test_pr_09_an_object_id_that_is_no_guid_of_one_person_is_refused(world: World) -> None:
    for value in PLACEHOLDERS:
        _refuse(world, {"claims": {"oid": value}}, "claims")
    _refuse(world, {"drop": ["oid"]}, "claims")
    assert "code" in answered(world.come_back(world.browser()))


@pytest.mark.parametrize("value", ["", "00000000-0000-0000-0000-000000000000", "common", None, ["x"]])
def test_pr_09_a_tenant_id_that_is_no_tenant_is_refused(world: World, value: Any) -> None:
    browser = world.browser()
    answer = world.at_upstream(browser, world.to_upstream(browser))
    world.control.post("token-mutations", {"claims": {"tid": value}})
    refusal = answer.deliver(browser)
    assert refusal.status_code in (400, 403)
    assert world.accounts() == 0
    (line,) = world.events("upstream_oidc_rejected")
    assert line["reason"] in ("tenant", "issuer", "subject", "claims")


def test_pr_09_one_person_in_two_spellings_is_one_account(world: World) -> None:
    _, first = world.signed_in()
    world.control.post("token-mutations", {"claims": {"oid": "DDF3FC9B-9383-4D9F-BB1C-122BF6D836C8"}})
    _, second = world.signed_in()
    assert first.claims["sub"] == second.claims["sub"]
    assert world.accounts() == 1
