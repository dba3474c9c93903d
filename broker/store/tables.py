"""The tables of the directory, as the newest migration leaves them (a test compares the two)."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, LargeBinary, MetaData, Table, Text

metadata = MetaData()

# Text compares by code point on both databases: pages are cut at the same places, and an update of the machine's
# language data does not damage an index (https://www.postgresql.org/docs/current/collation.html).
_TEXT = Text().with_variant(Text(collation="C"), "postgresql")
_MOMENT = BigInteger()  # Microseconds since 1970: what a Python datetime holds, exactly.

accounts = Table(
    "accounts",
    metadata,
    Column("id", _TEXT, primary_key=True),
    Column("organization", _TEXT, nullable=False),
    Column("email", _TEXT),
    Column("email_domain", _TEXT),
    Column("email_verified", Boolean, nullable=False),
    Column("first_name", _TEXT, nullable=False),
    Column("last_name", _TEXT, nullable=False),
    Column("display_name", _TEXT, nullable=False),
    Column("role", _TEXT, nullable=False),
    Column("created_at", _MOMENT, nullable=False),
    Column("attributes", _TEXT, nullable=False),  # JSON object of strings
    Column("attribute_sources", _TEXT, nullable=False),  # JSON object of strings
    Column("active", Boolean, nullable=False),
    Index("accounts_page", "organization", "display_name", "id"),
)

# The primary key is the promise of one account per upstream identity (threats G4, PR-01). An identity is written
# before its account, so that who comes second waits here and has written nothing; the reference is checked at the
# commit.
identities = Table(
    "identities",
    metadata,
    Column("kind", _TEXT, primary_key=True),
    Column("authority", _TEXT, primary_key=True),
    Column("identifier", _TEXT, primary_key=True),
    Column(
        "account_id",
        _TEXT,
        ForeignKey("accounts.id", name="identities_account", deferrable=True, initially="DEFERRED"),
        nullable=False,
    ),
    Index("identities_account_id", "account_id", unique=True),
)

photos = Table(
    "photos",
    metadata,
    Column("account_id", _TEXT, ForeignKey("accounts.id", name="photos_account"), primary_key=True),
    Column("media_type", _TEXT, nullable=False),
    Column("image", LargeBinary, nullable=False),
)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("kid", _TEXT, primary_key=True),
    Column("alg", _TEXT, nullable=False),
    Column("public_jwk", _TEXT, nullable=False),
    Column("sealed", _TEXT, nullable=False),
    Column("created_at", _MOMENT, nullable=False),
    Column("activates_at", _MOMENT, nullable=False),
    Column("retires_at", _MOMENT),
)
