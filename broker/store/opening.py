"""Opens the stores from plain arguments: a ``Path`` is a SQLite file, a text is the URL of a server.

``prepare_…`` is for the one process that starts the broker, before its workers open the stores.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from broker.clock import Clock
from broker.identity import Secret
from broker.store import sqlite
from broker.store.audit_sql import SqlAuditTrail
from broker.store.credentials_sql import SqlCredentials
from broker.store.database import ANSWER_WITHIN, Database, cause, create_engine
from broker.store.directory import Directory, DirectoryUnavailable
from broker.store.directory_sql import SqlDirectory
from broker.store.federations_sql import SqlFederations
from broker.store.outbox_sql import SqlOutbox
from broker.store.probes_sql import SqlProbes
from broker.store.records import Records
from broker.store.scim_sql import SqlScimPeople
from broker.store.standings_sql import SqlStandings
from broker.store.state import StateStore
from broker.store.state_redis import RecordsMayBeEvicted, RedisState
from broker.store.state_sqlite import SqliteState

# A change of a large table takes its time, and who starts second waits for it; but a start does not hang for ever.
_MIGRATE_WITHIN = timedelta(minutes=10)


class StoreUnsuitable(Exception):
    """A store is there, but the broker must not run on it; the sentence says what to change."""


def open_state(
    location: Path | str,
    clock: Clock,
    *,
    username: str | None = None,
    password: Secret | None = None,
    ca_bundle: Path | None = None,
) -> StateStore:
    """The state store; raises ``StateUnavailable`` or ``StoreUnsuitable`` for a file that cannot be used."""
    if isinstance(location, Path):
        try:
            return SqliteState(location, clock)
        except OSError as error:
            raise StoreUnsuitable(_about_file(error)) from error
    return RedisState(location, clock, username=username, password=password, ca_bundle=ca_bundle)


def prepare_state(
    location: Path | str,
    clock: Clock,
    *,
    username: str | None = None,
    password: Secret | None = None,
    ca_bundle: Path | None = None,
) -> str | None:
    """Makes the store if it is a file, and checks that nothing in it can get lost; None, or a warning for the operator.

    Raises ``StateUnavailable``, and ``StoreUnsuitable`` if records may be evicted (threats SS-08) or others may read
    them.
    """
    store = open_state(location, clock, username=username, password=password, ca_bundle=ca_bundle)
    with closing(store):
        if isinstance(store, RedisState):
            try:
                return store.check_eviction_policy()
            except RecordsMayBeEvicted as error:
                raise StoreUnsuitable(str(error)) from error
        if isinstance(store, SqliteState):
            store.check_integrity()
        return None


def open_directory(location: Path | str, *, password: Secret | None = None) -> Directory:
    """The directory; connects to nothing yet."""
    return SqlDirectory(location, password=password)


def open_records(location: Path | str, *, password: Secret | None = None) -> Records:
    """All records over one database; connects to nothing yet."""
    return records_in(Database(location, password=password))


def records_in(database: Database) -> Records:
    """All records of a database; closing them closes it."""
    return Records(
        directory=SqlDirectory(database),
        federations=SqlFederations(database),
        credentials=SqlCredentials(database),
        standings=SqlStandings(database),
        audit=SqlAuditTrail(database),
        probes=SqlProbes(database),
        outbox=SqlOutbox(database),
        scim=SqlScimPeople(database),
    )


def prepare_directory(location: Path | str, *, password: Secret | None = None) -> None:
    """Makes the file or uses the database that is there, checks it, and brings its tables to the newest form.

    Of several processes that start at once, one migrates and the others wait. Raises ``DirectoryUnavailable``, and
    ``StoreUnsuitable`` if a newer broker made the tables or others may read the file (threats SS-06).
    """
    # Alembic is loaded where it is used: workers never migrate.
    from broker.store.migrations import upgrading

    engine = create_engine(location, password=password, answer_within=_MIGRATE_WITHIN)
    try:
        if isinstance(location, Path):
            sqlite.create_private(location)
            with closing(sqlite.connect(location, "FULL", _MIGRATE_WITHIN)) as connection:
                sqlite.use_write_ahead_log(connection, _MIGRATE_WITHIN)
                sqlite.check_integrity(connection)
        upgrading.upgrade(engine)
    except upgrading.SchemaUnknown as error:
        raise StoreUnsuitable(str(error)) from error
    except SQLAlchemyError as error:
        raise DirectoryUnavailable(cause(error)) from error
    except sqlite3.Error as error:  # Of the file as such: no statement with a record in it ran.
        raise DirectoryUnavailable(str(error)) from error
    except OSError as error:
        raise StoreUnsuitable(_about_file(error)) from error
    finally:
        engine.dispose()


def directory_is_current(location: Path | str, *, password: Secret | None = None) -> bool:
    """Whether the tables are those that this broker works with; raises ``DirectoryUnavailable``."""
    from broker.store.migrations import upgrading

    engine = create_engine(location, password=password, answer_within=ANSWER_WITHIN)
    try:
        return upgrading.is_current(engine)
    except SQLAlchemyError as error:
        raise DirectoryUnavailable(cause(error)) from error
    finally:
        engine.dispose()


def _about_file(error: OSError) -> str:
    return str(error) if error.strerror is None else f"{error.filename}: {error.strerror}"
