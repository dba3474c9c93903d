"""What SCIM remembers of the accounts that a directory provisions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "scim_users",
        sa.Column("account_id", _TEXT, sa.ForeignKey("accounts.id", name="scim_users_account"), primary_key=True),
        sa.Column("organization", _TEXT, nullable=False),
        sa.Column("user_name_key", _TEXT),
        sa.Column("external_id", _TEXT),
        sa.Column("document", _TEXT, nullable=False),
        sa.Column("modified_at", sa.BigInteger, nullable=False),
        sa.Column("deleted_at", sa.BigInteger),
    )
    op.create_index("scim_users_user_name", "scim_users", ["organization", "user_name_key"], unique=True)
    op.create_index("scim_users_external_id", "scim_users", ["organization", "external_id"])
