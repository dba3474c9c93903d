"""When and by whom each field of an account was set; the outbox of the provisioning hooks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("accounts", sa.Column("attribute_stamps", _TEXT, nullable=False, server_default="{}"))
    op.create_table(
        "outbox",
        sa.Column("id", _TEXT, primary_key=True),
        sa.Column("organization", _TEXT, nullable=False),
        sa.Column("hook", _TEXT, nullable=False),
        sa.Column("account_id", _TEXT, nullable=False),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("payload", _TEXT, nullable=False),
        sa.Column("state", _TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.BigInteger, nullable=False),
        sa.Column("next_attempt_at", sa.BigInteger, nullable=False),
        sa.Column("leased_until", sa.BigInteger),
        sa.Column("last_error", _TEXT),
        sa.Column("delivered_at", sa.BigInteger),
    )
    op.create_index("outbox_due", "outbox", ["state", "next_attempt_at"])
    op.create_index("outbox_organization", "outbox", ["organization", "created_at"])
