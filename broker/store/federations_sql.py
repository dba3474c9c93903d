"""The federation of organisations in SQL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from broker.identity import Subject
from broker.store.closing_sql import (
    bind_administrator,
    close_other_ways,
    drop_upstream_grants,
    give_back_own_identities,
    note_ending,
)
from broker.store.customers_sql import SqlCustomers
from broker.store.database import Database
from broker.store.federation_rows import federation_of_row, federation_row
from broker.store.federations import (
    Consent,
    Disconnection,
    Enforcement,
    Federation,
    OutOfStep,
    TenantTaken,
    TestSignIn,
)
from broker.store.glass_sql import SqlGlass
from broker.store.tables import federations

_FEDERATION = select(federations).where(federations.c.organization == bindparam("organization"))
_BOUND_ELSEWHERE = select(federations.c.organization).where(
    federations.c.tenant_id == bindparam("tenant_id"), federations.c.organization != bindparam("organization")
)


class SqlFederations(SqlCustomers, SqlGlass):
    """``Federations`` in a database."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._keep = database.upsert(federations)

    def connect(self, organization: str, consent: Consent) -> Federation:
        def change(connection: Connection, before: Federation | None) -> Federation:
            if before is not None and before.stage == "enforced":
                raise OutOfStep("it is enforced already")
            self._require_free(connection, organization, consent.tenant_id)
            epoch = before.epoch if before is not None else 0
            return Federation(organization, "connected", epoch, consent.tenant_id, consent=consent)

        return self._federate(organization, change)

    def record_test(self, organization: str, tenant_id: str, test: TestSignIn) -> Federation:
        def change(_: Connection, before: Federation | None) -> Federation:
            if before is None or before.stage not in ("connected", "tested") or before.tenant_id != tenant_id:
                raise OutOfStep("it is not connected with this tenant, or enforced")
            return replace(before, stage="tested", test=test)

        return self._federate(organization, change)

    def enforce(self, order: Enforcement) -> Federation:
        def change(connection: Connection, before: Federation | None) -> Federation:
            if before is not None and before.stage == "enforced" and before.tenant_id == order.tenant_id:
                return before
            tried = (before.stage, before.epoch, before.tenant_id) if before is not None else None
            if before is None or tried != ("tested", order.epoch, order.tenant_id):
                raise OutOfStep("it is not tested with this tenant in this epoch")
            after = replace(
                before, stage="enforced", epoch=before.epoch + 1, enforced_at=order.at, enforced_by=order.by
            )
            self._close(connection, after, order.tenant_id, order.at, "enforced")
            if order.administrator is not None:
                account_id, object_id = order.administrator
                proved = Subject.entra(order.tenant_id, object_id)
                bind_administrator(self._database, connection, order.organization, account_id, proved)
            return after

        return self._federate(order.organization, change)

    def declare(self, organization: str, tenant_id: str, at: datetime) -> Federation:
        def change(connection: Connection, before: Federation | None) -> Federation:
            self._require_free(connection, organization, tenant_id)
            if before is not None and before.stage == "enforced" and before.tenant_id == tenant_id:
                return replace(before, declared=True)
            after = Federation(
                organization,
                "enforced",
                before.epoch + 1 if before is not None else 1,
                tenant_id,
                declared=True,
                consent=before.consent if before is not None and before.tenant_id == tenant_id else None,
                enforced_at=at,
                enforced_by="operator",
            )
            self._close(connection, after, tenant_id, at, "declared")
            return after

        return self._federate(organization, change)

    def schedule_disconnection(self, organization: str, disconnection: Disconnection) -> Federation:
        def change(_: Connection, before: Federation | None) -> Federation:
            if before is None or before.stage != "enforced" or before.disconnection is not None:
                raise OutOfStep("it is not enforced, or its disconnection is scheduled")
            return replace(before, disconnection=disconnection)

        return self._federate(organization, change)

    def call_off_disconnection(self, organization: str) -> Federation:
        def change(_: Connection, before: Federation | None) -> Federation:
            if before is None or before.disconnection is None:
                raise OutOfStep("no disconnection is scheduled")
            return replace(before, disconnection=None)

        return self._federate(organization, change)

    def disconnect(
        self, organization: str, by: str, at: datetime, *, scheduled: Disconnection | None = None
    ) -> Federation:
        def change(connection: Connection, before: Federation | None) -> Federation:
            if before is None or before.stage == "disconnected":
                raise OutOfStep("it is not connected")
            if scheduled is not None and before.disconnection != scheduled:
                raise OutOfStep("that disconnection was called off")
            drop_upstream_grants(connection, organization)
            give_back_own_identities(connection, organization)
            after = Federation(organization, "disconnected", before.epoch + 1, None)
            note_ending(connection, organization, after.epoch, "disconnected", at)
            return after

        del by  # Who did it stands in the audit trail: of what is disconnected, the epoch alone is remembered.
        return self._federate(organization, change)

    def _federate(self, organization: str, change: Callable[[Connection, Federation | None], Federation]) -> Federation:
        def work(connection: Connection) -> tuple[Federation, bool]:
            found = connection.execute(_FEDERATION, {"organization": organization}).first()
            before = federation_of_row(found) if found is not None else None
            after = change(connection, before)
            if after == before:
                return after, False
            connection.execute(self._keep, federation_row(after))
            return after, True

        return self._write(organization, work)

    def _close(self, connection: Connection, after: Federation, tenant_id: str, at: datetime, reason: str) -> None:
        close_other_ways(self._database, connection, after.organization, tenant_id, at)
        note_ending(connection, after.organization, after.epoch, reason, at)

    def _require_free(self, connection: Connection, organization: str, tenant_id: str) -> None:
        bound = {"organization": organization, "tenant_id": tenant_id}
        if connection.execute(_BOUND_ELSEWHERE, bound).first() is not None:
            raise TenantTaken
