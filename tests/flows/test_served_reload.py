"""Two worker processes, people who sign in without a pause, and configuration files that change under them."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
import requests

from broker.demo.configuration import AEGEAN_FOODS
from broker.demo.stage import Stage, StageOptions
from tests.support.person import go_through
from tests.support.waiting import until
from tests.support.workers import resident_bytes, started_workers, workers

pytestmark = pytest.mark.served

_WORKERS: Final = 2
_PATIENCE_SECONDS: Final = 60.0
_APPLICATION: Final = "relying_parties/pobuca-contacts.yaml"
_RULE: Final = """
release:
  - name: rules
    claim: rules
    value: "'new'"
    to: [id_token]
    scope: openid
"""


@dataclass(slots=True)
class Crowd:
    """People who sign in to the sample application, one after the other, each in a new browser; by which rules."""

    stage: Stage
    results: list[tuple[float, str]] = field(default_factory=list)
    _stopped: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def begin(self, people: int = 2) -> None:
        self._threads = [threading.Thread(target=self._sign_in_again_and_again, daemon=True) for _ in range(people)]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join(_PATIENCE_SECONDS)

    def wait_for_more(self, number: int) -> None:
        """Returns when so many more have signed in, or tried to."""
        enough = len(self.results) + number
        until(lambda: len(self.results) >= enough, "sign-ins", within_seconds=_PATIENCE_SECONDS)

    def outcomes(self, after: float = 0.0) -> set[str]:
        return {outcome for at, outcome in self.results if at > after}

    def _sign_in_again_and_again(self) -> None:
        while not self._stopped.is_set():
            began = time.monotonic()
            try:
                outcome = self._sign_in()
            except (requests.RequestException, AssertionError, KeyError) as error:
                outcome = f"failed: {error!r}"[:300]
            self.results.append((began, outcome))

    def _sign_in(self) -> str:
        browser = self.stage.session()
        start = browser.get(f"{self.stage.application_url}/sign-in", allow_redirects=False).headers["Location"]
        answer = browser.get(go_through(self.stage, browser, start))
        if answer.url != f"{self.stage.application_url}/":
            return f"failed: {answer.status_code} {answer.text[:300]}"
        facts = browser.get(f"{self.stage.application_url}/signed-in.json").json()
        return str(facts["id_token_claims"].get("rules", "old"))


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with Stage(StageOptions(directory=tmp_path / "stage", workers=_WORKERS, organizations=(AEGEAN_FOODS,))) as made:
        yield made


def edit(stage: Stage, name: str, change: Callable[[str], str]) -> None:
    path = stage.directory / "config" / name
    path.write_text(change(path.read_text()))


def said(stage: Stage, event: str, since: int = 0) -> list[dict[str, Any]]:
    return [each for each in stage.broker_log()[since:] if each["event"] == event]


def health(stage: Stage) -> str:
    answer = stage.session().get(f"{stage.broker_url}/health/ready")
    assert answer.status_code == 200
    return str(answer.json()["configuration"])


def test_no_sign_in_fails_for_a_broken_file_and_the_good_one_acts_on_every_worker(
    stage: Stage, record_property: Callable[[str, object], None]
) -> None:
    crowd = Crowd(stage)
    crowd.begin()
    try:
        crowd.wait_for_more(2)
        whole = (stage.directory / "config" / _APPLICATION).read_text()
        edit(stage, _APPLICATION, lambda text: text[: len(text) // 2])
        until(lambda: len(said(stage, "config_rejected")) == _WORKERS, "both say no", within_seconds=_PATIENCE_SECONDS)
        assert health(stage) == "stale"
        crowd.wait_for_more(4)
        assert crowd.outcomes() == {"old"}

        written = time.monotonic()
        edit(stage, _APPLICATION, lambda _: whole.rstrip("\n") + _RULE)
        until(lambda: len(said(stage, "config_reloaded")) == _WORKERS, "both take it", within_seconds=_PATIENCE_SECONDS)
        taken = time.monotonic()
        record_property("seconds_until_every_worker", round(taken - written, 2))
        print(f"every worker serves by the good file after {taken - written:.2f} s")
        assert health(stage) == "current"
        crowd.wait_for_more(4)
    finally:
        crowd.end()
    assert crowd.outcomes() == {"old", "new"}
    assert crowd.outcomes(taken) == {"new"}
    assert len({event["version"] for event in said(stage, "config_reloaded")}) == 1

    # A worker that is started anew begins with what served last, also while the files are broken again.
    edit(stage, _APPLICATION, lambda text: text + "no_such_key: 1\n")
    until(lambda: len(said(stage, "config_rejected")) == 2 * _WORKERS, "no again", within_seconds=_PATIENCE_SECONDS)
    os.kill(min(workers(stage)), signal.SIGKILL)
    until(lambda: started_workers(stage) == _WORKERS + 1, "another one", within_seconds=_PATIENCE_SECONDS)
    late = Crowd(stage)
    late.begin()
    late.wait_for_more(6)
    late.end()
    assert late.outcomes() == {"new"}


@pytest.mark.soak
def test_a_hundred_changes_under_load_lose_no_sign_in_and_no_memory(stage: Stage) -> None:
    crowd = Crowd(stage)
    crowd.begin()
    sizes: list[int] = []
    try:
        whole = (stage.directory / "config" / _APPLICATION).read_text()
        for number in range(100):
            before = len(said(stage, "config_reloaded"))
            if number % 4 == 0:
                edit(stage, _APPLICATION, lambda text: text[: len(text) // 2])
                crowd.wait_for_more(2)
            edit(stage, _APPLICATION, lambda _, n=number: whole + _RULE.replace("new", f"new-{n}"))  # type: ignore[misc]
            until(
                lambda before=before: len(said(stage, "config_reloaded")) == before + _WORKERS,  # type: ignore[misc]
                f"change {number}",
                within_seconds=_PATIENCE_SECONDS,
            )
            crowd.wait_for_more(2)
            sizes.append(sum(resident_bytes(worker) for worker in workers(stage)))
    finally:
        crowd.end()
    assert [outcome for outcome in crowd.outcomes() if outcome.startswith("failed")] == []
    # Two applications are held while one is exchanged; a hundred are not.
    assert max(sizes[-10:]) < max(sizes[:20]) * 1.5
