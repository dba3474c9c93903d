"""The tables of the directory come from migrations, and are the ones that the code works with."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import cast

import psycopg
import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, Text, insert

from broker.store.database import ANSWER_WITHIN, create_engine
from broker.store.directory import DirectoryUnavailable
from broker.store.federations import Changes
from broker.store.migrations import upgrading
from broker.store.opening import (
    StoreUnsuitable,
    directory_is_current,
    open_directory,
    open_records,
    prepare_directory,
)
from broker.store.tables import metadata
from tests.contracts import racing
from tests.contracts.racing import Race
from tests.support.directory import draft, stored_key
from tests.support.people import ELENI, NOW


@pytest.fixture(params=["sqlite", "postgresql"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """A place without any table."""
    return tmp_path / "directory.sqlite" if request.param == "sqlite" else request.getfixturevalue("postgres_url")


@pytest.fixture
def engine(location: Path | str) -> Iterator[sqlalchemy.Engine]:
    engine = create_engine(location, password=None, answer_within=ANSWER_WITHIN)
    yield engine
    engine.dispose()


def test_an_empty_database_gets_its_tables_and_is_current_then(location: Path | str) -> None:
    if isinstance(location, str):
        assert directory_is_current(location) is False
    prepare_directory(location)
    assert directory_is_current(location) is True
    with closing(open_directory(location)) as directory:
        assert directory.create_account(draft())[1] is True


def test_a_directory_of_the_first_version_is_brought_to_the_newest_with_what_it_has(
    location: Path | str, engine: sqlalchemy.Engine
) -> None:
    if isinstance(location, Path):
        location.touch(0o600)
    upgrading.upgrade(engine, "0001")
    key = stored_key("k")
    with engine.connect() as connection:
        tables = MetaData()
        tables.reflect(connection)
        assert set(tables.tables) == {"accounts", "alembic_version", "identities", "photos", "signing_keys"}
        row = {
            "id": "anna",
            "organization": "aegean-foods",
            "email_verified": True,
            "first_name": "Άννα",
            "last_name": "Βασιλείου",
            "display_name": "Άννα Βασιλείου",
            "role": "editor",
            "created_at": 0,
            "attributes": "{}",
            "attribute_sources": "{}",
            "active": True,
        }
        identity = {"kind": "entra", "authority": ELENI.authority, "identifier": ELENI.identifier, "account_id": "anna"}
        connection.execute(insert(tables.tables["accounts"]), row)
        connection.execute(insert(tables.tables["identities"]), identity)
    assert directory_is_current(location) is False
    prepare_directory(location)
    assert directory_is_current(location) is True
    with closing(open_records(location)) as records:
        account = records.directory.account_of(ELENI)
        assert account is not None
        assert (account.id, account.display_name, account.epoch) == ("anna", "Άννα Βασιλείου", 0)
        assert records.federations.changes(0) == Changes(0, ())
        records.directory.add_signing_key(key)
        ending = records.standings.end_account("anna", "disabled", NOW)
        assert ending is not None
        assert records.federations.declare("aegean-foods", ELENI.authority, NOW).epoch == 1


def test_preparing_again_changes_nothing(location: Path | str) -> None:
    prepare_directory(location)
    with closing(open_directory(location)) as directory:
        account, _ = directory.create_account(draft())
        prepare_directory(location)
        assert directory.account(account.id) == account


def test_of_many_who_start_at_once_one_migrates_and_all_can_work(location: Path | str, race: Race) -> None:
    race(racing.migrate, 8, location)
    assert directory_is_current(location)


def test_the_migrations_make_the_tables_that_the_code_works_with(
    location: Path | str, engine: sqlalchemy.Engine
) -> None:
    prepare_directory(location)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
        inspector = sqlalchemy.inspect(connection)
        for table in metadata.sorted_tables:
            primary_key = inspector.get_pk_constraint(table.name)["constrained_columns"]
            assert primary_key == list(table.primary_key.columns.keys())
        (reference,) = inspector.get_foreign_keys("identities")
        assert reference["options"] == {"deferrable": True, "initially": "DEFERRED"}


def test_text_compares_by_code_point_in_postgresql(postgres_url: str) -> None:
    prepare_directory(postgres_url)
    with psycopg.connect(postgres_url) as connection:
        rows = connection.execute(
            "SELECT table_name, column_name, collation_name FROM information_schema.columns"
            " WHERE data_type = 'text' AND table_schema = 'public'"
        ).fetchall()
    texts = [column for table in metadata.tables.values() for column in table.columns if isinstance(column.type, Text)]
    assert len(rows) == len(texts)
    assert [row for row in rows if row[2] != "C"] == []


def test_a_schema_of_a_newer_broker_is_refused_and_left_alone(location: Path | str, engine: sqlalchemy.Engine) -> None:
    prepare_directory(location)
    with engine.connect() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreUnsuitable, match="9999"):
        prepare_directory(location)
    assert directory_is_current(location) is False
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == "9999"


def test_a_migration_that_fails_leaves_nothing_behind(location: Path | str, engine: sqlalchemy.Engine) -> None:
    if isinstance(location, Path):
        location.touch(0o600)
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE photos (in_the_way INTEGER)")
    with pytest.raises(DirectoryUnavailable):
        prepare_directory(location)
    with engine.connect() as connection:
        assert sqlalchemy.inspect(connection).get_table_names() == ["photos"]
        connection.exec_driver_sql("DROP TABLE photos")
    prepare_directory(location)
    assert directory_is_current(location)


def test_ss_06_the_file_and_its_companions_are_for_their_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "directory.sqlite"
    prepare_directory(path)
    with closing(open_directory(path)) as directory:
        directory.create_account(draft())
        modes = {file.name.removeprefix(path.name): file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
    assert modes == {"": 0o600, "-wal": 0o600, "-shm": 0o600}
    path.chmod(0o640)
    with pytest.raises(StoreUnsuitable, match="chmod 600"):
        prepare_directory(path)


def test_ss_12_a_damaged_file_is_not_started_on(tmp_path: Path) -> None:
    path = tmp_path / "directory.sqlite"
    prepare_directory(path)
    with closing(open_directory(path)) as directory:
        directory.create_account(draft(photo=("image/png", b"1" * 100_000)))
    content = bytearray(path.read_bytes())
    content[8192:40_000] = b"\xff" * (40_000 - 8192)
    path.write_bytes(content)
    with pytest.raises(DirectoryUnavailable):
        prepare_directory(path)


def test_the_file_is_in_write_ahead_mode_so_that_readers_and_the_writer_go_on_together(tmp_path: Path) -> None:
    path = tmp_path / "directory.sqlite"
    prepare_directory(path)
    with closing(sqlite3.connect(path)) as connection:
        assert cast(str, connection.execute("PRAGMA journal_mode").fetchone()[0]) == "wal"
