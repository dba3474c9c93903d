"""Accounts with their upstream identities and photos, and the sealed signing keys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", _TEXT, primary_key=True),
        sa.Column("organization", _TEXT, nullable=False),
        sa.Column("email", _TEXT),
        sa.Column("email_domain", _TEXT),
        sa.Column("email_verified", sa.Boolean, nullable=False),
        sa.Column("first_name", _TEXT, nullable=False),
        sa.Column("last_name", _TEXT, nullable=False),
        sa.Column("display_name", _TEXT, nullable=False),
        sa.Column("role", _TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("attributes", _TEXT, nullable=False),
        sa.Column("attribute_sources", _TEXT, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
    )
    op.create_index("accounts_page", "accounts", ["organization", "display_name", "id"])
    op.create_table(
        "identities",
        sa.Column("kind", _TEXT, primary_key=True),
        sa.Column("authority", _TEXT, primary_key=True),
        sa.Column("identifier", _TEXT, primary_key=True),
        sa.Column(
            "account_id",
            _TEXT,
            sa.ForeignKey("accounts.id", name="identities_account", deferrable=True, initially="DEFERRED"),
            nullable=False,
        ),
    )
    op.create_index("identities_account_id", "identities", ["account_id"], unique=True)
    op.create_table(
        "photos",
        sa.Column("account_id", _TEXT, sa.ForeignKey("accounts.id", name="photos_account"), primary_key=True),
        sa.Column("media_type", _TEXT, nullable=False),
        sa.Column("image", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "signing_keys",
        sa.Column("kid", _TEXT, primary_key=True),
        sa.Column("alg", _TEXT, nullable=False),
        sa.Column("public_jwk", _TEXT, nullable=False),
        sa.Column("sealed", _TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("activates_at", sa.BigInteger, nullable=False),
        sa.Column("retires_at", sa.BigInteger),
    )
