"""The tables of the directory, as the newest migration leaves them (a test compares the two)."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, Index, LargeBinary, MetaData, Table, Text

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
    Column("epoch", BigInteger, nullable=False, server_default="0"),
    Column("attribute_stamps", _TEXT, nullable=False, server_default="{}"),  # JSON: field to [who, moment]
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

# -- organisations and their federation (``federations``) --------------------------------------------------------------

# One row: the number of the last change of any organisation. Every such change counts it up in its own transaction and
# leaves the number with the organisation, so that a worker reads only what changed.
registry = Table("registry", metadata, Column("generation", BigInteger, nullable=False))

recorded = Table(
    "recorded",
    metadata,
    Column("organization", _TEXT, primary_key=True),
    Column("changed_in", BigInteger, nullable=False),
    Index("recorded_changed_in", "changed_in"),
)

organizations = Table(
    "organizations",
    metadata,
    Column("name", _TEXT, primary_key=True),
    Column("display_name", _TEXT, nullable=False),
    Column("plan", _TEXT, nullable=False),
    Column("language", _TEXT),
    Column("created_at", _MOMENT, nullable=False),
)

# The primary key is the promise that a domain has one owner (threats UO-19, FE-10).
domains = Table(
    "domains",
    metadata,
    Column("domain", _TEXT, primary_key=True),
    Column("organization", _TEXT, nullable=False),
    Column("proof", _TEXT, nullable=False),
    Column("verified_at", _MOMENT, nullable=False),
    Column("confirmed_at", _MOMENT, nullable=False),
    Index("domains_organization", "organization"),
)

domain_claims = Table(
    "domain_claims",
    metadata,
    Column("domain", _TEXT, primary_key=True),
    Column("organization", _TEXT, primary_key=True),
    Column("token", _TEXT, nullable=False),
    Column("claimed_at", _MOMENT, nullable=False),
)

# ``consent``, ``test`` and ``disconnection`` are JSON of the values of those names. The unique tenant is the promise
# that a tenant is bound to one organisation (threats UO-19); NULLs are not equal.
federations = Table(
    "federations",
    metadata,
    Column("organization", _TEXT, primary_key=True),
    Column("stage", _TEXT, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("tenant_id", _TEXT),
    Column("declared", Boolean, nullable=False),
    Column("consent", _TEXT),
    Column("test", _TEXT),
    Column("enforced_at", _MOMENT),
    Column("enforced_by", _TEXT),
    Column("disconnection", _TEXT),
    Index("federations_tenant_id", "tenant_id", unique=True),
)

glass_people = Table(
    "glass_people",
    metadata,
    Column("organization", _TEXT, primary_key=True),
    Column("account_id", _TEXT, ForeignKey("accounts.id", name="glass_people_account"), primary_key=True),
)

glass_windows = Table(
    "glass_windows",
    metadata,
    Column("organization", _TEXT, primary_key=True),
    Column("opened_at", _MOMENT, nullable=False),
    Column("closes_at", _MOMENT, nullable=False),
    Column("opened_by", _TEXT, nullable=False),
    Column("why", _TEXT, nullable=False),
    Column("people", _TEXT, nullable=False),  # JSON array of account ids
)

# -- what people prove themselves with (``credentials``) ---------------------------------------------------------------

passwords = Table(
    "passwords",
    metadata,
    Column("address", _TEXT, primary_key=True),
    Column("account_id", _TEXT, ForeignKey("accounts.id", name="passwords_account"), nullable=False),
    Column("hash", _TEXT),
    Column("changed_at", _MOMENT, nullable=False),
    Index("passwords_account_id", "account_id", unique=True),
)

app_passwords = Table(
    "app_passwords",
    metadata,
    Column("id", _TEXT, primary_key=True),
    Column("account_id", _TEXT, ForeignKey("accounts.id", name="app_passwords_account"), nullable=False),
    Column("label", _TEXT, nullable=False),
    Column("digest", _TEXT, nullable=False),
    Column("created_at", _MOMENT, nullable=False),
    Column("last_used_at", _MOMENT),
    Index("app_passwords_account_id", "account_id"),
    Index("app_passwords_digest", "digest", unique=True),
)

invitations = Table(
    "invitations",
    metadata,
    Column("id", _TEXT, primary_key=True),
    Column("organization", _TEXT, nullable=False),
    Column("digest", _TEXT, nullable=False),
    Column("address", _TEXT, nullable=False),
    Column("role", _TEXT, nullable=False),
    Column("external", Boolean, nullable=False),
    Column("invited_by", _TEXT, nullable=False),
    Column("created_at", _MOMENT, nullable=False),
    Column("expires_at", _MOMENT, nullable=False),
    Column("state", _TEXT, nullable=False),
    Index("invitations_organization", "organization", "state"),
    Index("invitations_digest", "digest", unique=True),
)

passkeys = Table(
    "passkeys",
    metadata,
    Column("credential_id", _TEXT, primary_key=True),
    Column("account_id", _TEXT, ForeignKey("accounts.id", name="passkeys_account"), nullable=False),
    Column("name", _TEXT, nullable=False),
    Column("public_key", _TEXT, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("created_at", _MOMENT, nullable=False),
    Column("rehearsed_at", _MOMENT),
    Index("passkeys_account_id", "account_id"),
)

# Accounts that a proof of enforcement made for some seconds; ``made_by``: the probe whose invitation one came by.
probes = Table(
    "probes",
    metadata,
    Column("account_id", _TEXT, ForeignKey("accounts.id", name="probes_account"), primary_key=True),
    Column("made_by", _TEXT),
    Column("made_at", _MOMENT, nullable=False),
)

# -- what the directory is asked again (``standings``) -----------------------------------------------------------------

upstream_grants = Table(
    "upstream_grants",
    metadata,
    Column("account_id", _TEXT, ForeignKey("accounts.id", name="upstream_grants_account"), primary_key=True),
    Column("organization", _TEXT, nullable=False),
    Column("tenant_id", _TEXT, nullable=False),
    Column("sealed", _TEXT, nullable=False),
    Column("obtained_at", _MOMENT, nullable=False),
    Column("checked_at", _MOMENT, nullable=False),
    Index("upstream_grants_checked_at", "organization", "checked_at"),
)

watches = Table(
    "watches",
    metadata,
    Column("organization", _TEXT, primary_key=True),
    Column("tenant_id", _TEXT, nullable=False),
    Column("cursor", _TEXT),
    Column("subscription", _TEXT),
    Column("subscription_expires_at", _MOMENT),
    Column("client_state_digest", _TEXT),
    Column("looked_at", _MOMENT),
    Column("succeeded_at", _MOMENT),
    Column("trouble", _TEXT),
    Column("trouble_since", _MOMENT),
    Column("delay_seconds", Float),
    Column("longest_delay_seconds", Float),
)

endings = Table(
    "endings",
    metadata,
    Column("id", _TEXT, primary_key=True),
    Column("kind", _TEXT, nullable=False),
    Column("name", _TEXT, nullable=False),
    Column("reason", _TEXT, nullable=False),
    Column("noted_at", _MOMENT, nullable=False),
    Index("endings_noted_at", "noted_at"),
)

# -- what other systems are told (``outbox``) --------------------------------------------------------------------------

outbox = Table(
    "outbox",
    metadata,
    Column("id", _TEXT, primary_key=True),
    Column("organization", _TEXT, nullable=False),
    Column("hook", _TEXT, nullable=False),
    Column("account_id", _TEXT, nullable=False),
    Column("kind", _TEXT, nullable=False),
    Column("payload", _TEXT, nullable=False),  # JSON; empty once it is delivered
    Column("state", _TEXT, nullable=False),
    Column("created_at", _MOMENT, nullable=False),
    Column("attempts", BigInteger, nullable=False),
    Column("next_attempt_at", _MOMENT, nullable=False),
    Column("leased_until", _MOMENT),
    Column("last_error", _TEXT),
    Column("delivered_at", _MOMENT),
    Index("outbox_due", "state", "next_attempt_at"),
    Index("outbox_organization", "organization", "created_at"),
)

# -- what directories provision (``scim``) -----------------------------------------------------------------------------

# A user name is free again when its person was deleted: it is NULL then, and NULLs are not equal.
scim_users = Table(
    "scim_users",
    metadata,
    Column("account_id", _TEXT, ForeignKey("accounts.id", name="scim_users_account"), primary_key=True),
    Column("organization", _TEXT, nullable=False),
    Column("user_name_key", _TEXT),
    Column("external_id", _TEXT),
    Column("document", _TEXT, nullable=False),  # JSON object
    Column("modified_at", _MOMENT, nullable=False),
    Column("deleted_at", _MOMENT),
    Index("scim_users_user_name", "organization", "user_name_key", unique=True),
    Index("scim_users_external_id", "organization", "external_id"),
)

# -- what was done (``audit``) -----------------------------------------------------------------------------------------

audit_entries = Table(
    "audit_entries",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("event", _TEXT, nullable=False),
    Column("organization", _TEXT),
    Column("account_id", _TEXT),
    Column("actor", _TEXT, nullable=False),
    Column("at", _MOMENT, nullable=False),
    Column("detail", _TEXT, nullable=False),  # JSON object of strings
    Column("previous", _TEXT, nullable=False),
    Column("digest", _TEXT, nullable=False),
    Index("audit_entries_organization", "organization", "number"),
)
