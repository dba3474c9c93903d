"""What Alembic runs for a migration: the versions, on the connection and in the transaction that ``upgrading`` made."""

from __future__ import annotations

from alembic import context

# Alembic's own handling of transactions is off, since the whole upgrade is one transaction already, on SQLite too.
context.configure(connection=context.config.attributes["connection"], transactional_ddl=False)
context.run_migrations()
