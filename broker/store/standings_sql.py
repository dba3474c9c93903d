"""Upstream grants, watches and endings in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, select, update

from broker.store.accounts_sql import end_in
from broker.store.columns import moment, moment_or_none, ticks, ticks_or_none
from broker.store.database import Database
from broker.store.standings import Ending, UpstreamGrant, Watch
from broker.store.tables import endings, upstream_grants, watches

_GRANT = select(upstream_grants).where(upstream_grants.c.account_id == bindparam("account_id"))
_GRANTS = (
    select(upstream_grants)
    .where(upstream_grants.c.organization == bindparam("organization"))
    .order_by(upstream_grants.c.checked_at, upstream_grants.c.account_id)
    .limit(bindparam("limit"))
)
_CHECKED = update(upstream_grants).where(upstream_grants.c.account_id == bindparam("of_account"))
_CLAIM = _CHECKED.where(upstream_grants.c.checked_at == bindparam("seen")).values(checked_at=bindparam("now"))
_RENEW = _CHECKED.values(
    sealed=bindparam("new_sealed"), obtained_at=bindparam("now_obtained"), checked_at=bindparam("now_checked")
)
_DROP_GRANT = delete(upstream_grants).where(upstream_grants.c.account_id == bindparam("of_account"))
_WATCHES = select(watches).order_by(watches.c.organization)
_WATCH = _WATCHES.where(watches.c.organization == bindparam("organization"))
_DROP_WATCH = delete(watches).where(watches.c.organization == bindparam("of_organization"))
_ENDINGS = select(endings).order_by(endings.c.noted_at, endings.c.id).limit(bindparam("limit"))
_CARRIED_OUT = delete(endings).where(endings.c.id == bindparam("of_ending"))


class SqlStandings:
    """``Standings`` in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._keep_grant = database.upsert(upstream_grants)
        self._keep_watch = database.upsert(watches)

    def upstream_grant(self, account_id: str) -> UpstreamGrant | None:
        rows = self._database.read(_GRANT, {"account_id": account_id})
        return _grant(rows[0]) if rows else None

    def keep_upstream_grant(self, grant: UpstreamGrant) -> None:
        row = {
            "account_id": grant.account_id,
            "organization": grant.organization,
            "tenant_id": grant.tenant_id,
            "sealed": grant.sealed,
            "obtained_at": ticks(grant.obtained_at),
            "checked_at": ticks(grant.checked_at),
        }
        self._database.put(self._keep_grant, row)

    def claim_check(self, account_id: str, seen: datetime, now: datetime) -> bool:
        return self._database.change(_CLAIM, {"of_account": account_id, "seen": ticks(seen), "now": ticks(now)})

    def renew_upstream_grant(self, account_id: str, sealed: str, now: datetime) -> None:
        row = {"new_sealed": sealed, "now_obtained": ticks(now), "now_checked": ticks(now)}
        self._database.change(_RENEW, {"of_account": account_id, **row})

    def drop_upstream_grant(self, account_id: str) -> bool:
        return self._database.change(_DROP_GRANT, {"of_account": account_id})

    def upstream_grants(self, organization: str, *, limit: int = 1) -> Sequence[UpstreamGrant]:
        rows = self._database.read(_GRANTS, {"organization": organization, "limit": limit})
        return [_grant(row) for row in rows]

    def watch(self, organization: str) -> Watch | None:
        rows = self._database.read(_WATCH, {"organization": organization})
        return _watch(rows[0]) if rows else None

    def watches(self) -> Sequence[Watch]:
        return [_watch(row) for row in self._database.read(_WATCHES, {})]

    def keep_watch(self, watch: Watch) -> None:
        row = {
            "organization": watch.organization,
            "tenant_id": watch.tenant_id,
            "cursor": watch.cursor,
            "subscription": watch.subscription,
            "subscription_expires_at": ticks_or_none(watch.subscription_expires_at),
            "client_state_digest": watch.client_state_digest,
            "looked_at": ticks_or_none(watch.looked_at),
            "succeeded_at": ticks_or_none(watch.succeeded_at),
            "trouble": watch.trouble,
            "trouble_since": ticks_or_none(watch.trouble_since),
            "delay_seconds": watch.delay_seconds,
            "longest_delay_seconds": watch.longest_delay_seconds,
        }
        self._database.put(self._keep_watch, row)

    def drop_watch(self, organization: str) -> bool:
        return self._database.change(_DROP_WATCH, {"of_organization": organization})

    def end_account(self, account_id: str, reason: str, at: datetime) -> Ending | None:
        def end(connection: Connection) -> Ending | None:
            ending = end_in(connection, account_id, reason, at)
            return Ending(ending, "account", account_id, reason, at) if ending is not None else None

        return self._database.write(end)

    def endings(self, *, limit: int = 100) -> Sequence[Ending]:
        rows = self._database.read(_ENDINGS, {"limit": limit})
        return [Ending(row.id, row.kind, row.name, row.reason, moment(row.noted_at)) for row in rows]

    def carried_out(self, ending_id: str) -> bool:
        return self._database.change(_CARRIED_OUT, {"of_ending": ending_id})


def _grant(row: Row[Any]) -> UpstreamGrant:
    return UpstreamGrant(
        account_id=row.account_id,
        organization=row.organization,
        tenant_id=row.tenant_id,
        sealed=row.sealed,
        obtained_at=moment(row.obtained_at),
        checked_at=moment(row.checked_at),
    )


def _watch(row: Row[Any]) -> Watch:
    return Watch(
        organization=row.organization,
        tenant_id=row.tenant_id,
        cursor=row.cursor,
        subscription=row.subscription,
        subscription_expires_at=moment_or_none(row.subscription_expires_at),
        client_state_digest=row.client_state_digest,
        looked_at=moment_or_none(row.looked_at),
        succeeded_at=moment_or_none(row.succeeded_at),
        trouble=row.trouble,
        trouble_since=moment_or_none(row.trouble_since),
        delay_seconds=row.delay_seconds,
        longest_delay_seconds=row.longest_delay_seconds,
    )
