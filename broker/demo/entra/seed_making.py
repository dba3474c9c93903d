"""The tenants' ids and domains, and how the people of the simulated world are made."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Final

from broker.demo.entra.model import HomeAccount, User
from broker.demo.entra.roles import ROLES
from broker.demo.entra.seed_groups import STAFF, TENANT_A

TENANT_B: Final = "705bad33-ba4a-40ee-8ef9-2eb1e60b7b83"
ATTACKER: Final = "e0e7c1a5-8d0b-4a53-9f0e-6a1f6a3f5d11"
CYCLADES: Final = "b46f2a0d-7c1e-4d35-9a8e-1f60c2d7e953"

AEGEAN: Final = "aegeanfoods.example"
HELIOS: Final = "helios-shipping.example"
CYCLADIC: Final = "cyclades-ferries.example"
EVIL: Final = "evil-olives.example"


def oid_of(upn: str) -> str:
    """The same at every start; nothing else follows from it."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"simulated user {upn}"))


def aegean(name: str, display_name: str, purpose: str, *, oid: str | None = None) -> User:
    """A member of Aegean Foods with a mailbox and the two names."""
    given_name, _, surname = display_name.partition(" ")
    upn = f"{name}@{AEGEAN}"
    return User(
        TENANT_A,
        oid or oid_of(upn),
        upn,
        display_name,
        purpose,
        given_name=given_name,
        surname=surname or None,
        mail=upn,
        groups=frozenset({STAFF}),
    )


def aegean_administrator(name: str, display_name: str, role: str, purpose: str) -> User:
    return replace(aegean(name, display_name, purpose), directory_roles=(ROLES[role],))


def elsewhere(tenant_id: str, upn: str, display_name: str, purpose: str, *roles: str) -> User:
    """A member of another tenant with a mailbox, the two names and these active roles."""
    given_name, _, surname = display_name.partition(" ")
    return User(
        tenant_id,
        oid_of(upn),
        upn,
        display_name,
        purpose,
        given_name=given_name,
        surname=surname,
        mail=upn,
        directory_roles=tuple(ROLES[role] for role in roles),
    )


def guest(tenant_id: str, initial_domain: str, account: User, oid: str, purpose: str) -> User:
    """The user object that an account of another tenant has as a guest."""
    name = account.user_principal_name.replace("@", "_")
    return User(
        tenant_id,
        oid,
        f"{name}#EXT#@{initial_domain}",
        account.display_name,
        purpose,
        mail=account.mail or account.user_principal_name,
        other_mails=(account.user_principal_name,),
        user_type="Guest",
        home=HomeAccount(account.tenant_id, account.oid, account.user_principal_name),
    )
