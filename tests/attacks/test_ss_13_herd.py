"""SS-13: all at once: a crowd of refreshes and silent sign-ins asks the directory once about each person."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from broker.app import create_app
from broker.composition.directory_side import DirectorySide
from broker.federation.load import load
from tests.support.offline import KEEPING, offline, refresh
from tests.support.world import ENVIRON, Foundation, World, answered, world_on

CROWD = 6


@pytest.fixture
def keeping(foundation: Foundation, tmp_path: Path) -> Iterator[World]:
    with world_on(foundation, tmp_path / "world", parties=KEEPING) as made:
        yield made


def together(*work: Callable[[], Any]) -> list[Any]:
    """All of it at the same moment; what each gave."""
    start, results = threading.Barrier(len(work)), [None] * len(work)

    def one(place: int, what: Callable[[], Any]) -> None:
        start.wait()
        results[place] = what()

    threads = [threading.Thread(target=one, args=each) for each in enumerate(work)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def asked(world: World) -> int:
    return sum(each["path"].endswith("/token") for each in world.control.get("requests")["requests"])


def test_ss_13_a_crowd_of_refreshes_of_one_person_asks_the_directory_once(keeping: World) -> None:
    tokens = [offline(keeping)["refresh_token"] for _ in range(CROWD)]
    keeping.clock.advance(timedelta(minutes=5))
    keeping.control.delete("requests")
    answers = together(*(lambda token=token: refresh(keeping, token) for token in tokens))
    assert [answer.status_code for answer in answers] == [200] * CROWD
    assert asked(keeping) == 1


def test_ss_13_a_crowd_of_silent_sign_ins_asks_the_directory_once(keeping: World) -> None:
    browsers = [keeping.signed_in()[0] for _ in range(CROWD)]
    keeping.clock.advance(timedelta(minutes=5))
    keeping.control.delete("requests")
    url = keeping.authorize_url(prompt="none")
    answers = together(*(lambda browser=browser: keeping.go(browser, url) for browser in browsers))
    assert all(answered(answer).get("code") for answer in answers)
    assert asked(keeping) == 1


def test_ss_13_the_watchers_of_several_workers_look_once(keeping: World, tmp_path: Path) -> None:
    keeping.signed_in()
    configuration = load(tmp_path / "world" / "config", environ=ENVIRON, clock=keeping.clock)
    workers: list[DirectorySide] = [
        create_app(configuration, keeping.around).extensions[DirectorySide.NAME] for _ in range(3)
    ]
    keeping.clock.advance(timedelta(seconds=60))
    keeping.control.delete("requests")
    together(*(worker.watcher.tick for worker in workers))
    assert asked(keeping) == 1
