"""``broker accounts``: who has an account and where it is from, and shutting one out at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from broker.cli.loading import config_option, load_or_leave, opened_records
from broker.clock import SystemClock
from broker.federation.findings import printable
from broker.identity import FieldStamp
from broker.provisioning.origins import origins
from broker.store.audit import Entry

if TYPE_CHECKING:
    from broker.identity import Account
    from broker.store.directory import Directory

_PAGE: Final = 200


@click.group("accounts")
def command() -> None:
    """List accounts; show, deactivate and activate one."""


@command.command("list")
@config_option
@click.option("--json", "as_json", is_flag=True, help="Write one JSON object and nothing else.")
@click.argument("organization")
def list_accounts(directory: Path, as_json: bool, organization: str) -> None:
    """List the accounts of ORGANIZATION, by display name."""
    configuration = load_or_leave(directory)
    with opened_records(configuration) as records:
        accounts = list(_all(records.directory, organization))
        declared = any(config.organization == organization for config in configuration.organizations)
        if not declared and not accounts and records.federations.recorded(organization).organization is None:
            raise click.ClickException(f"there is no organization {printable(organization)}")
    if as_json:
        click.echo(json.dumps({"accounts": [_row(account) for account in accounts]}, ensure_ascii=False, indent=2))
        return
    for account in accounts:
        state = "active" if account.active else "deactivated"
        click.echo(printable(f"{account.id}  {state:<11}  {account.display_name} <{account.email}>"))
    click.echo(f"{len(accounts) or 'no'} account{'' if len(accounts) == 1 else 's'}.")


@command.command("show")
@config_option
@click.option("--json", "as_json", is_flag=True, help="Write one JSON object and nothing else.")
@click.argument("account_id")
def show(directory: Path, as_json: bool, account_id: str) -> None:
    """Show ACCOUNT_ID, and who set each of its fields, when, and from where."""
    with opened_records(load_or_leave(directory)) as records:
        account = records.directory.account(account_id)
    if account is None:
        raise click.ClickException(f"there is no account {printable(account_id)}")
    if as_json:
        click.echo(json.dumps(_row(account), ensure_ascii=False, indent=2))
        return
    state = "active" if account.active else "deactivated"
    subject = account.subject
    click.echo(printable(f"{account.id}  {state}  {account.display_name} <{account.email or 'no address'}>"))
    click.echo(printable(f"organization  {account.organization}"))
    click.echo(printable(f"signs in as   {subject.kind} {subject.authority} {subject.identifier}"))
    click.echo(f"made on       {account.created_at:%Y-%m-%d %H:%M} UTC")
    for origin in origins(account):
        by = origin.by or "when the account was made"
        value = origin.value or "(empty)"
        click.echo(
            printable(f"{origin.field:<17} {value}  [{origin.source or '?'}; {by}; {origin.at:%Y-%m-%d %H:%M} UTC]")
        )


@command.command("deactivate")
@config_option
@click.argument("account_id")
def deactivate(directory: Path, account_id: str) -> None:
    """Shut ACCOUNT_ID out: its sessions and tokens open nothing from now on, and it cannot sign in."""
    _set(directory, account_id, active=False)


@command.command("activate")
@config_option
@click.argument("account_id")
def activate(directory: Path, account_id: str) -> None:
    """Let ACCOUNT_ID in again."""
    _set(directory, account_id, active=True)


def _set(directory: Path, account_id: str, *, active: bool) -> None:
    with opened_records(load_or_leave(directory)) as records:
        now = SystemClock().now()
        if not records.directory.set_active(account_id, active, stamp=FieldStamp("operator", now)):
            raise click.ClickException(f"there is no account {printable(account_id)}")
        account = records.directory.account(account_id)
        event = "account_activated" if active else "account_deactivated"
        organization = account.organization if account is not None else None
        records.audit.add(Entry(event, organization, "operator", now, account_id))
    click.echo(f"{account_id} is {'active' if active else 'deactivated'}.")


def _all(store: Directory, organization: str) -> Iterator[Account]:
    after: tuple[str, str] | None = None
    while page := store.accounts(organization, after=after, limit=_PAGE):
        yield from page
        after = (page[-1].display_name, page[-1].id)


def _row(account: Account) -> dict[str, object]:
    return {
        "id": account.id,
        "active": account.active,
        "display_name": account.display_name,
        "email": account.email,
        "role": account.role,
        "created_at": account.created_at.isoformat(timespec="seconds"),
        "attributes": dict(account.attributes),
        "attribute_sources": dict(account.attribute_sources),
        "origins": {
            each.field: {"source": each.source, "by": each.by, "at": each.at.isoformat(timespec="seconds")}
            for each in origins(account)
        },
    }
