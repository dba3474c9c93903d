"""What only shows when all files are seen together, and what types cannot say (threats CF-07, CR-05, CR-06).

Each check looks at whatever is right in itself, also in a file in which something else is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from broker.addresses import canonical_domain
from broker.federation import hook_conflicts, rule_conflicts
from broker.federation.attributes import BUILT_IN, EMAIL_SOURCES, RESERVED, SOURCES
from broker.federation.documents import Path
from broker.federation.findings import did_you_mean, shown
from broker.federation.items import Item, of_kind
from broker.federation.schema import ItemKind


def report_conflicts(items: Sequence[Item], unread: set[ItemKind]) -> None:
    """Adds what is found to the items. ``unread``: kinds of which a file could not be read at all."""
    for check in _CHECKS:
        check(items, unread)


def _unique_names(items: Sequence[Item], _: set[ItemKind]) -> None:
    _unique(of_kind(items, "organization"), ("organization",), "the organization")
    _unique(of_kind(items, "relying_party"), ("client_id",), "the client_id")
    _unique(of_kind(items, "claim_rules"), ("claim_rules",), "the set of rules")


def _unique_tenants(items: Sequence[Item], _: set[ItemKind]) -> None:
    # One tenant, one organisation: a person of the directory must not be let in to a second one (threats UO-19).
    _unique(of_kind(items, "organization"), ("federation", "connection", "tenant_id"), "the tenant")


def _unique(items: Sequence[Item], path: Path, what: str) -> None:
    first: dict[str, Item] = {}
    for item in items:
        value = item.get(*path)
        if isinstance(value, str) and (other := first.setdefault(value.lower(), item)) is not item:
            item.report(path, "conflict", f"{what} {shown(value)} stands in {other.line(path)} as well")


def _domains_have_one_owner(items: Sequence[Item], _: set[ItemKind]) -> None:
    owners: dict[str, tuple[Item, Path]] = {}
    for item in of_kind(items, "organization"):
        for path, text in item.texts("domains"):
            domain = canonical_domain(text)
            other, where = owners.setdefault(domain, (item, path))
            if other is item and item.get(*where) != text:
                item.report(path, "duplicate", f"the domain {shown(text)} is listed twice")
            elif other is not item:
                item.report(path, "conflict", f"the domain {shown(text)} stands in {other.line(where)} as well")
    # Sub-domains belong to the owner of the domain (threats FE-13), so another organisation cannot have them.
    for domain, (item, path) in owners.items():
        parent = domain.partition(".")[2]
        while parent:
            if parent in owners and owners[parent][0] is not item:
                other, where = owners[parent]
                owner = f"{shown(parent)}, which is claimed in {other.line(where)}"
                item.report(path, "conflict", f"the domain {shown(domain)} is below {owner}")
            parent = parent.partition(".")[2]


def _relying_parties_name_organizations(items: Sequence[Item], unread: set[ItemKind]) -> None:
    organizations = of_kind(items, "organization")
    known = [name for item in organizations if isinstance(name := item.get("organization"), str)]
    if "organization" in unread or len(known) < len(organizations):
        return  # The name may well be in the file that could not be read.
    for item in of_kind(items, "relying_party"):
        for path, name in item.texts("organizations"):
            if name not in known:
                sentence = f"no file in organizations/ has the organization {shown(name)}{did_you_mean(name, known)}"
                item.report(path, "conflict", sentence)


def _redirect_uris_have_one_owner(items: Sequence[Item], _: set[ItemKind]) -> None:
    owners: dict[str, tuple[Item, Path]] = {}
    for item in of_kind(items, "relying_party"):
        for path, uri in item.texts("redirect_uris"):
            other, where = owners.setdefault(uri, (item, path))
            if other is not item:
                sentence = f"the redirect URI stands in {other.line(where)} as well: each application needs its own"
                item.report(path, "conflict", sentence, severity="warning")


def _attributes_are_known(items: Sequence[Item], _: set[ItemKind]) -> None:
    for item in of_kind(items, "organization"):
        federation = item.document.data.get("federation")
        rows = federation.get("attributes") if isinstance(federation, dict) else None
        for name in rows if isinstance(rows, dict) else ():
            path = ("federation", "attributes", name)
            if name in RESERVED:
                sentence = f"{name} is the broker's own word and cannot be filled from a directory"
                item.report(path, "reserved", sentence, at_key=True)
            elif name not in BUILT_IN:
                hint = did_you_mean(name, BUILT_IN) or f"; known are {', '.join(BUILT_IN)}"
                item.report(path, "source", f"an account has no field {shown(name)}{hint}", at_key=True)
            _sources_are_known(item, name, (*path, "from"))
        _address_is_set_once(item)


def _address_is_set_once(item: Item) -> None:
    """Its domain takes part in who may come in, so nobody gets another one by a later sign-in, and none by a rule."""
    path: Path = ("federation", "attributes", "email")
    if item.get(*path, "on") in ("always", "if_empty", "never"):
        sentence = "email is set once, when the account is made (on: create): its domain decides who may come in"
        item.report((*path, "on"), "conflict", sentence)
    if isinstance(item.get(*path, "value"), str):
        sentence = f"email cannot be computed, since its domain decides who may come in; use {', '.join(EMAIL_SOURCES)}"
        item.report((*path, "value"), "conflict", sentence)


def _sources_are_known(item: Item, field: str, path: Path) -> None:
    single = item.get(*path)
    sources = [(path, single)] if isinstance(single, str) else item.texts(*path)
    for where, source in sources:
        if source not in SOURCES:
            hint = did_you_mean(source, SOURCES) or "; a source is graph.PROPERTY or id_token.CLAIM"
            item.report(where, "source", f"unknown source {shown(source)}{hint}")
        elif field == "email" and source not in EMAIL_SOURCES:
            sentence = f"email cannot come from {source}, which may hold any text; use {', '.join(EMAIL_SOURCES)}"
            item.report(where, "source", sentence)


_CHECKS: Final[tuple[Callable[[Sequence[Item], set[ItemKind]], None], ...]] = (
    _unique_names,
    _unique_tenants,
    _domains_have_one_owner,
    _relying_parties_name_organizations,
    _redirect_uris_have_one_owner,
    _attributes_are_known,
    *rule_conflicts.CHECKS,
    *hook_conflicts.CHECKS,
)
