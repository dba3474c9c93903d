"""Two real worker processes and real notifications: somebody disabled in the directory is out, and metrics say so."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from broker.demo.configuration import AEGEAN_FOODS, HELIOS_SHIPPING
from broker.demo.stage import Stage, StageOptions
from broker.store.opening import open_records
from tests.support.hooks import install_package
from tests.support.person import ELENI, go_through
from tests.support.waiting import until

pytestmark = pytest.mark.served

_PATIENCE_SECONDS = 90.0


@pytest.fixture
def metrics_port() -> int:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


# Installed beside the broker: what it is told of, it writes down.
HOOK = """
class Note:
    def __init__(self, settings, secrets):
        self._file = settings["file"]

    def ask(self, event, within):
        raise NotImplementedError

    def tell(self, event, within):
        with open(self._file, "a") as file:
            file.write(f"{event.id} {event.account_id} {dict(event.fields)}\\n")
"""


@pytest.fixture
def stage(metrics_port: int, tmp_path: Path) -> Iterator[Stage]:
    install_package(tmp_path / "packages", HOOK, note="Note")
    note = {"kind": "entry-point", "name": "note", "entry_point": "note", "settings": {"file": str(tmp_path / "told")}}
    settings: dict[str, Any] = {
        "entra": {"directory_watch": "application", "notifications": True, "watch_seconds": 10},
        "listen": {"metrics": {"port": metrics_port}},
    }
    options = StageOptions(
        directory=tmp_path / "stage",
        workers=2,
        settings=settings,
        organizations=({**AEGEAN_FOODS, "provisioning": {"hooks": [note]}}, HELIOS_SHIPPING),
        environment={"PYTHONPATH": str(tmp_path / "packages")},
    )
    with Stage(options) as made:
        yield made


def test_somebody_disabled_is_out_within_moments_and_the_trail_has_the_times(
    stage: Stage, metrics_port: int, tmp_path: Path
) -> None:
    stage.control.patch("settings", {"caFile": str(stage.ca_file)})
    stage.control.patch("service-principals/aegeanfoods.example", {"applicationPermissions": ["User.Read.All"]})
    browser = stage.session()
    start = browser.get(f"{stage.application_url}/sign-in", allow_redirects=False).headers["Location"]
    assert browser.get(go_through(stage, browser, start)).ok
    until(lambda: _said(stage, "hook_told"), "the hook hears of the account", within_seconds=_PATIENCE_SECONDS)
    until(lambda: _said(stage, "notifications_asked_for"), "a subscription", within_seconds=_PATIENCE_SECONDS)
    stage.control.patch(f"users/{ELENI}", {"accountEnabled": False})
    until(lambda: _said(stage, "ending_carried_out", "disabled"), "the ending", within_seconds=_PATIENCE_SECONDS)
    silent = browser.get(f"{start}&prompt=none", allow_redirects=False).headers["Location"]
    assert "error=login_required" in silent
    told = requests.get(f"http://127.0.0.1:{metrics_port}/metrics", timeout=30).text
    assert 'pobuca_federation_stage{organization="aegean-foods",stage="enforced"} 1.0' in told
    assert "pobuca_endings_outstanding 0.0" in told
    assert "pobuca_configuration_current 1.0" in told

    assert "pobuca_outbox_events{" not in told

    with closing(open_records(stage.directory / "data" / "directory.sqlite")) as records:
        [account] = records.directory.accounts("aegean-foods")
        [event] = records.outbox.events()
        entries = [each.entry for each in records.audit.entries("aegean-foods") if each.entry.account]
        assert records.audit.first_broken() is None
    assert [entry.event for entry in entries] == ["account_ended", "ending_carried_out"]
    assert (tmp_path / "told").read_text() == f"{event.id} {account.id} {{}}\n"
    times = {**(entries[0].detail or {}), **(entries[1].detail or {})}
    assert times["seen_by"] in ("notification", "changes")
    noticed, ended, carried_out = (datetime.fromisoformat(times[f"{name}_at"]) for name in ("noticed", "ended", "told"))
    assert timedelta(0) <= ended - noticed
    assert timedelta(0) <= carried_out - ended


def test_the_metrics_end_with_the_broker_however_it_ends(stage: Stage, metrics_port: int) -> None:
    def answers() -> bool:
        with closing(socket.socket()) as trial:
            return trial.connect_ex(("127.0.0.1", metrics_port)) == 0

    assert answers()
    stage.broker.kill()
    until(lambda: not answers(), "the metrics are gone", within_seconds=_PATIENCE_SECONDS)
    stage.restart(stage.broker)
    assert answers()


def _said(stage: Stage, event: str, reason: str | None = None) -> bool:
    return any(each["event"] == event and reason in (None, each.get("reason")) for each in stage.broker_log())
