"""``broker org prove``: every door of the running broker, tried for one organisation with what would be good there."""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Final

import click
from rich.console import Console
from rich.table import Table

from broker import log
from broker.app import create_app
from broker.cli.http_wire import ANYWHERE, HttpWire
from broker.cli.loading import config_option
from broker.cli.org_acting import OPERATOR, Refused, acting, json_option, tell_json
from broker.composition.proof import proof_of_enforcement
from broker.errors import NotAllowed
from broker.federation.findings import printable
from broker.http_client import HttpClient
from broker.proving.report import Finding, Report
from broker.proving.wire import WireDown

_DOES_NOT_HOLD: Final = 1
_PATIENCE: Final = timedelta(seconds=15)
_MARKS: Final = {"shut": "shut", "allowed": "allowed", "open": "OPEN", "untried": "NOT TRIED"}


@click.command("prove")
@config_option
@json_option
@click.argument("name")
def prove(directory: Path, as_json: bool, name: str) -> None:
    """Try every door of the running broker for the organization NAME, and report what each answered.

    A probe is made in the organization: an administrator's account with a password, which nobody else there can have
    any more. In this process alone, the same broker over the same stores reads the organization as if it were not
    federated; there the probe is given a session, codes, tokens, links and app passwords. Each of them is then tried at
    the running broker, where it must be refused, and here, where it must be let in: only that proves that the refusal
    is the work of the enforcement rule. The probe is removed afterwards.

    Exit code: 0 if every door is shut; 1 if one is open or could not be tried, or the organization is not federated.
    """
    with acting(directory) as act, Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        log.configure(act.around.clock, nowhere)  # What the twin does here happens to nobody.
        act.organization(name)
        configuration = act.configuration
        bundle = configuration.broker.outbound.ca_bundle
        http = HttpClient(
            allowed_private_addresses=ANYWHERE,
            ca_bundle=str(configuration.path(bundle)) if bundle else None,
            timeout=_PATIENCE,
        )
        running = HttpWire(http, configuration.broker.public_url)
        try:
            running.send("GET", "/health/live")
            proof = proof_of_enforcement(configuration, act.organizations, act.around, create_app)
            report = proof.run(name, running=running, by=OPERATOR)
        except WireDown as down:
            raise Refused(f"no broker answers at {configuration.broker.public_url}: {down}") from down
        except NotAllowed as refusal:
            raise Refused(f"nothing to prove for {name}: {refusal.detail}") from refusal
        finally:
            http.close()
        act.remember()
    if as_json:
        tell_json(report.as_json())
    else:
        _tell(report)
    sys.exit(0 if report.holds else _DOES_NOT_HOLD)


def _tell(report: Report) -> None:
    at = report.at.strftime("%Y-%m-%d %H:%M:%S UTC")
    click.echo(printable(f"Doors of {report.broker} for {report.organization}, tried {at}"))
    table = Table(box=None, pad_edge=False, show_edge=False)
    for heading in ("", "door", "what was tried", "answer", "without rule 0"):
        table.add_column(heading, overflow="fold")
    for finding in report.findings:
        table.add_row(*(printable(text) for text in _row(finding)))
    Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 150).print(table)
    if report.holds:
        click.echo("Every door is shut: people of this organization come in with Microsoft, and in no other way.")
    elif not report.federated:
        click.echo("This organization is not federated: nothing is enforced.")
    else:
        click.echo("It does not hold: a door is open, or could not be tried.")


def _row(finding: Finding) -> tuple[str, ...]:
    return (_MARKS[finding.verdict], finding.door.replace("_", " "), finding.tried, finding.answer, finding.control)
