"""What files declare and what is recorded, brought together at a start."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from broker.clock import ManualClock
from broker.federation.high_water import HighWater
from broker.federation.reconciling import Notice, NotReconciled, reconcile, require_not_rolled_back
from broker.federation.registry import own_connection
from broker.organizations import Organization
from broker.store.federations import Consent, DomainRecord, OrganizationRecord
from broker.store.opening import open_records, prepare_directory
from broker.store.records import Records
from broker.store.state_sqlite import SqliteState

TENANT = "5b5e363c-6ca9-4f41-8070-9565fe497145"
OTHER = "e0e7c1a5-8d0b-4a53-9f0e-6a1f6a3f5d11"


def organization(name: str, tenant_id: str | None = None, *domains: str) -> Organization:
    connection = own_connection(name, tenant_id) if tenant_id is not None else None
    return Organization(name, name.title(), "enterprise", domains, connection, is_declared=tenant_id is not None)


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    prepare_directory(tmp_path / "d.sqlite")
    with closing(open_records(tmp_path / "d.sqlite")) as opened:
        yield opened


def run(records: Records, clock: ManualClock, *declared: Organization) -> list[Notice]:
    return list(reconcile(declared, records.federations, records.audit, clock))


def test_what_a_file_declares_is_enforced_from_its_first_reading_on(records: Records, clock: ManualClock) -> None:
    assert run(records, clock, organization("acme", TENANT), organization("open")) == []
    federation = records.federations.recorded("acme").federation
    assert federation is not None
    assert (federation.stage, federation.declared, federation.tenant_id) == ("enforced", True, TENANT)
    assert records.federations.recorded("open").federation is None
    assert [each.entry.event for each in records.audit.entries()] == ["federation_declared"]


def test_a_second_start_changes_nothing(records: Records, clock: ManualClock) -> None:
    run(records, clock, organization("acme", TENANT))
    generation = records.federations.generation()
    assert run(records, clock, organization("acme", TENANT)) == []
    assert records.federations.generation() == generation
    assert len(records.audit.entries()) == 1


def test_a_start_that_died_before_it_wrote_the_trail_is_made_good(records: Records, clock: ManualClock) -> None:
    records.federations.declare("acme", TENANT, clock.now())
    run(records, clock, organization("acme", TENANT))
    assert [each.entry.event for each in records.audit.entries("acme")] == ["federation_declared"]


def test_another_tenant_in_the_file_is_a_new_epoch_and_in_the_trail(records: Records, clock: ManualClock) -> None:
    run(records, clock, organization("acme", TENANT))
    run(records, clock, organization("acme", OTHER))
    federation = records.federations.recorded("acme").federation
    assert federation is not None
    assert (federation.tenant_id, federation.epoch) == (OTHER, 2)
    assert [(each.entry.detail or {})["tenant"] for each in records.audit.entries("acme")] == [TENANT, OTHER]


def test_a_tenant_of_another_organization_refuses_the_start_and_names_it(records: Records, clock: ManualClock) -> None:
    records.federations.create_organization(OrganizationRecord("helios", "Helios", "enterprise", None, clock.now()))
    records.federations.connect("helios", Consent(TENANT, "Helios", (), OTHER, "operator", (), clock.now()))
    with pytest.raises(NotReconciled, match=r"acme declares the tenant .* bound to helios: .*org disconnect helios"):
        run(records, clock, organization("acme", TENANT))


@pytest.mark.parametrize("left", [(), (organization("acme"),)], ids=["file gone", "section gone"])
def test_what_is_no_longer_declared_stays_enforced_and_is_told(
    records: Records, clock: ManualClock, left: tuple[Organization, ...]
) -> None:
    run(records, clock, organization("acme", TENANT))
    notices = run(records, clock, *left)
    assert [(notice.event, notice.reason) for notice in notices] == [("federation_not_declared", "rollback")]
    assert f"stays enforced with the tenant {TENANT} until `broker org disconnect acme`" in notices[0].sentence
    federation = records.federations.recorded("acme").federation
    assert federation is not None
    assert federation.stage == "enforced"


def test_what_was_disconnected_is_told_of_no_more(records: Records, clock: ManualClock) -> None:
    run(records, clock, organization("acme", TENANT))
    records.federations.disconnect("acme", "operator", clock.now())
    assert run(records, clock, organization("acme")) == []


def test_a_domain_in_a_file_and_in_another_organizations_records_is_told(records: Records, clock: ManualClock) -> None:
    now = clock.now()
    records.federations.create_organization(OrganizationRecord("helios", "Helios", "standard", None, now))
    records.federations.verify_domain(DomainRecord("acme.example", "helios", "operator", now, now))
    notices = run(records, clock, organization("acme", None, "acme.example"))
    assert [notice.event for notice in notices] == ["domain_conflict"]


def guarded(records: Records, clock: ManualClock, state: SqliteState, *, accept: bool = False) -> list[Notice]:
    known = HighWater(state, records.federations.generation)
    return list(require_not_rolled_back(known, records.federations, records.audit, clock, accept=accept))


def test_older_records_than_were_seen_refuse_the_start_until_it_is_accepted(
    records: Records, clock: ManualClock, tmp_path: Path
) -> None:
    with closing(SqliteState(tmp_path / "s.sqlite", clock)) as state:
        run(records, clock, organization("acme", TENANT))
        assert guarded(records, clock, state) == []
        HighWater(state, lambda: 9).see(9)
        with pytest.raises(NotReconciled, match=r"stand at change 1, and 9 was seen .*--accept-rollback"):
            guarded(records, clock, state)
        assert records.audit.latest("acme", "rollback_accepted") is None
        assert [notice.event for notice in guarded(records, clock, state, accept=True)] == ["rollback_accepted"]
        last = records.audit.entries()[-1].entry
        assert (last.event, last.actor, last.detail) == (
            "rollback_accepted",
            "operator",
            {"found": "1", "remembered": "9"},
        )
        assert guarded(records, clock, state) == []
