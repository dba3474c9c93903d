"""Records of the directory that many tests need."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from broker.identity import Subject
from broker.store.credentials import AppPassword, Invitation, Passkey, PasswordRecord
from broker.store.directory import NewAccount, StoredKey
from broker.store.federations import Consent, Enforcement, Federation, Federations, TestSignIn
from tests.support.people import ELENI, NOW, TENANT_A


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


def own_draft(account_id: str, **changes: Any) -> NewAccount:
    """The account, before it exists, of somebody who signs in at Pobuca itself."""
    return draft(**{"id": account_id, "subject": Subject.own(account_id), **changes})


def password_record(account_id: str, **changes: Any) -> PasswordRecord:
    """The password of that account; its hash is none of a real password."""
    base = PasswordRecord(f"{account_id}@aegeanfoods.example", account_id, "$argon2id$first", NOW)
    return replace(base, **changes)


def invitation(number: int = 1, **changes: Any) -> Invitation:
    """An invitation to Aegean Foods."""
    base = Invitation(
        id=f"invitation-{number}",
        organization="aegean-foods",
        digest=f"digest-of-invitation-{number}",
        address=f"guest-{number}@aegeanfoods.example",
        role="editor",
        external=False,
        invited_by="anna",
        created_at=NOW + timedelta(seconds=number),
        expires_at=NOW + timedelta(days=7),
    )
    return replace(base, **changes)


def app_password(account_id: str, number: int = 1, **changes: Any) -> AppPassword:
    base = AppPassword(
        id=f"{account_id}-app-{number}",
        account_id=account_id,
        label="Phone",
        digest=f"digest-of-{account_id}-app-{number}",
        created_at=NOW + timedelta(seconds=number),
    )
    return replace(base, **changes)


def passkey(account_id: str, number: int = 1, **changes: Any) -> Passkey:
    base = Passkey(
        credential_id=f"{account_id}-key-{number}",
        account_id=account_id,
        name="Blue key",
        public_key="pQECAyYgASFYIA",
        sign_count=0,
        created_at=NOW + timedelta(seconds=number),
    )
    return replace(base, **changes)


def consent(tenant_id: str = TENANT_A, **changes: Any) -> Consent:
    """What a tenant's administrator agreed to."""
    base = Consent(
        tenant_id=tenant_id,
        tenant_name="Aegean Foods Α.Ε.",
        verified_domains=("aegeanfoods.example", "xn--hxajbheg2az3al.example"),
        by_subject=ELENI.identifier,
        started_by="anna",
        scopes=("openid", "User.Read"),
        at=NOW + timedelta(microseconds=7),
    )
    return replace(base, **changes)


def tried(object_id: str = ELENI.identifier, **changes: Any) -> TestSignIn:
    """A sign-in through the new connection that worked."""
    return replace(TestSignIn(object_id, "anna", "sid-1", NOW + timedelta(minutes=1)), **changes)


def order(organization: str = "aegean-foods", tenant_id: str = TENANT_A, **changes: Any) -> Enforcement:
    """The switch, for a federation that was never enforced before."""
    return replace(Enforcement(organization, 0, tenant_id, "anna", NOW + timedelta(minutes=2)), **changes)


def make_tested(federations: Federations, organization: str = "aegean-foods", tenant_id: str = TENANT_A) -> Federation:
    """Takes a federation as far as it goes without the switch."""
    federations.connect(organization, consent(tenant_id))
    return federations.record_test(organization, tenant_id, tried())


def tenant(number: int) -> str:
    """The id of some tenant."""
    return f"00000000-0000-4000-8000-{number:012}"
