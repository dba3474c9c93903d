"""Brings a database to the newest tables, in one transaction that two processes do not run at once."""

from __future__ import annotations

import functools

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine

# Any number that nothing else in this database locks; it spells "Pobuca".
_LOCK = int.from_bytes(b"Pobuca", "big")


class SchemaUnknown(Exception):
    """The tables were made by a newer version of the broker; this one must not touch them."""


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Runs what has not been run yet, up to a revision; whoever comes second waits and finds nothing to do.

    Raises ``SchemaUnknown``, and what SQLAlchemy raises if the database does not answer. After any error nothing is
    changed.
    """
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.exec_driver_sql("BEGIN")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        try:
            if _refuse_newer(connection) != _scripts().as_revision_number(revision):
                config = _config()
                config.attributes["connection"] = connection
                command.upgrade(config, revision)
        except BaseException:
            connection.exec_driver_sql("ROLLBACK")
            raise
        connection.exec_driver_sql("COMMIT")


def is_current(engine: Engine) -> bool:
    """Whether the tables are those that this version of the broker works with."""
    with engine.connect() as connection:
        revision = MigrationContext.configure(connection).get_current_revision()
    return revision == _scripts().get_current_head()


def _refuse_newer(connection: Connection) -> str | None:
    """The revision that the tables have; none has the empty database."""
    revision = MigrationContext.configure(connection).get_current_revision()
    if revision is not None:
        try:
            _scripts().get_revision(revision)
        except CommandError as error:
            raise SchemaUnknown(f"the directory has schema {revision}, which a newer broker made") from error
    return revision


@functools.cache
def _scripts() -> ScriptDirectory:
    """The migrations of this version, read once."""
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "broker.store:migrations")
    config.set_main_option("path_separator", "os")
    return config
