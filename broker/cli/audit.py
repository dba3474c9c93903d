"""``broker audit``: what was done, by whom, and whether the record of it is whole."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from broker.cli.loading import config_option, load_or_leave, opened_records
from broker.federation.findings import printable

if TYPE_CHECKING:
    from broker.store.audit import AuditTrail, ChainedEntry

_PAGE: Final = 500


@click.group("audit")
def command() -> None:
    """List and verify the audit trail."""


@command.command("list")
@config_option
@click.option("--organization", help="Only what concerns this organization.")
@click.option("--account", help="Only what concerns this account id.")
@click.option("--after", type=click.IntRange(min=0), default=0, help="Only entries with a higher number than this.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many entries, the first ones.")
@click.option("--json", "as_json", is_flag=True, help="Write one JSON object and nothing else.")
def list_entries(
    directory: Path, organization: str | None, account: str | None, after: int, limit: int | None, as_json: bool
) -> None:
    """List the audit trail, oldest first."""
    with opened_records(load_or_leave(directory)) as records:
        found = list(_entries(records.audit, organization, account, after, limit))
    if as_json:
        click.echo(json.dumps({"entries": [_row(each) for each in found]}, ensure_ascii=False, indent=2))
        return
    for each in found:
        click.echo(printable(_line(each)))
    click.echo(f"{len(found) or 'no'} entr{'y' if len(found) == 1 else 'ies'}.")


@command.command("verify")
@config_option
@click.option("--json", "as_json", is_flag=True, help="Write one JSON object and nothing else.")
def verify(directory: Path, as_json: bool) -> None:
    """Verify that no entry of the audit trail was changed, taken out or put in.

    Each entry holds the digest of the one before. Exit code: 0 if the chain holds, 1 if it breaks, with the number of
    the entry where. Whoever can write the whole database can also write a new chain: keep the last digest, which this
    command prints, where they cannot write.
    """
    with opened_records(load_or_leave(directory)) as records:
        broken = records.audit.first_broken()
        last = _last(records.audit) if broken is None else None
    if as_json:
        answer = {"ok": broken is None, "broken_at": broken, "last": _row(last) if last is not None else None}
        click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
    elif broken is not None:
        click.echo(f"The audit trail breaks at entry {broken}: something there was changed or taken out.", err=True)
    elif last is None:
        click.echo("The audit trail is empty.")
    else:
        click.echo(f"The audit trail holds to its end, entry {last.number} with the digest {last.digest}.")
    if broken is not None:
        raise SystemExit(1)


def _entries(
    trail: AuditTrail, organization: str | None, account: str | None, after: int, limit: int | None
) -> Iterator[ChainedEntry]:
    given = 0
    while limit is None or given < limit:
        wanted = _PAGE if limit is None else min(_PAGE, limit - given)
        page: Sequence[ChainedEntry] = trail.entries(organization, after=after, limit=wanted, account=account)
        yield from page
        given += len(page)
        if len(page) < wanted:
            return
        after = page[-1].number


def _last(trail: AuditTrail) -> ChainedEntry | None:
    last = None
    for last in _entries(trail, None, None, 0, None):  # noqa: B007 - the last one is what is wanted
        pass
    return last


def _row(each: ChainedEntry) -> dict[str, Any]:
    entry = each.entry
    return {
        "number": each.number,
        "at": entry.at.isoformat().replace("+00:00", "Z"),
        "event": entry.event,
        "organization": entry.organization,
        "account": entry.account,
        "actor": entry.actor,
        "detail": dict(entry.detail or {}),
        "digest": each.digest,
    }


def _line(each: ChainedEntry) -> str:
    entry = each.entry
    at = entry.at.isoformat(timespec="seconds").replace("+00:00", "Z")
    concerned = " ".join(filter(None, (entry.organization, entry.account)))
    detail = " ".join(f"{name}={value}" for name, value in sorted((entry.detail or {}).items()))
    return f"{each.number}  {at}  {entry.event}  {concerned or '-'}  by {entry.actor}  {detail}".rstrip()
