"""Records of the directory that many tests need."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from broker.store.directory import NewAccount, StoredKey
from tests.support.people import ELENI, NOW


def draft(**changes: Any) -> NewAccount:
    """Eleni's account before it exists."""
    base = NewAccount(
        id="0a6f4d57-3f5e-4a3e-9a0e-6d1b8f6f0001",
        organization="aegean-foods",
        subject=ELENI,
        email="eleni.markou@aegeanfoods.example",
        email_domain="aegeanfoods.example",
        email_verified=True,
        first_name="Ελένη",
        last_name="Μάρκου",
        display_name="Ελένη Μάρκου",
        role="editor",
        created_at=NOW + timedelta(microseconds=123457),
        attributes={"job_title": "Buyer", "office": 'Βόλος "3" \\ 𐅀'},
        attribute_sources={"job_title": "graph.jobTitle", "office": "graph.officeLocation"},
    )
    return replace(base, **changes)


def stored_key(kid: str, **changes: Any) -> StoredKey:
    """A signing key that signs from tomorrow on; its texts are no real key."""
    base = StoredKey(
        kid=kid,
        alg="RS256",
        public_jwk='{"kty":"RSA"}',
        sealed="sealed text",
        created_at=NOW,
        activates_at=NOW + timedelta(days=1, microseconds=1),
        retires_at=None,
    )
    return replace(base, **changes)
