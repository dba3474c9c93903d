"""What is recorded of organisations, as rows: reading it with few statements, whether of one or of all that changed."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, select

from broker.store.columns import JsonColumn, moment, moment_or_none, ticks_or_none
from broker.store.federations import (
    BreakGlassWindow,
    Consent,
    Disconnection,
    DomainClaim,
    DomainRecord,
    Federation,
    OrganizationRecord,
    Recorded,
    TestSignIn,
)
from broker.store.tables import domains, federations, glass_people, glass_windows, organizations, recorded

_CONSENT = JsonColumn(Consent)
_TEST = JsonColumn(TestSignIn)
_DISCONNECTION = JsonColumn(Disconnection)


@dataclass(frozen=True, slots=True)
class Reading:
    """The statements that read everything of certain organisations."""

    organizations: Select[Any]
    domains: Select[Any]
    federations: Select[Any]
    windows: Select[Any]
    people: Select[Any]

    @classmethod
    def where(cls, chosen: Select[Any] | ColumnElement[str]) -> Self:
        """Of those that are ``chosen``: a name, or a statement that gives names."""

        def among(column: ColumnElement[str]) -> ColumnElement[bool]:
            return column.in_(chosen) if isinstance(chosen, Select) else column == chosen

        return cls(
            select(organizations).where(among(organizations.c.name)),
            select(domains).where(among(domains.c.organization)).order_by(domains.c.domain),
            select(federations).where(among(federations.c.organization)),
            select(glass_windows).where(among(glass_windows.c.organization)),
            select(glass_people).where(among(glass_people.c.organization)).order_by(glass_people.c.account_id),
        )

    def read(self, connection: Connection, names: Iterable[str], parameters: Mapping[str, Any]) -> Sequence[Recorded]:
        """One value for every name, in a few statements however many there are."""
        records = {row.name: row for row in connection.execute(self.organizations, parameters)}
        trusts = {row.organization: row for row in connection.execute(self.federations, parameters)}
        windows = {row.organization: row for row in connection.execute(self.windows, parameters)}
        owned, people = defaultdict(list), defaultdict(list)
        for row in connection.execute(self.domains, parameters):
            owned[row.organization].append(_domain(row))
        for row in connection.execute(self.people, parameters):
            people[row.organization].append(row.account_id)
        return [
            Recorded(
                name,
                _record(records[name]) if name in records else None,
                tuple(owned[name]),
                federation_of_row(trusts[name]) if name in trusts else None,
                _window(windows[name]) if name in windows else None,
                tuple(people[name]),
            )
            for name in names
        ]


CHANGED = select(recorded.c.organization).where(recorded.c.changed_in > bindparam("after"))
OF_CHANGED = Reading.where(CHANGED)
OF_ONE = Reading.where(bindparam("organization"))


def federation_of_row(row: Row[Any]) -> Federation:
    return Federation(
        organization=row.organization,
        stage=row.stage,
        epoch=row.epoch,
        tenant_id=row.tenant_id,
        declared=row.declared,
        consent=_CONSENT.value(row.consent),
        test=_TEST.value(row.test),
        enforced_at=moment_or_none(row.enforced_at),
        enforced_by=row.enforced_by,
        disconnection=_DISCONNECTION.value(row.disconnection),
    )


def federation_row(federation: Federation) -> dict[str, Any]:
    return {
        "organization": federation.organization,
        "stage": federation.stage,
        "epoch": federation.epoch,
        "tenant_id": federation.tenant_id,
        "declared": federation.declared,
        "consent": _CONSENT.text(federation.consent),
        "test": _TEST.text(federation.test),
        "enforced_at": ticks_or_none(federation.enforced_at),
        "enforced_by": federation.enforced_by,
        "disconnection": _DISCONNECTION.text(federation.disconnection),
    }


def claim_of_row(row: Row[Any]) -> DomainClaim:
    return DomainClaim(row.domain, row.organization, row.token, moment(row.claimed_at))


def _record(row: Row[Any]) -> OrganizationRecord:
    return OrganizationRecord(row.name, row.display_name, row.plan, row.language, moment(row.created_at))


def _domain(row: Row[Any]) -> DomainRecord:
    return DomainRecord(row.domain, row.organization, row.proof, moment(row.verified_at), moment(row.confirmed_at))


def _window(row: Row[Any]) -> BreakGlassWindow:
    people = tuple(json.loads(row.people))
    return BreakGlassWindow(
        row.organization, moment(row.opened_at), moment(row.closes_at), row.opened_by, row.why, people
    )
