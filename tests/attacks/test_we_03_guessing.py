"""WE-03: credential stuffing, guessing of links, and lock-out as a weapon."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
import requests

from tests.attacks.answers import page_refused
from tests.attacks.membership import grove
from tests.support.members import ANNA, BASIL, PASSWORD, code_by_password, letters, member, prove, to_password_page
from tests.support.world import Foundation, World

WRONG = "a wrong one of many words"
FEW = {"attempts_by_client_for_person": 3, "attempts_by_client": 8, "letters_for_person": 2, "window_minutes": 15}


@pytest.fixture
def world(foundation: Foundation, tmp_path: Path) -> Iterator[World]:
    with grove(foundation, tmp_path / "world", rate_limits=FEW) as made:
        yield made


def codes(world: World, address: str, times: int, password: str = WRONG, **headers: str) -> list[int]:
    browser = world.browser()
    page = to_password_page(world, browser, address)
    return [prove(world, browser, page, address, password, **headers).status_code for _ in range(times)]


def wait(answer: requests.Response) -> timedelta:
    return timedelta(seconds=int(answer.headers["Retry-After"]))


@pytest.mark.parametrize("address", [ANNA, "nobody@olivegrove.example"])
def test_we_03_guessing_is_slowed_down_alike_for_known_and_unknown(world: World, address: str) -> None:
    member(world, ANNA)
    assert codes(world, address, 3) == [400] * 3
    browser = world.browser()
    page = to_password_page(world, browser, address)
    answer = page_refused(
        world,
        partial(prove, world, browser, page, address, WRONG),
        "rate",
        page="too_many",
        status=429,
        event="web_rejected",
        browser=browser,
        secrets=[WRONG, address],
    )
    assert timedelta(0) < wait(answer) <= timedelta(minutes=15)


def test_we_03_the_right_password_is_no_oracle_and_nothing_is_locked(world: World) -> None:
    member(world, ANNA)
    assert codes(world, ANNA, 3) == [400] * 3
    browser = world.browser()
    late = prove(world, browser, to_password_page(world, browser))
    assert late.status_code == 429
    world.clock.advance(wait(late))
    assert code_by_password(world, world.browser())


def test_we_03_one_client_does_not_try_everybody(world: World) -> None:
    member(world, ANNA)
    for number in range(8):
        assert codes(world, f"person{number}@olivegrove.example", 1) == [400]
    assert codes(world, ANNA, 1, PASSWORD) == [429]


def test_we_03_a_spoofed_address_is_still_the_same_client(world: World) -> None:
    member(world, ANNA)
    assert codes(world, ANNA, 3, **{"X-Forwarded-For": "198.51.100.1"}) == [400] * 3
    for number in range(3):
        spoofed = {"X-Forwarded-For": f"203.0.113.{number}", "Forwarded": f"for=203.0.113.{number}"}
        assert codes(world, ANNA, 1, **spoofed) == [429]


def test_we_03_spellings_of_one_address_are_one_person(world: World) -> None:
    member(world, ANNA)
    assert codes(world, "ANNA@OliveGrove.example", 2) + codes(world, " anna@olivegrove.example.", 1) == [400] * 3
    assert codes(world, ANNA, 1) == [429]


def test_we_03_the_old_password_at_a_change_is_guessed_no_oftener(world: World) -> None:
    member(world, ANNA)
    browser = world.browser()
    code_by_password(world, browser)
    page = world.go(browser, "/account")
    token = page.text.split('name="token" value="')[1].split('"')[0]
    form = {"token": token, "password": WRONG, "new_password": "x", "new_password_again": "x"}
    url = f"{world.broker_url}/account/password"
    assert [browser.post(url, data=form, timeout=30).status_code for _ in range(3)] == [400, 400, 429]


def test_we_03_nobodys_letter_box_is_flooded(world: World, tmp_path: Path) -> None:
    member(world, ANNA)
    for address in (ANNA, BASIL):
        answers = [world.browser().post(f"{world.broker_url}/reset", data={"email": address}) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert len(letters(tmp_path / "world")) == 2


def test_we_03_links_are_not_guessed(world: World) -> None:
    answers = [world.browser().get(f"{world.broker_url}/reset/{'A' * 42}{n}", timeout=30) for n in range(9)]
    assert [answer.status_code for answer in answers] == [400] * 8 + [429]
    other = world.browser().get(f"{world.broker_url}/invitations/{'A' * 43}", timeout=30)
    assert other.status_code == 429
