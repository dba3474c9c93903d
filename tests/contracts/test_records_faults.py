"""Federations, credentials, standings and audit when their database misbehaves, or whoever writes to it dies (threats
SS-10, SS-12, FE-23): they say so, conclude nothing, and are never half-written.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from broker.identity import Subject
from broker.store.database import Database
from broker.store.directory import DirectoryUnavailable
from broker.store.federations import BreakGlassWindow, Disconnection, DomainClaim, DomainRecord, OrganizationRecord
from broker.store.opening import open_records, prepare_directory, records_in
from broker.store.records import Records
from broker.store.standings import UpstreamGrant, Watch
from tests.contracts.dying import DEADLY, ENTRY, dying
from tests.servers import PostgresqlServer, postgres_server
from tests.support.directory import (
    app_password,
    consent,
    invitation,
    make_tested,
    order,
    own_draft,
    passkey,
    password_record,
    tried,
)
from tests.support.losing_proxy import losing_proxy
from tests.support.opening import PATIENTLY
from tests.support.people import ELENI, NOW, TENANT_A

AEGEAN = "aegean-foods"
LOCAL = "corner-shop"
GRANT = UpstreamGrant("anna", LOCAL, TENANT_A, "sealed", NOW, NOW)

READS: dict[str, Callable[[Records], object]] = {
    "generation": lambda r: r.federations.generation(),
    "changes": lambda r: r.federations.changes(0),
    "recorded": lambda r: r.federations.recorded(AEGEAN),
    "domain_claims": lambda r: r.federations.domain_claims(AEGEAN),
    "password": lambda r: r.credentials.password("a@aegeanfoods.example"),
    "password_of": lambda r: r.credentials.password_of("anna"),
    "app_passwords": lambda r: r.credentials.app_passwords("anna"),
    "app_password": lambda r: r.credentials.app_password("digest"),
    "invitations": lambda r: r.credentials.invitations(LOCAL),
    "invitation": lambda r: r.credentials.invitation("digest"),
    "passkeys": lambda r: r.credentials.passkeys("anna"),
    "passkey": lambda r: r.credentials.passkey("key"),
    "upstream_grant": lambda r: r.standings.upstream_grant("anna"),
    "upstream_grants": lambda r: r.standings.upstream_grants(LOCAL),
    "watch": lambda r: r.standings.watch(AEGEAN),
    "watches": lambda r: r.standings.watches(),
    "endings": lambda r: r.standings.endings(),
    "entries": lambda r: r.audit.entries(AEGEAN),
    "latest": lambda r: r.audit.latest(AEGEAN, "e"),
    "first_broken": lambda r: r.audit.first_broken(),
}
# In an order in which each can be carried out, and again after ``START_AGAIN``.
WRITES: dict[str, Callable[[Records], object]] = {
    "create_password_account": lambda r: r.credentials.create_password_account(
        own_draft("anna", organization=LOCAL), password_record("anna")
    ),
    "set_password": lambda r: r.credentials.set_password("anna", "$argon2id$new", NOW),
    "rehash_password": lambda r: r.credentials.rehash_password("anna", "$argon2id$new", "$argon2id$newer"),
    "add_app_password": lambda r: r.credentials.add_app_password(app_password("anna")),
    "note_app_password_used": lambda r: r.credentials.note_app_password_used("anna-app-1", NOW),
    "drop_app_password": lambda r: r.credentials.drop_app_password("anna", "anna-app-1"),
    "add_invitation": lambda r: r.credentials.add_invitation(invitation(organization=LOCAL)),
    "accept_invitation": lambda r: r.credentials.accept_invitation(
        "invitation-1", own_draft("eleni", organization=LOCAL), password_record("eleni")
    ),
    "cancel_invitation": lambda r: r.credentials.cancel_invitation(LOCAL, "invitation-1"),
    "add_passkey": lambda r: r.credentials.add_passkey(passkey("anna")),
    "note_passkey_used": lambda r: r.credentials.note_passkey_used("anna-key-1", 1, NOW),
    "drop_passkey": lambda r: r.credentials.drop_passkey("anna", "anna-key-1"),
    "keep_upstream_grant": lambda r: r.standings.keep_upstream_grant(GRANT),
    "claim_check": lambda r: r.standings.claim_check("anna", NOW, NOW),
    "renew_upstream_grant": lambda r: r.standings.renew_upstream_grant("anna", "renewed", NOW),
    "drop_upstream_grant": lambda r: r.standings.drop_upstream_grant("anna"),
    "end_account": lambda r: r.standings.end_account("anna", "disabled", NOW),
    "carried_out": lambda r: r.standings.carried_out("nothing"),
    "keep_watch": lambda r: r.standings.keep_watch(Watch(AEGEAN, TENANT_A)),
    "drop_watch": lambda r: r.standings.drop_watch(AEGEAN),
    "add": lambda r: r.audit.add(ENTRY),
    "create_organization": lambda r: r.federations.create_organization(
        OrganizationRecord(AEGEAN, "Aegean Foods", "enterprise", None, NOW)
    ),
    "update_organization": lambda r: r.federations.update_organization(AEGEAN, plan="standard"),
    "claim_domain": lambda r: r.federations.claim_domain(DomainClaim("one.example", AEGEAN, "token", NOW)),
    "verify_domain": lambda r: r.federations.verify_domain(DomainRecord("one.example", AEGEAN, "dns", NOW, NOW)),
    "drop_domain": lambda r: r.federations.drop_domain(AEGEAN, "one.example"),
    "connect": lambda r: r.federations.connect(AEGEAN, consent()),
    "record_test": lambda r: r.federations.record_test(AEGEAN, TENANT_A, tried()),
    "enforce": lambda r: r.federations.enforce(order()),
    "declare": lambda r: r.federations.declare(AEGEAN, TENANT_A, NOW),
    "schedule_disconnection": lambda r: r.federations.schedule_disconnection(AEGEAN, Disconnection("a", NOW, NOW)),
    "call_off_disconnection": lambda r: r.federations.call_off_disconnection(AEGEAN),
    "disconnect": lambda r: r.federations.disconnect(AEGEAN, "anna", NOW),
    "name_glass_person": lambda r: r.federations.name_glass_person(LOCAL, "anna"),
    "unname_glass_person": lambda r: r.federations.unname_glass_person(LOCAL, "anna"),
    "open_window": lambda r: r.federations.open_window(BreakGlassWindow(AEGEAN, NOW, NOW, "operator", "why")),
    "close_window": lambda r: r.federations.close_window(AEGEAN),
}
OPERATIONS = READS | WRITES


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[PostgresqlServer]:
    """A PostgreSQL of these tests alone: they stop it."""
    with postgres_server() as server:
        yield server


@pytest.fixture
def url(own_postgres: PostgresqlServer) -> str:
    url = own_postgres.url_of(own_postgres.create_database())
    prepare_directory(url)
    return url


def opened(location: Path | str, patience: timedelta = PATIENTLY) -> closing[Records]:
    return closing(records_in(Database(location, answer_within=patience)))


# --- PostgreSQL -------------------------------------------------------------------------------------------------------


def test_a_postgresql_that_is_down_makes_every_operation_say_so_and_is_found_again(
    own_postgres: PostgresqlServer, url: str
) -> None:
    with opened(url) as records:
        own_postgres.stop()
        try:
            for operation in OPERATIONS.values():
                with pytest.raises(DirectoryUnavailable):
                    operation(records)
        finally:
            own_postgres.start()
        for operation in OPERATIONS.values():
            operation(records)


def test_connections_that_the_server_closed_go_unnoticed(own_postgres: PostgresqlServer, url: str) -> None:
    terminate = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'pobuca%'"
    with psycopg.connect(own_postgres.url, autocommit=True) as operator, opened(url) as records:
        for operation in OPERATIONS.values():
            records.directory.ping()
            operator.execute(terminate)
            operation(records)


def test_the_question_of_every_admission_is_one_statement(own_postgres: PostgresqlServer, url: str) -> None:
    log = own_postgres.folder / "log"
    with opened(url) as records, psycopg.connect(url, autocommit=True) as operator:
        make_tested(records.federations)
        operator.execute("ALTER ROLE broker SET log_statement = 'all'")
        try:
            with opened(url) as others:
                others.federations.generation()
                start = log.stat().st_size
                others.federations.generation()
                others.federations.changes(2)
        finally:
            operator.execute("ALTER ROLE broker RESET log_statement")
    statements = [line.split(": ", 2)[2].split()[0] for line in log.read_text()[start:].splitlines() if " LOG:" in line]
    assert statements == ["SELECT", "BEGIN", "SELECT", "COMMIT"]


@pytest.mark.parametrize("organizations", [1, 40])
def test_reading_what_changed_takes_as_many_statements_for_many_organisations_as_for_one(
    own_postgres: PostgresqlServer, url: str, organizations: int
) -> None:
    log = own_postgres.folder / "log"
    with opened(url) as records, psycopg.connect(url, autocommit=True) as operator:
        for number in range(organizations):
            name = f"organization-{number}"
            records.federations.verify_domain(DomainRecord(f"{name}.example", name, "dns", NOW, NOW))
        operator.execute("ALTER ROLE broker SET log_statement = 'all'")
        try:
            with opened(url) as others:
                others.federations.generation()
                start = log.stat().st_size
                assert len(others.federations.changes(0).organizations) == organizations
        finally:
            operator.execute("ALTER ROLE broker RESET log_statement")
    statements = [line for line in log.read_text()[start:].splitlines() if " LOG:" in line]
    assert len(statements) == 9  # BEGIN, the number, the names, five tables, COMMIT.


@pytest.mark.parametrize("lost", [b"BEGIN", b"SELECT registry", b"DELETE FROM passkeys", b"INSERT INTO endings"])
def test_a_switch_that_cannot_have_been_carried_out_is_tried_again(
    own_postgres: PostgresqlServer, url: str, lost: bytes
) -> None:
    with (
        losing_proxy(own_postgres.port) as proxy,
        opened(f"postgresql://broker@127.0.0.1:{proxy.port}/{url.rsplit('/', 1)[1]}") as records,
    ):
        make_tested(records.federations)
        proxy.lose_answer_to = lost
        assert records.federations.enforce(order()).epoch == 1
        assert proxy.lost == 1
        assert records.federations.generation() == 3
        assert len(records.standings.endings()) == 1


def test_a_switch_that_may_have_been_carried_out_is_found_turned_by_whoever_turns_it_again(
    own_postgres: PostgresqlServer, url: str
) -> None:
    with (
        losing_proxy(own_postgres.port) as proxy,
        opened(f"postgresql://broker@127.0.0.1:{proxy.port}/{url.rsplit('/', 1)[1]}") as records,
    ):
        make_tested(records.federations)
        proxy.lose_answer_to = b"COMMIT"
        with pytest.raises(DirectoryUnavailable):
            records.federations.enforce(order())
        assert proxy.lost == 1
        assert records.federations.enforce(order()).epoch == 1
        assert len(records.standings.endings()) == 1


def test_an_organisation_that_somebody_holds_makes_a_change_say_so_and_reads_go_on(url: str) -> None:
    with (
        opened(url, timedelta(milliseconds=300)) as hasty,
        opened(url) as records,
        psycopg.connect(url) as somebody,
    ):
        make_tested(records.federations)
        somebody.execute("SELECT generation FROM registry FOR UPDATE")
        with pytest.raises(DirectoryUnavailable):
            hasty.federations.enforce(order())
        assert records.federations.generation() == 2
        assert records.federations.recorded(AEGEAN).federation is not None
        somebody.rollback()
        assert records.federations.enforce(order()).stage == "enforced"


# --- SQLite -----------------------------------------------------------------------------------------------------------


def test_a_file_that_somebody_holds_makes_every_write_say_so_and_reads_go_on(tmp_path: Path) -> None:
    path = tmp_path / "directory.sqlite"
    prepare_directory(path)
    with (
        opened(path, timedelta(milliseconds=50)) as records,
        closing(sqlite3.connect(path, isolation_level=None)) as somebody,
    ):
        somebody.execute("BEGIN IMMEDIATE")
        for write in WRITES.values():
            with pytest.raises(DirectoryUnavailable):
                write(records)
        for read in READS.values():
            read(records)
        somebody.execute("ROLLBACK")
        for write in WRITES.values():
            write(records)


# --- both -------------------------------------------------------------------------------------------------------------


def test_a_database_that_is_not_there_or_has_no_tables_yet_makes_every_operation_say_so(
    postgres_url: str, tmp_path: Path
) -> None:
    empty = tmp_path / "empty.sqlite"
    empty.touch(0o600)
    for location in (postgres_url, empty, tmp_path / "missing.sqlite"):
        with closing(open_records(location)) as records:
            for operation in OPERATIONS.values():
                with pytest.raises(DirectoryUnavailable):
                    operation(records)


def test_fe_23_a_registry_that_lost_its_number_is_unavailable_and_not_empty(
    records: Records, directory_location: Path | str
) -> None:
    make_tested(records.federations)
    if isinstance(directory_location, Path):
        with closing(sqlite3.connect(directory_location, isolation_level=None)) as file:
            file.execute("DELETE FROM registry")
    else:
        with psycopg.connect(directory_location, autocommit=True) as server:
            server.execute("DELETE FROM registry")
    for operation in (
        lambda: records.federations.generation(),
        lambda: records.federations.changes(0),
        lambda: records.federations.enforce(order()),
    ):
        with pytest.raises(DirectoryUnavailable):
            operation()


def everything(records: Records) -> object:
    """All that the operations of ``DEADLY`` change."""
    return (
        records.federations.changes(0),
        records.standings.endings(),
        records.standings.upstream_grant("anna"),
        records.directory.account("anna"),
        records.directory.account("eleni"),
        records.directory.account_of(ELENI),
        records.credentials.password_of("anna"),
        records.credentials.app_passwords("anna"),
        records.credentials.passkeys("anna"),
        records.credentials.invitations(AEGEAN),
        records.audit.entries(),
    )


@pytest.mark.parametrize(
    ("operation", "statement"),
    [
        ("enforce", "DELETE FROM passkeys"),
        ("enforce", "INSERT INTO identities"),
        ("enforce", "INSERT INTO recorded"),
        ("enforce", "COMMIT"),
        ("declare", "COMMIT"),
        ("disconnect", "COMMIT"),
        ("set_password", "UPDATE accounts"),
        ("accept_invitation", "INSERT INTO passwords"),
        ("end_account", "INSERT INTO endings"),
        ("add", "COMMIT"),
    ],
)
def test_ss_10_whoever_dies_in_the_middle_leaves_nothing_and_keeps_nobody_from_doing_it(
    records: Records, directory_location: Path | str, operation: str, statement: str
) -> None:
    records.credentials.create_password_account(own_draft("anna"), password_record("anna"))
    records.credentials.add_app_password(app_password("anna"))
    records.credentials.add_passkey(passkey("anna"))
    records.credentials.add_invitation(invitation())
    records.standings.keep_upstream_grant(replace(GRANT, organization=AEGEAN))
    make_tested(records.federations)
    before = everything(records)
    with dying(directory_location, operation, statement):
        assert everything(records) == before
    assert everything(records) == before
    DEADLY[operation](records)
    assert everything(records) != before
    if operation == "enforce":
        account = records.directory.account_of(ELENI)
        assert account is not None
        assert account.id == "anna"
        assert records.directory.account_of(Subject.own("anna")) is None
