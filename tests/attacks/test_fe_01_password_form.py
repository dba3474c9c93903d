"""FE-01: the password form of an organisation that signs in with Microsoft."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
import requests

from tests.attacks.answers import page_refused
from tests.attacks.membership import grove, put_back
from tests.attacks.refusals import refused
from tests.support.members import ANNA, CHEAP, PASSWORD, code_by_password, enforce, member, prove, to_password_page
from tests.support.world import ELENI, Foundation, World, has_session

WRONG = "a wrong one of many words"
OUTSIDER = "olga@elsewhere.example"


@pytest.fixture
def world(foundation: Foundation, tmp_path: Path) -> Iterator[World]:
    with grove(foundation, tmp_path / "world") as made:
        yield made


def without_what_varies(answer: requests.Response) -> str:
    text = re.sub(r"[0-9A-Z]{4}-[0-9A-Z]{4}", "REF", answer.text)
    return re.sub(r"/sign-in/[\w-]{43}", "/sign-in/HANDLE", text)


def test_fe_01_right_wrong_and_unknown_are_answered_alike_before_any_password_is_checked(
    world: World, tmp_path: Path
) -> None:
    anna = member(world, ANNA)
    assert code_by_password(world, world.browser())
    enforce(world)
    restored = "UPDATE passwords SET hash = ? WHERE account_id = ?"
    put_back(tmp_path / "world", restored, CHEAP.hash(PASSWORD), anna.id)
    answers = set()
    for address, password in ((ANNA, PASSWORD), (ANNA, WRONG), ("nobody@olivegrove.example", PASSWORD), (ANNA, "")):
        browser = world.browser()
        page = to_password_page(world, browser, "somebody@unknown.example")
        answer = page_refused(
            world,
            partial(prove, world, browser, page, address, password),
            "password",
            page="sso_required",
            status=403,
            event="enforcement_denied",
            browser=browser,
            secrets=[PASSWORD, WRONG, ANNA],
        )
        assert not has_session(browser)
        answers.add(without_what_varies(answer))
    assert len(answers) == 1


def test_fe_01_the_answer_offers_that_organisations_microsoft(world: World) -> None:
    browser = world.browser()
    answer = prove(world, browser, to_password_page(world, browser), ELENI, PASSWORD)
    assert answer.status_code == 403
    found = re.search(r'<form method="post" action="(/sign-in/[^"]+)"', answer.text)
    assert found
    assert 'id="sign-in-with-microsoft"' in answer.text
    form = {"action": "organization"}
    gone = browser.post(urljoin(world.broker_url, found[1]), data=form, allow_redirects=False, timeout=30)
    location = gone.headers["Location"]
    assert location.startswith(world.simulator_url)
    assert urlsplit(location).path.split("/")[1] == "5b5e363c-6ca9-4f41-8070-9565fe497145"
    assert "code" in world.at_upstream(browser, location).deliver(browser).headers["Location"]


def test_fe_01_a_page_that_was_open_before_opens_nothing_afterwards(world: World) -> None:
    member(world, ANNA)
    browser = world.browser()
    page = to_password_page(world, browser)
    enforce(world)
    refused(
        world,
        partial(prove, world, browser, page),
        status=403,
        reason="password",
        page="sso_required",
        event="enforcement_denied",
        browser=browser,
        secrets=[PASSWORD],
    )


def test_fe_01_membership_decides_where_the_address_is_elsewhere(world: World, tmp_path: Path) -> None:
    """An external of the organisation: refused by membership, and answered as a wrong password is."""
    olga = member(world, OUTSIDER)
    assert code_by_password(world, world.browser(), OUTSIDER)
    browser = world.browser()
    page = to_password_page(world, browser, OUTSIDER)
    plain = prove(world, browser, page, OUTSIDER, WRONG)
    enforce(world)
    restored = "UPDATE passwords SET hash = ? WHERE account_id = ?"
    put_back(tmp_path / "world", restored, CHEAP.hash(PASSWORD), olga.id)
    answer = refused(
        world,
        partial(prove, world, browser, page, OUTSIDER, PASSWORD),
        status=400,
        reason="password",
        event="enforcement_denied",
        browser=browser,
        secrets=[PASSWORD],
    )
    assert answer.text == plain.text
    assert not has_session(browser)


def test_fe_01_no_other_method_or_spelling_of_the_route_checks_a_password(world: World) -> None:
    form = {"state": "A" * 43, "email": ELENI, "password": PASSWORD}
    for method, path in (
        ("PUT", "/sign-in/password"),
        ("POST", "/sign-in/password/"),
        ("POST", "//sign-in/password"),
        ("POST", "/SIGN-IN/PASSWORD"),
        ("POST", "/api/v1/sign-in"),
        ("POST", "/login"),
    ):
        answer = requests.Request(method, f"{world.broker_url}{path}", data=form)
        got = world.browser().send(answer.prepare(), allow_redirects=False, timeout=30, verify=world.browser().verify)
        assert got.status_code in (400, 404, 405), (method, path, got.status_code)
        assert "Set-Cookie" not in got.headers
