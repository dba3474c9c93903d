"""Organisations and their federation, credentials, what the directory is asked again, the audit trail, epochs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("accounts", sa.Column("epoch", sa.BigInteger, nullable=False, server_default="0"))
    op.create_table(
        "registry",
        sa.Column("generation", sa.BigInteger, nullable=False),
    )
    op.execute("INSERT INTO registry (generation) VALUES (0)")
    op.create_table(
        "recorded",
        sa.Column("organization", _TEXT, primary_key=True),
        sa.Column("changed_in", sa.BigInteger, nullable=False),
    )
    op.create_index("recorded_changed_in", "recorded", ["changed_in"])
    op.create_table(
        "organizations",
        sa.Column("name", _TEXT, primary_key=True),
        sa.Column("display_name", _TEXT, nullable=False),
        sa.Column("plan", _TEXT, nullable=False),
        sa.Column("language", _TEXT),
        sa.Column("created_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "domains",
        sa.Column("domain", _TEXT, primary_key=True),
        sa.Column("organization", _TEXT, nullable=False),
        sa.Column("proof", _TEXT, nullable=False),
        sa.Column("verified_at", sa.BigInteger, nullable=False),
        sa.Column("confirmed_at", sa.BigInteger, nullable=False),
    )
    op.create_index("domains_organization", "domains", ["organization"])
    op.create_table(
        "domain_claims",
        sa.Column("domain", _TEXT, primary_key=True),
        sa.Column("organization", _TEXT, primary_key=True),
        sa.Column("token", _TEXT, nullable=False),
        sa.Column("claimed_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "federations",
        sa.Column("organization", _TEXT, primary_key=True),
        sa.Column("stage", _TEXT, nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("tenant_id", _TEXT),
        sa.Column("declared", sa.Boolean, nullable=False),
        sa.Column("consent", _TEXT),
        sa.Column("test", _TEXT),
        sa.Column("enforced_at", sa.BigInteger),
        sa.Column("enforced_by", _TEXT),
        sa.Column("disconnection", _TEXT),
    )
    op.create_index("federations_tenant_id", "federations", ["tenant_id"], unique=True)
    op.create_table(
        "glass_people",
        sa.Column("organization", _TEXT, primary_key=True),
        sa.Column("account_id", _TEXT, sa.ForeignKey("accounts.id", name="glass_people_account"), primary_key=True),
    )
    op.create_table(
        "glass_windows",
        sa.Column("organization", _TEXT, primary_key=True),
        sa.Column("opened_at", sa.BigInteger, nullable=False),
        sa.Column("closes_at", sa.BigInteger, nullable=False),
        sa.Column("opened_by", _TEXT, nullable=False),
        sa.Column("why", _TEXT, nullable=False),
        sa.Column("people", _TEXT, nullable=False),
    )
    op.create_table(
        "passwords",
        sa.Column("address", _TEXT, primary_key=True),
        sa.Column("account_id", _TEXT, sa.ForeignKey("accounts.id", name="passwords_account"), nullable=False),
        sa.Column("hash", _TEXT),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
    )
    op.create_index("passwords_account_id", "passwords", ["account_id"], unique=True)
    op.create_table(
        "app_passwords",
        sa.Column("id", _TEXT, primary_key=True),
        sa.Column("account_id", _TEXT, sa.ForeignKey("accounts.id", name="app_passwords_account"), nullable=False),
        sa.Column("label", _TEXT, nullable=False),
        sa.Column("digest", _TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("last_used_at", sa.BigInteger),
    )
    op.create_index("app_passwords_account_id", "app_passwords", ["account_id"])
    op.create_index("app_passwords_digest", "app_passwords", ["digest"], unique=True)
    op.create_table(
        "invitations",
        sa.Column("id", _TEXT, primary_key=True),
        sa.Column("organization", _TEXT, nullable=False),
        sa.Column("digest", _TEXT, nullable=False),
        sa.Column("address", _TEXT, nullable=False),
        sa.Column("role", _TEXT, nullable=False),
        sa.Column("external", sa.Boolean, nullable=False),
        sa.Column("invited_by", _TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("state", _TEXT, nullable=False),
    )
    op.create_index("invitations_digest", "invitations", ["digest"], unique=True)
    op.create_index("invitations_organization", "invitations", ["organization", "state"])
    op.create_table(
        "passkeys",
        sa.Column("credential_id", _TEXT, primary_key=True),
        sa.Column("account_id", _TEXT, sa.ForeignKey("accounts.id", name="passkeys_account"), nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("public_key", _TEXT, nullable=False),
        sa.Column("sign_count", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("rehearsed_at", sa.BigInteger),
    )
    op.create_index("passkeys_account_id", "passkeys", ["account_id"])
    op.create_table(
        "probes",
        sa.Column("account_id", _TEXT, sa.ForeignKey("accounts.id", name="probes_account"), primary_key=True),
        sa.Column("made_by", _TEXT),
        sa.Column("made_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "upstream_grants",
        sa.Column("account_id", _TEXT, sa.ForeignKey("accounts.id", name="upstream_grants_account"), primary_key=True),
        sa.Column("organization", _TEXT, nullable=False),
        sa.Column("tenant_id", _TEXT, nullable=False),
        sa.Column("sealed", _TEXT, nullable=False),
        sa.Column("obtained_at", sa.BigInteger, nullable=False),
        sa.Column("checked_at", sa.BigInteger, nullable=False),
    )
    op.create_index("upstream_grants_checked_at", "upstream_grants", ["organization", "checked_at"])
    op.create_table(
        "watches",
        sa.Column("organization", _TEXT, primary_key=True),
        sa.Column("tenant_id", _TEXT, nullable=False),
        sa.Column("cursor", _TEXT),
        sa.Column("subscription", _TEXT),
        sa.Column("subscription_expires_at", sa.BigInteger),
        sa.Column("client_state_digest", _TEXT),
        sa.Column("looked_at", sa.BigInteger),
        sa.Column("succeeded_at", sa.BigInteger),
        sa.Column("trouble", _TEXT),
        sa.Column("trouble_since", sa.BigInteger),
        sa.Column("delay_seconds", sa.Float),
        sa.Column("longest_delay_seconds", sa.Float),
    )
    op.create_table(
        "endings",
        sa.Column("id", _TEXT, primary_key=True),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("reason", _TEXT, nullable=False),
        sa.Column("noted_at", sa.BigInteger, nullable=False),
    )
    op.create_index("endings_noted_at", "endings", ["noted_at"])
    op.create_table(
        "audit_entries",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("event", _TEXT, nullable=False),
        sa.Column("organization", _TEXT),
        sa.Column("account_id", _TEXT),
        sa.Column("actor", _TEXT, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("detail", _TEXT, nullable=False),
        sa.Column("previous", _TEXT, nullable=False),
        sa.Column("digest", _TEXT, nullable=False),
    )
    op.create_index("audit_entries_organization", "audit_entries", ["organization", "number"])
