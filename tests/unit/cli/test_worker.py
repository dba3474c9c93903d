"""What a process that serves begins with when it is started anew."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from broker.cli.worker import Start
from broker.clock import SystemClock
from broker.federation.configuration import Configuration
from broker.federation.files import read_all
from broker.federation.load import load
from tests.support.configurations import ENVIRON, good_configuration

SHOP = "organizations/corner-shop.yml"


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    return good_configuration(tmp_path / "config")


@pytest.fixture
def start(directory: Path) -> Iterator[Start]:
    made = Start.read(directory, lambda path: load(path, environ=ENVIRON))
    yield made
    made.last_good.close()


def change(directory: Path, file: str, before: str, after: str) -> None:
    path = directory / file
    path.write_text(path.read_text().replace(before, after))


def shop(configuration: Configuration) -> str:
    return configuration.organizations[1].display_name


def test_without_a_newer_reading_it_is_that_of_the_start_whatever_lies_in_the_files(
    start: Start, directory: Path
) -> None:
    (directory / "broker.yaml").write_text("nonsense")
    assert start.newest(SystemClock()) is start.running


def test_it_is_the_newest_reading_that_served_and_not_the_files(start: Start, directory: Path) -> None:
    change(directory, SHOP, "Corner Shop", "Corner Store")
    start.last_good.put(read_all(directory), 1)
    (directory / "broker.yaml").write_text("nonsense")
    running = start.newest(SystemClock())
    assert shop(running.configuration) == "Corner Store"
    assert running.glance is None  # So that the files are looked at as soon as it serves.


def test_it_waits_for_a_secret_rather_than_begin_with_an_older_reading(
    start: Start, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = directory / "connect-secret"
    change(directory, "relying_parties/connect.yaml", "env:CONNECT_CLIENT_SECRET", "file:connect-secret")
    start.last_good.put(read_all(directory), 1)
    waited: list[float] = []

    def write_it(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 3:
            secret.touch(0o600)
            secret.write_text("the-secret-of-connect-at-last")

    monkeypatch.setattr(time, "sleep", write_it)
    monkeypatch.setattr(os, "getppid", lambda: start.first_process)
    with capture_logs() as events:
        running = start.newest(SystemClock())
    assert running.configuration.secret("file:connect-secret").reveal() == "the-secret-of-connect-at-last"
    assert [event["event"] for event in events] == ["config_rejected"]  # Told once.


def test_it_does_not_wait_longer_than_the_first_process_lives(
    start: Start, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(directory, "relying_parties/connect.yaml", "env:CONNECT_CLIENT_SECRET", "file:nowhere")
    start.last_good.put(read_all(directory), 1)
    orphan = dataclasses.replace(start, first_process=-1)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    with pytest.raises(SystemExit):
        orphan.newest(SystemClock())
