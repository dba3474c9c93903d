"""Organisations as customers, and their domains, in SQL: the part of ``Federations`` that is about them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from broker.store.columns import ticks
from broker.store.federation_rows import claim_of_row
from broker.store.federations import DomainClaim, DomainRecord, DomainTaken, OrganizationRecord
from broker.store.registry_sql import SqlRegistry
from broker.store.tables import domain_claims, domains, organizations

_OWNER = select(domains.c.organization).where(domains.c.domain == bindparam("domain"))
_CONFIRM = (
    update(domains)
    .where(domains.c.domain == bindparam("of_domain"))
    .values(proof=bindparam("proof"), confirmed_at=bindparam("confirmed_at"))
)
_DROP_DOMAIN = delete(domains).where(
    domains.c.domain == bindparam("domain"), domains.c.organization == bindparam("organization")
)
_CLAIMS = (
    select(domain_claims)
    .where(domain_claims.c.organization == bindparam("organization"))
    .order_by(domain_claims.c.claimed_at, domain_claims.c.domain)
)
_CLAIM = _CLAIMS.where(domain_claims.c.domain == bindparam("domain"))
_DROP_CLAIMS = delete(domain_claims).where(domain_claims.c.domain == bindparam("domain"))
_DROP_CLAIM = _DROP_CLAIMS.where(domain_claims.c.organization == bindparam("organization"))


class SqlCustomers(SqlRegistry):
    """Customers and what they own."""

    def create_organization(self, record: OrganizationRecord) -> None:
        def create(connection: Connection) -> tuple[None, bool]:
            row = {
                "name": record.name,
                "display_name": record.display_name,
                "plan": record.plan,
                "language": record.language,
                "created_at": ticks(record.created_at),
            }
            connection.execute(insert(organizations), row)
            return None, True

        self._write(record.name, create)

    def update_organization(self, name: str, *, display_name: str | None = None, plan: str | None = None) -> bool:
        given = {"display_name": display_name, "plan": plan}
        values = {column: value for column, value in given.items() if value is not None}
        # Without values the name is written as it is: it tells whether there is such a record.
        statement = update(organizations).where(organizations.c.name == name).values(values or {"name": name})

        def change(connection: Connection) -> tuple[bool, bool]:
            found = connection.execute(statement).rowcount > 0
            return found, found and bool(values)

        return self._write(name, change)

    def claim_domain(self, claim: DomainClaim) -> DomainClaim:
        row = {
            "domain": claim.domain,
            "organization": claim.organization,
            "token": claim.token,
            "claimed_at": ticks(claim.claimed_at),
        }

        def add(connection: Connection) -> DomainClaim:
            connection.execute(self._database.insert(domain_claims).on_conflict_do_nothing(), row)
            key = {"domain": claim.domain, "organization": claim.organization}
            return claim_of_row(connection.execute(_CLAIM, key).one())

        return self._database.write(add)

    def domain_claims(self, organization: str) -> Sequence[DomainClaim]:
        return [claim_of_row(row) for row in self._database.read(_CLAIMS, {"organization": organization})]

    def verify_domain(self, record: DomainRecord) -> None:
        row = {
            "domain": record.domain,
            "organization": record.organization,
            "proof": record.proof,
            "verified_at": ticks(record.verified_at),
            "confirmed_at": ticks(record.confirmed_at),
        }
        again = {"proof": row["proof"], "confirmed_at": row["confirmed_at"]}

        def verify(connection: Connection) -> tuple[None, bool]:
            owner = connection.execute(_OWNER, {"domain": record.domain}).scalar()
            if owner not in (None, record.organization):
                raise DomainTaken
            if owner is None:
                connection.execute(insert(domains), row)
            else:
                connection.execute(_CONFIRM, {"of_domain": record.domain, **again})
            connection.execute(_DROP_CLAIMS, {"domain": record.domain})
            return None, True

        self._write(record.organization, verify)

    def drop_domain(self, organization: str, domain: str) -> bool:
        def drop(connection: Connection) -> tuple[bool, bool]:
            key = {"domain": domain, "organization": organization}
            owned = connection.execute(_DROP_DOMAIN, key).rowcount > 0
            claimed = connection.execute(_DROP_CLAIM, key).rowcount > 0
            return owned or claimed, owned

        return self._write(organization, drop)
