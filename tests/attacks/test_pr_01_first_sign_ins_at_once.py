"""PR-01: a hundred first sign-ins of one person at the same moment."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from broker.demo.entra.browser import AuthorizationAnswer
from tests.support.world import ELENI, Foundation, World, answered, has_session, world_on

AT_ONCE = 100


@pytest.fixture(params=["sqlite", "redis and postgresql"])
def broker(request: pytest.FixtureRequest, foundation: Foundation, tmp_path: Path) -> Iterator[World]:
    """A broker with empty stores of either kind."""
    settings: dict[str, Any] | None = None
    if request.param != "sqlite":
        redis_url, postgres_url = (request.getfixturevalue(name) for name in ("redis_url", "postgres_url"))
        state = {"kind": "redis", "url": redis_url}
        settings = {"stores": {"state": state, "directory": {"kind": "postgresql", "url": postgres_url}}}
    with world_on(foundation, tmp_path / "world", settings=settings) as world:
        yield world


def test_pr_01_a_hundred_first_sign_ins_at_once_make_one_account(broker: World) -> None:
    world = broker
    person = world.browser()  # At the upstream she signs in once; at the broker she comes from a hundred browsers.
    waiting: list[tuple[requests.Session, AuthorizationAnswer]] = []
    for _ in range(AT_ONCE):
        browser = world.browser()
        url = world.to_upstream(browser, login_hint=ELENI)
        waiting.append((browser, world.at_upstream(person, url)))
    assert world.accounts() == 0
    with ThreadPoolExecutor(AT_ONCE) as threads:
        answers = list(threads.map(lambda one: one[1].deliver(one[0]), waiting))
    assert {answer.status_code for answer in answers} == {303}, world.events("store_fault", "web_rejected")[:3]
    codes = {answered(answer)["code"] for answer in answers}
    assert len(codes) == AT_ONCE
    assert all(has_session(browser) for browser, _ in waiting)
    assert world.accounts() == 1
    (account,) = world.around.directory.accounts("aegean-foods")
    signed_in = world.events("signed_in")
    assert len(signed_in) == AT_ONCE
    assert {event["account"] for event in signed_in} == {account.id}
    assert sum(event["created"] for event in signed_in) == 1
    assert not world.events("unforeseen_error", "store_fault", "upstream_oidc_rejected", "web_rejected")
    for code in sorted(codes)[:5]:
        assert world.tokens(code).claims["sub"] == account.id


def test_pr_01_first_sign_ins_of_several_people_at_once_make_an_account_each(broker: World) -> None:
    world = broker
    people = [f"groups.{size}@aegeanfoods.example" for size in (150, 151, 200)] + [ELENI] * 3
    waiting = []
    for name in people:
        browser = world.browser()
        waiting.append((browser, world.at_upstream(browser, world.to_upstream(browser, login_hint=name), name)))
    with ThreadPoolExecutor(len(people)) as threads:
        answers = list(threads.map(lambda one: one[1].deliver(one[0]), waiting))
    subjects = [world.tokens(answered(answer)["code"]).claims["sub"] for answer in answers]
    assert world.accounts() == 4
    assert len(set(subjects[:4])) == 4
    assert len(set(subjects[3:])) == 1
