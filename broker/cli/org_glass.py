"""``broker org glass``: who is named for the break-glass, opening it for a time, and closing it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

import click

from broker.cli.loading import config_option
from broker.cli.org_acting import (
    OPERATOR,
    Acting,
    Refused,
    acting,
    carry_out,
    count,
    dry_run_option,
    json_option,
    tell_json,
    written,
)
from broker.composition.glass import glass_windows
from broker.federation.findings import printable
from broker.glass.windows import LONGEST_WINDOW, MAX_WHY, CannotOpen, NamedPerson, Windows
from broker.mailing.background import BackgroundMailer
from broker.mailing.configured import configured_mailer

# Enough to look after what is broken; whoever needs longer says so.
_USUAL_MINUTES: Final = 60
_LONGEST_MINUTES: Final = int(LONGEST_WINDOW.total_seconds() // 60)


@click.group("glass")
def glass() -> None:
    """The break-glass: named people come in with a passkey, without Microsoft, while it is open.

    It is shut unless you open it, opens for people who rehearsed within 90 days, and every step is in the audit trail
    (docs/break-glass.md).
    """


@contextmanager
def _at_work(directory: Path, name: str) -> Iterator[tuple[Acting, Windows]]:
    with acting(directory) as act:
        act.organization(name)
        mailer = configured_mailer(act.configuration, act.around.clock, act.around.entropy)
        records, clock = act.around.records, act.around.clock
        try:
            yield act, glass_windows(act.configuration, act.organizations, records, mailer, clock)
        except CannotOpen as error:
            raise Refused(str(error)) from error
        finally:
            act.remember()
            if isinstance(mailer, BackgroundMailer):
                mailer.drain()  # What waits would be lost with this process.


@glass.command("name")
@config_option
@dry_run_option
@click.argument("name")
@click.argument("account_id")
def name_person(directory: Path, dry_run: bool, name: str, account_id: str) -> None:
    """Name ACCOUNT_ID for the break-glass of the organization NAME, and write to that person.

    They register a passkey and rehearse with it; before that they cannot be let in.
    """
    with _at_work(directory, name) as (act, windows), act.alone(name):

        def work() -> None:
            new = windows.name(name, account_id, OPERATOR)
            click.echo(
                printable(f"{account_id} is {'named' if new else 'named already'} for the break-glass of {name}.")
            )

        person = windows.nameable(name, account_id)
        carry_out([f"name {person.id} for the break-glass of {name}"], work, dry_run=dry_run)


@glass.command("unname")
@config_option
@dry_run_option
@click.argument("name")
@click.argument("account_id")
def unname_person(directory: Path, dry_run: bool, name: str, account_id: str) -> None:
    """Take ACCOUNT_ID's name and passkeys away; what it holds ends."""
    with _at_work(directory, name) as (act, windows), act.alone(name):

        def work() -> None:
            if not windows.unname(name, account_id, OPERATOR):
                raise Refused(f"{account_id} is not named for the break-glass of {name}")
            click.echo(printable(f"{account_id} is not named any more, and has to sign in again."))

        carry_out([f"take {account_id} off the break-glass of {name}, with its passkeys"], work, dry_run=dry_run)


@glass.command("list")
@config_option
@json_option
@click.argument("name")
def list_people(directory: Path, as_json: bool, name: str) -> None:
    """List who is named for the organization NAME, when they rehearsed, and whether it is open."""
    with _at_work(directory, name) as (_, windows):
        people, window = windows.named(name), windows.window(name)
    if as_json:
        opened = None
        if window is not None:
            opened = {
                "opened_at": written(window.opened_at),
                "closes_at": written(window.closes_at),
                "opened_by": window.opened_by,
                "why": window.why,
                "people": list(window.people),
            }
        tell_json({"organization": name, "people": [_row(person) for person in people], "window": opened})
        return
    for person in people:
        state = "ready" if person.ready else "NOT READY"
        rehearsed = written(person.rehearsed_at) or "never"
        keys = count(person.passkeys, "passkey")
        click.echo(
            printable(f"{person.account.id}  {state:<9}  {keys}, rehearsed: {rehearsed}  {person.account.display_name}")
        )
    click.echo(f"{count(len(people), 'person', 'people')} named.")
    if window is None:
        click.echo("It is shut.")
    else:
        click.echo(printable(f"It is OPEN until {written(window.closes_at)} for {len(window.people)}: {window.why}"))


@glass.command("open")
@config_option
@click.option(
    "--minutes",
    type=click.IntRange(1, _LONGEST_MINUTES),
    default=_USUAL_MINUTES,
    show_default=True,
    help="For how long; it shuts by itself.",
)
@click.option(
    "--why", required=True, help=f"Why, in up to {MAX_WHY} characters, for the audit trail; no names of people."
)
@dry_run_option
@click.argument("name")
def open_window(directory: Path, minutes: int, why: str, dry_run: bool, name: str) -> None:
    """Open the break-glass of the organization NAME for the named people who rehearsed within 90 days.

    Every administrator of the organization gets a letter. If it is open, it is opened anew: what came in through it
    ends, and its people come in again.
    """
    with _at_work(directory, name) as (act, windows), act.alone(name):

        def work() -> None:
            window = windows.open(name, timedelta(minutes=minutes), why, OPERATOR)
            people = count(len(window.people), "person", "people")
            click.echo(f"The break-glass of {name} is open for {people} until {written(window.closes_at)}:")
            click.echo(f"{act.configuration.broker.public_url}/break-glass")

        ready = count(len(windows.openable(name, timedelta(minutes=minutes), why)), "person", "people")
        carry_out([f"open the break-glass of {name} for {ready}, for {minutes} minutes"], work, dry_run=dry_run)


@glass.command("close")
@config_option
@dry_run_option
@click.argument("name")
def close_window(directory: Path, dry_run: bool, name: str) -> None:
    """Shut the break-glass of the organization NAME now; what came in through it opens nothing any more."""
    with _at_work(directory, name) as (act, windows), act.alone(name):
        carry_out([f"shut the break-glass of {name}"], partial(_close, windows, name), dry_run=dry_run)


def _close(windows: Windows, name: str) -> None:
    closed = windows.close(name, OPERATOR)
    click.echo(f"The break-glass of {name} is shut." if closed else f"The break-glass of {name} was shut already.")


def _row(person: NamedPerson) -> dict[str, object]:
    return {
        "account": person.account.id,
        "display_name": person.account.display_name,
        "passkeys": person.passkeys,
        "rehearsed_at": written(person.rehearsed_at),
        "ready": person.ready,
    }
