"""``broker org connect`` and ``test``: the part of connecting that the customer's directory administrator does."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final

import click

from broker.cli.loading import config_option
from broker.cli.org_acting import (
    Acting,
    Refused,
    acting,
    dry_run_option,
    json_option,
    leave,
    tell_json,
    written,
)
from broker.cli.org_flows import ticket
from broker.federation.findings import printable
from broker.organizations import ENTERPRISE
from broker.store.federations import Federation

# Seconds between two looks while waiting.
_LOOK_EVERY: Final = 2.0
_NOT_TESTED: Final = 1


@click.command("connect")
@config_option
@json_option
@dry_run_option
@click.argument("name")
def connect(directory: Path, as_json: bool, dry_run: bool, name: str) -> None:
    """Print the link with which an administrator of the customer's directory connects the organization NAME.

    The link is a ticket: whoever has it can bind the organization to a directory that they administer, if it owns all
    of the organization's domains. Send it to that person and nobody else. It needs no Pobuca account, leads through
    sign-in, consent and a test sign-in, and enforces nothing: that is `broker org enforce`.
    """
    with acting(directory) as act, act.alone(name):
        _require_connectable(act, name)
        if dry_run:
            click.echo(f"Would print a link with which {name} is connected with a directory.\nNothing was changed.")
            return
        link = ticket(act, name)
        act.remember()
    if as_json:
        tell_json({"organization": name, "link": link})
        return
    click.echo(f"For the administrator of the directory of {name}, and for nobody else:")
    click.echo(f"  {link}")


def _require_connectable(act: Acting, name: str) -> None:
    organization = act.organization(name)
    if organization.is_declared:
        raise Refused(f"{name} is connected by its file, {act.file_of(name)}")
    if organization.connection is not None:
        raise Refused(f"{name} is enforced already: `broker org disconnect {name}` comes before a new connection")
    if organization.plan != ENTERPRISE:
        raise Refused(f"{name} is on the plan {organization.plan}, and federation needs enterprise")


@click.command("test")
@config_option
@json_option
@click.option("--link", is_flag=True, help="Print a new link for the test as well.")
@click.option("--wait", type=click.FloatRange(min=0), metavar="SECONDS", help="Wait so long for the test sign-in.")
@click.argument("name")
def test(directory: Path, as_json: bool, link: bool, wait: float | None, name: str) -> None:
    """Tell whether the test sign-in of the organization NAME has been done.

    It is done through the link of `broker org connect`, or by an administrator on the page Settings, Security. Exit
    code: 0 if it has been done, 1 if not.
    """
    with acting(directory) as act:
        act.organization(name)
        until = time.monotonic() + (wait or 0)
        made = ticket(act, name) if link else None
        if made is not None and not as_json:
            click.echo(f"  {made}")
        while not (is_tested := _is_tested(found := act.recorded(name).federation)) and time.monotonic() < until:
            time.sleep(min(_LOOK_EVERY, max(0.0, until - time.monotonic())))
    if as_json:
        tell_json({**_row(name, found), "tested": is_tested, "link": made})
    else:
        click.echo(printable(_sentence(name, found)))
    if not is_tested:
        leave(_NOT_TESTED)


def _is_tested(federation: Federation | None) -> bool:
    return federation is not None and (federation.stage == "enforced" or federation.test is not None)


def _row(name: str, federation: Federation | None) -> dict[str, Any]:
    test_sign_in = federation.test if federation is not None else None
    return {
        "organization": name,
        "stage": federation.stage if federation is not None else None,
        "tenant_id": federation.tenant_id if federation is not None else None,
        "test": {"object_id": test_sign_in.object_id, "at": written(test_sign_in.at)} if test_sign_in else None,
    }


def _sentence(name: str, federation: Federation | None) -> str:
    if federation is None or federation.stage == "disconnected":
        return f"{name} is not connected: `broker org connect {name}` prints the link with which that is done."
    if (done := federation.test) is not None:
        return f"{name}: {done.object_id} of the tenant {federation.tenant_id} signed in at {written(done.at)}."
    if federation.stage == "enforced":
        return f"{name} is enforced."
    return f"{name} is connected with the tenant {federation.tenant_id}; nobody has done the test sign-in yet."
