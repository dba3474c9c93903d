"""WE-04: who has an account here, by text, status, mail or work."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from broker.errors import LoginFailed
from broker.membership.hashing import PasswordHashing
from broker.membership.passwords import Passwords
from tests.attacks.membership import UNLIMITED, grove
from tests.support.members import ANNA, PASSWORD, letters, member, prove, to_password_page
from tests.support.membership import membership_of
from tests.support.world import Foundation, World

UNKNOWN = "nobody@olivegrove.example"
STRANGER = "nobody@unknown.example"
WITHOUT = "new@olivegrove.example"
GONE = "gone@olivegrove.example"


@pytest.fixture
def world(foundation: Foundation, tmp_path: Path) -> Iterator[World]:
    with grove(foundation, tmp_path / "world", rate_limits=UNLIMITED) as made:
        member(made, ANNA)
        member(made, WITHOUT, password=None)
        made.around.directory.set_active(member(made, GONE).id, False)
        yield made


def without_what_varies(answer: requests.Response, address: str) -> str:
    text = answer.text.replace(address, "ADDRESS")
    return re.sub(r"[\w-]{43}", "TOKEN", re.sub(r"[0-9A-Z]{4}-[0-9A-Z]{4}", "REF", text))


def test_we_04_a_wrong_password_says_nothing_of_the_account(world: World) -> None:
    answers = set()
    for address in (ANNA, UNKNOWN, STRANGER, WITHOUT, GONE):
        browser = world.browser()
        page = to_password_page(world, browser, address)
        answer = prove(world, browser, page, address, "a wrong one of many words")
        answers.add((answer.status_code, without_what_varies(answer, address)))
    assert len(answers) == 1


def test_we_04_the_way_to_the_password_page_says_nothing(world: World) -> None:
    pages = {
        without_what_varies(to_password_page(world, world.browser(), address), address)
        for address in (ANNA, UNKNOWN, STRANGER, WITHOUT, GONE)
    }
    assert len(pages) == 1


def test_we_04_a_reset_says_nothing_and_costs_the_same_records(world: World, tmp_path: Path) -> None:
    answers = set()
    for address in (ANNA, UNKNOWN, STRANGER, GONE):
        answer = world.browser().post(f"{world.broker_url}/reset", data={"email": address}, timeout=30)
        answers.add((answer.status_code, answer.text))
    assert len(answers) == 1
    assert {letter.to for letter in letters(tmp_path / "world")} == {ANNA}
    with closing(sqlite3.connect(tmp_path / "world" / "state.sqlite")) as connection:
        ((count,),) = connection.execute("SELECT COUNT(*) FROM record WHERE kind = 'reset'").fetchall()
    assert count == 4


class Counting(PasswordHashing):
    """Counts how often the dear function is computed."""

    def __init__(self) -> None:
        super().__init__()
        self.computed = 0
        inner, counting = self._hasher, self

        class Hasher:
            def hash(self, password: str) -> str:
                counting.computed += 1
                return inner.hash(password)

            def verify(self, hashed: str, password: str) -> bool:
                counting.computed += 1
                return inner.verify(hashed, password)

        self._hasher = Hasher()  # type: ignore[assignment]  # the two methods that compute


@pytest.mark.parametrize("address", [ANNA, UNKNOWN, STRANGER, WITHOUT, GONE])
def test_we_04_the_same_work_is_done_for_everybody(world: World, tmp_path: Path, address: str) -> None:
    hashing = Counting()
    ports = membership_of(world, tmp_path / "world").passwords._ports
    with pytest.raises(LoginFailed):
        Passwords(replace(ports, hashing=hashing)).prove(address, "a wrong one of many words", None)
    assert hashing.computed == 1


def test_we_04_the_positive_twin(world: World, tmp_path: Path) -> None:
    passwords = membership_of(world, tmp_path / "world").passwords
    assert passwords.prove(ANNA, PASSWORD, None).email == ANNA
