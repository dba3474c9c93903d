"""``broker outbox``: what other systems have not heard yet, and having it told once more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from broker.cli.loading import config_option, load_or_leave, opened_records
from broker.clock import SystemClock
from broker.federation.findings import printable
from broker.store.audit import Entry

if TYPE_CHECKING:
    from datetime import datetime

    from broker.store.outbox import OutboxEvent
    from broker.store.records import Records

_PAGE: Final = 500


@click.group("outbox")
def command() -> None:
    """List what provisioning hooks have not taken, and try it again."""


@command.command("list")
@config_option
@click.option("--dead", is_flag=True, help="Only what was given up.")
@click.option("--all", "everything", is_flag=True, help="Also what was delivered within the last 30 days.")
@click.option("--organization", help="Only what concerns this organization.")
@click.option("--json", "as_json", is_flag=True, help="Write one JSON object and nothing else.")
def list_events(directory: Path, dead: bool, everything: bool, organization: str | None, as_json: bool) -> None:
    """List the events that wait or were given up, oldest first."""
    with opened_records(load_or_leave(directory)) as records:
        found = [
            each
            for each in _events(records, organization)
            if (each.state == "dead" if dead else everything or each.state != "delivered")
        ]
    if as_json:
        click.echo(json.dumps({"events": [_row(each) for each in found]}, indent=2))
        return
    for each in found:
        click.echo(printable(_line(each)))
    click.echo(f"{len(found) or 'no'} event{'' if len(found) == 1 else 's'}.")


@command.command("show")
@config_option
@click.option("--json", "as_json", is_flag=True, help="Write one JSON object and nothing else.")
@click.argument("event_id")
def show(directory: Path, as_json: bool, event_id: str) -> None:
    """Show what is known of EVENT_ID: of the account's fields only the names, since a terminal is kept by nobody."""
    with opened_records(load_or_leave(directory)) as records:
        found = records.outbox.event(event_id)
    if found is None:
        raise click.ClickException(f"there is no event {printable(event_id)}")
    row = _row(found)
    if as_json:
        click.echo(json.dumps(row, indent=2))
        return
    for name, value in row.items():
        shown = ", ".join(value) if isinstance(value, list) else value
        click.echo(printable(f"{name}: {'-' if shown in (None, '') else shown}"))


@command.command("retry")
@config_option
@click.option("--all-dead", is_flag=True, help="Everything that was given up.")
@click.option("--organization", help="With --all-dead: only what concerns this organization.")
@click.argument("event_id", required=False)
def retry(directory: Path, all_dead: bool, organization: str | None, event_id: str | None) -> None:
    """Have EVENT_ID, or everything that was given up, tried again at once by a broker that runs."""
    if (event_id is None) != all_dead:
        raise click.UsageError("name an event, or say --all-dead")
    if organization is not None and not all_dead:
        raise click.UsageError("--organization goes with --all-dead")
    with opened_records(load_or_leave(directory)) as records:
        if event_id is not None:
            wanted = [found] if (found := records.outbox.event(event_id)) is not None else []
            if not wanted or wanted[0].state == "delivered":
                raise click.ClickException(f"there is no event {printable(event_id)} that waits or was given up")
        else:
            wanted = [each for each in _events(records, organization) if each.state == "dead"]
        tried = sum(_retry(records, each) for each in wanted)
    click.echo(f"{tried or 'no'} event{'' if tried == 1 else 's'} will be tried again.")


def _retry(records: Records, event: OutboxEvent) -> bool:
    now = SystemClock().now()
    if not records.outbox.retry(event.id, now):
        return False
    detail = {"event": event.id, "hook": event.hook, "state": event.state, "attempts": str(event.attempts)}
    records.audit.add(Entry("outbox_retried", event.organization, "operator", now, event.account_id, detail))
    return True


def _events(records: Records, organization: str | None) -> Iterator[OutboxEvent]:
    after: tuple[datetime, str] | None = None
    while page := records.outbox.events(organization=organization, after=after, limit=_PAGE):
        yield from page
        after = (page[-1].created_at, page[-1].id)


def _row(event: OutboxEvent) -> dict[str, Any]:
    return {
        "id": event.id,
        "state": event.state,
        "organization": event.organization,
        "hook": event.hook,
        "kind": event.kind,
        "account": event.account_id,
        "fields": sorted(event.fields),
        "created_at": _written(event.created_at),
        "attempts": event.attempts,
        "next_attempt_at": _written(event.next_attempt_at) if event.state == "waiting" else None,
        "last_error": event.last_error,
        "delivered_at": _written(event.delivered_at) if event.delivered_at is not None else None,
    }


def _line(event: OutboxEvent) -> str:
    when = f"next {_written(event.next_attempt_at)}" if event.state == "waiting" else ""
    error = f"last error {event.last_error}" if event.last_error else ""
    words = (
        event.id,
        f"{event.state:<9}",
        f"{event.organization}/{event.hook}",
        event.account_id,
        f"{event.attempts} attempts",
        error,
        when,
    )
    return "  ".join(filter(None, words))


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
