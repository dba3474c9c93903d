"""Metrics say what the records say, and are served apart from everything else (threats WE-10)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from prometheus_client import CollectorRegistry

from broker.clock import ManualClock
from broker.metrics import FederationCollector
from broker.metrics_listener import bind
from broker.store.directory import DirectoryUnavailable
from broker.store.opening import open_records, prepare_directory
from broker.store.records import Records
from broker.store.standings import Watch
from tests.support.directory import draft
from tests.support.outbox import event, make
from tests.support.people import TENANT_A, TENANT_B, FixedOrganizations


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    location = tmp_path / "directory.sqlite"
    prepare_directory(location)
    with closing(open_records(location)) as opened:
        yield opened


def collector(records: Records, clock: ManualClock) -> FederationCollector:
    ends_at = clock.now() + timedelta(days=12)
    return FederationCollector(
        FixedOrganizations(), records.federations, records.standings, records.outbox, clock, ends_at
    )


def test_stage_trouble_age_and_endings_are_those_of_the_records(records: Records, clock: ManualClock) -> None:
    now = clock.now()
    late = now - timedelta(seconds=90)
    watch = Watch("aegean-foods", TENANT_A, succeeded_at=late, trouble="unreachable", delay_seconds=61)
    records.standings.keep_watch(watch)
    records.standings.keep_watch(Watch("helios-shipping", TENANT_B))
    account, _ = records.directory.create_account(draft())
    records.standings.end_account(account.id, "disabled", now)
    make(records, event("evt_a", created_at=late), event("evt_b", created_at=late))
    [dead] = records.outbox.take(now, now, 1)
    records.outbox.failed(dead, "status_410", None)
    registry = CollectorRegistry()
    registry.register(collector(records, clock))

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(name, labels)

    assert value("pobuca_records_readable") == 1
    assert value("pobuca_federation_stage", organization="aegean-foods", stage="enforced") == 1
    assert value("pobuca_federation_stage", organization="aegean-foods", stage="none") == 0
    assert value("pobuca_federation_stage", organization="corner-shop", stage="none") == 1
    assert value("pobuca_federation_trouble", organization="aegean-foods", trouble="unreachable") == 1
    assert value("pobuca_federation_trouble", organization="aegean-foods", trouble="consent_revoked") == 0
    assert value("pobuca_directory_look_age_seconds", organization="aegean-foods") == 90
    assert value("pobuca_directory_look_age_seconds", organization="helios-shipping") is None
    assert value("pobuca_directory_delay_seconds", organization="aegean-foods") == 61
    assert value("pobuca_endings_outstanding") == 1
    hook = {"organization": "aegean-foods", "hook": "connect"}
    assert value("pobuca_outbox_events", **hook, state="waiting") == 1
    assert value("pobuca_outbox_events", **hook, state="dead") == 1
    assert value("pobuca_outbox_oldest_seconds", **hook) == 90
    assert value("pobuca_entra_credential_remaining_days") == 12


def test_records_that_cannot_be_read_are_a_metric_and_no_crash(records: Records, clock: ManualClock) -> None:
    class Gone(FixedOrganizations):
        def current(self) -> FixedOrganizations:
            raise DirectoryUnavailable("gone")

    found = list(FederationCollector(Gone(), records.federations, records.standings, records.outbox, clock).collect())
    assert [(family.name, family.samples[0].value) for family in found] == [("pobuca_records_readable", 0.0)]


def test_a_listener_of_its_own_answers_without_a_banner(records: Records, clock: ManualClock) -> None:
    server = bind("127.0.0.1", 0)
    server.answer(collector(records, clock))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        answer = requests.get(f"http://127.0.0.1:{server.server_port}/metrics", timeout=30)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert answer.status_code == 200
    assert "pobuca_records_readable 1.0" in answer.text
    assert "ython" not in answer.headers.get("Server", "")
