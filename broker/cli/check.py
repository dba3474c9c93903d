"""``broker check``: is this configuration one that the broker would start with?"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from broker.cli.loading import REJECTED, UNREADABLE, config_option
from broker.federation.findings import Finding, has_errors, printable
from broker.federation.load import Configuration, ConfigurationRejected, ConfigurationUnreadable, load


@click.command("check")
@config_option
@click.option("--online", is_flag=True, help="Also ask Microsoft and the others whom the files name.")
@click.option("--json", "as_json", is_flag=True, help="Write one JSON object and nothing else.")
def command(directory: Path, online: bool, as_json: bool) -> None:
    """Check the configuration and tell every problem at once.

    Reads every file, resolves every secret and looks at every certificate, as `broker serve` does at its start; changes
    nothing and calls nobody. Each problem is one line, file:line:column: sentence.

    With --online, if the files are right: fetches the metadata and keys of every directory, and connects to Graph, to
    hooks, to back channels of applications, to the DNS resolvers and to the mail server, within a minute. Nobody signs
    in, no hook is called, no letter is sent.

    Exit code: 0 if the broker would start (perhaps with warnings), 1 if a problem stops it or somebody cannot be
    reached, 2 if there is no directory to read.
    """
    try:
        configuration = load(directory, environ=os.environ)
    except ConfigurationRejected as rejection:
        _report(rejection.findings, None, as_json)
        sys.exit(UNREADABLE if isinstance(rejection, ConfigurationUnreadable) else REJECTED)
    found: Sequence[Finding] = ()
    if online:
        from broker.composition.online import check_online

        found = check_online(configuration)
    _report((*configuration.warnings, *found), configuration, as_json)
    if has_errors(found):
        sys.exit(REJECTED)


def _report(findings: Sequence[Finding], configuration: Configuration | None, as_json: bool) -> None:
    errors = sum(finding.severity == "error" for finding in findings)
    warnings = len(findings) - errors
    if as_json:
        answer = {
            "ok": configuration is not None and not errors,
            "errors": errors,
            "warnings": warnings,
            "findings": [dataclasses.asdict(finding) for finding in findings],
        }
        click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
        return
    for finding in findings:
        click.echo(str(finding))
    if configuration is None:
        click.echo(f"Not usable: {_count(errors, 'error')}, {_count(warnings, 'warning')}.")
    elif errors:
        click.echo(f"The files are right, and others are not as they say: {_count(errors, 'error')}.")
    else:
        what = [
            _count(len(configuration.organizations), "organization"),
            _count(len(configuration.relying_parties), "relying party", "relying parties"),
            _count(warnings, "warning"),
        ]
        click.echo(f"{printable(str(configuration.directory))} is good: {', '.join(what)}.")


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number or 'no'} {one if number == 1 else many or one + 's'}"
