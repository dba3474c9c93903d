"""Whom a change concerns: organisations with their people, and applications."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from broker.federation.configuration import Configuration
from broker.planning.comparing import ItemChange
from broker.store.directory import Directory

# Counted no further: the number is for an impression, and a plan shall not take minutes.
MOST_ACCOUNTS: Final = 10_000
_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Affected:
    """``accounts`` and ``sessions`` of an organisation; None where no store was asked."""

    organization: str
    accounts: int | None = None
    sessions: int | None = None


@dataclass(frozen=True, slots=True)
class Reach:
    """Names of the organisations and applications that a change concerns, by itself or by a set that they use."""

    organizations: tuple[str, ...]
    applications: tuple[str, ...]


def reach(old: Configuration, new: Configuration, changes: Sequence[ItemChange]) -> Reach:
    """A change of the broker itself concerns everybody, and a map every rule; what names a set, the set concerns."""
    if any(change.kind == "broker" for change in changes):
        return Reach(
            _names(each.organization for side in (old, new) for each in side.organizations),
            _names(each.client_id for side in (old, new) for each in side.relying_parties),
        )
    sets = {change.name for change in changes if change.kind == "claim_rules"}
    any_map = any(
        key.key.startswith("maps") for change in changes if change.kind == "claim_rules" for key in change.keys
    )
    organizations = [change.name for change in changes if change.kind == "organization"]
    applications = [change.name for change in changes if change.kind == "relying_party"]
    for side in (old, new):
        for each in side.organizations:
            rules = side.rules(each.organization)
            named = each.federation is not None and sets & set(each.federation.claim_rules)
            if named or (any_map and (rules.require or rules.admit)):
                organizations.append(each.organization)
        applications += [
            party.client_id
            for party in side.relying_parties
            if sets & set(party.claim_rules) or (any_map and side.release(party.client_id))
        ]
    return Reach(_names(organizations), _names(applications))


def counted(organizations: Iterable[str], directory: Directory, sessions: Callable[[str], int]) -> Sequence[Affected]:
    """With the number of accounts and of live sessions; raises ``DirectoryUnavailable``, ``StateUnavailable``."""
    return [Affected(name, count_accounts(name, directory), sessions(name)) for name in organizations]


def count_accounts(organization: str, directory: Directory) -> int:
    """``MOST_ACCOUNTS`` if there are as many, or more."""
    found, after = 0, None
    while found < MOST_ACCOUNTS:
        page = directory.accounts(organization, after=after, limit=_PAGE)
        found += len(page)
        if len(page) < _PAGE:
            return found
        after = (page[-1].display_name, page[-1].id)
    return MOST_ACCOUNTS


def _names(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))
