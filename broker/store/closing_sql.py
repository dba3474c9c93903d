"""Closing every other way into an organisation, as rows: what the switch does beside turning itself.

Whoever writes a credential shares a lock with the others of the organisation, and the switch has it alone. So a
password that was being set at that moment is either there before and goes, or comes after and is refused (threats
FE-04, FE-17): no hash, app password, passkey or invitation outlives the switch.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BindParameter, Connection, bindparam, delete, insert, select, update

from broker.errors import SsoRequired
from broker.identity import Subject
from broker.store.accounts_sql import identity_row
from broker.store.columns import ticks
from broker.store.database import Database
from broker.store.tables import (
    accounts,
    app_passwords,
    endings,
    federations,
    glass_people,
    identities,
    invitations,
    passkeys,
    passwords,
    probes,
    upstream_grants,
)

_OF: BindParameter[str] = bindparam("of_organization")
_PEOPLE = select(accounts.c.id).where(accounts.c.organization == _OF)
_STAGE = select(federations.c.stage).where(federations.c.organization == _OF)

# The address stays its account's, so that a reset works after a disconnection. The moment ends pending resets.
_FORGET_PASSWORDS = (
    update(passwords).where(passwords.c.account_id.in_(_PEOPLE)).values(hash=None, changed_at=bindparam("at"))
)
_DROP_APP_PASSWORDS = delete(app_passwords).where(app_passwords.c.account_id.in_(_PEOPLE))
_DROP_PASSKEYS = delete(passkeys).where(
    passkeys.c.account_id.in_(_PEOPLE),
    passkeys.c.account_id.not_in(select(glass_people.c.account_id).where(glass_people.c.organization == _OF)),
)
_CANCEL_INVITATIONS = (
    update(invitations)
    .where(invitations.c.organization == _OF, invitations.c.state == "open")
    .values(state="cancelled")
)
_GRANTS = delete(upstream_grants).where(upstream_grants.c.organization == _OF)
_GRANTS_ELSEWHERE = _GRANTS.where(upstream_grants.c.tenant_id != bindparam("tenant"))
# Of people who have an address to sign in with; ``Subject.own`` in columns.
_GIVE_BACK = (
    update(identities)
    .where(
        identities.c.account_id.in_(_PEOPLE),
        identities.c.account_id.in_(select(passwords.c.account_id)),
        identities.c.kind != bindparam("own_kind"),
    )
    .values(kind=bindparam("own_kind"), authority=bindparam("own_authority"), identifier=identities.c.account_id)
)
_RELEASE_OWN = (
    delete(identities)
    .where(
        identities.c.kind == bindparam("kind"),
        identities.c.authority == bindparam("authority"),
        identities.c.identifier == bindparam("identifier"),
        identities.c.account_id == bindparam("account"),
        identities.c.account_id.in_(_PEOPLE),
    )
    .returning(identities.c.account_id)
)


def require_open(
    database: Database,
    connection: Connection,
    organization: str,
    *,
    alone: bool = False,
    spare: str | None = None,
    spare_glass: bool = False,
) -> None:
    """Returns if the organisation's own credentials may be written, until this transaction ends (``alone``: by nobody
    else meanwhile).

    Raises ``SsoRequired`` if it is enforced; unless ``spare`` is a probe of the doors. ``spare_glass``: or one of its
    break-glass people, who keep passkeys.
    """
    database.lock(connection, _lock_of(organization), shared=not alone)
    if connection.execute(_STAGE, {"of_organization": organization}).scalar() != "enforced":
        return
    if spare is not None and is_probe(connection, spare):
        return
    if spare is not None and spare_glass:
        named = select(glass_people.c.account_id).where(
            glass_people.c.organization == organization, glass_people.c.account_id == spare
        )
        if connection.execute(named).first() is not None:
            return
    raise SsoRequired("enforcement", f"{organization} is federated: no credential of its own is kept")


def is_probe(connection: Connection, account_id: str) -> bool:
    """Whether the account is one that a proof of enforcement made."""
    return connection.execute(select(probes.c.account_id).where(probes.c.account_id == account_id)).first() is not None


def close_other_ways(
    database: Database, connection: Connection, organization: str, tenant_id: str, at: datetime
) -> None:
    """Ends what opens another way in than the tenant: passwords, app passwords, passkeys, invitations, and grants of
    other tenants.
    """
    database.lock(connection, _lock_of(organization))
    parameters = {"of_organization": organization}
    connection.execute(_FORGET_PASSWORDS, {**parameters, "at": ticks(at)})
    connection.execute(_DROP_APP_PASSWORDS, parameters)
    connection.execute(_DROP_PASSKEYS, parameters)
    connection.execute(_CANCEL_INVITATIONS, parameters)
    connection.execute(_GRANTS_ELSEWHERE, {**parameters, "tenant": tenant_id})


def drop_upstream_grants(connection: Connection, organization: str) -> None:
    """Forgets what the organisation's people were granted at the tenant it leaves."""
    connection.execute(_GRANTS, {"of_organization": organization})


def give_back_own_identities(connection: Connection, organization: str) -> None:
    """Whoever has an address to sign in with is found by a password again, once they have set one: without this, the
    administrator who was bound at the switch could never come back.
    """
    own = Subject.own("anybody")
    connection.execute(
        _GIVE_BACK, {"of_organization": organization, "own_kind": own.kind, "own_authority": own.authority}
    )


def note_ending(connection: Connection, organization: str, epoch: int, reason: str, at: datetime) -> None:
    """Leaves word that everything given out before this epoch is to be ended. An epoch begins once."""
    row = {
        "id": f"organization:{organization}:{epoch}",
        "kind": "organization",
        "name": organization,
        "reason": reason,
        "noted_at": ticks(at),
    }
    connection.execute(insert(endings), row)


def bind_administrator(
    database: Database, connection: Connection, organization: str, account_id: str, proved: Subject
) -> None:
    """The account is from now on found by the identity that was proved for it, not by a password.

    Nothing changes if it is not found by a password, or if another account has that identity.
    """
    own = identity_row(Subject.own(account_id))
    released = connection.execute(_RELEASE_OWN, {**own, "account": account_id, "of_organization": organization})
    if released.first() is None:
        return
    claim = (
        database.insert(identities)
        .on_conflict_do_nothing(index_elements=identities.primary_key)
        .returning(identities.c.account_id)
    )
    if connection.execute(claim, {**identity_row(proved), "account_id": account_id}).first() is None:
        connection.execute(insert(identities), {**own, "account_id": account_id})


def _lock_of(organization: str) -> str:
    return f"credentials of {organization}"
