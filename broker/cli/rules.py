"""``broker rules``: do the claim rules do what is expected of them, and what would other ones do?"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final, NoReturn

import click

from broker.cli.loading import REJECTED, UNREADABLE, config_option
from broker.composition.rule_tests import Result, run
from broker.federation.expectations import FOLDER, read_expectations
from broker.federation.findings import ConfigurationRejected, ConfigurationUnreadable, printable
from broker.federation.load import Configuration, load

FAILED: Final = 1


@click.group("rules")
def command() -> None:
    """Test claim rules."""


@command.command("test")
@config_option
@click.option(
    "--against",
    type=click.Path(path_type=Path),
    help="Another version of the configuration: show what it does otherwise with the same samples.",
)
@click.option("--json", "as_json", is_flag=True, help="Write one JSON object and nothing else.")
def test(directory: Path, against: Path | None, as_json: bool) -> None:
    """Run the expectations in claim_rules/tests.

    Applies the rules to each sample as a sign-in would, and compares what comes of it. Reads the configuration only: no
    store is opened, nobody is called, and no secret needs to be there.

    Exit code: 0 if every expectation holds, 1 if one does not or a file is wrong, 2 if there is nothing to read.
    """
    configuration = _load(directory)
    other = _load(against) if against is not None else None
    try:
        expectations = read_expectations(directory)
    except ConfigurationRejected as rejection:
        _leave(rejection)
    if not expectations:
        click.echo(printable(f"There are no expectations in {directory.joinpath(*FOLDER)}."), err=True)
        sys.exit(UNREADABLE)
    results = list(run(expectations, configuration, other))
    failed = sum(bool(result.failures) for result in results)
    if as_json:
        answer = {
            "ok": not failed,
            "expectations": len(results),
            "failed": failed,
            "results": list(map(asdict, results)),
        }
        click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
    else:
        for line in told(results, other is not None):
            click.echo(printable(line))
    if failed:
        sys.exit(FAILED)


def told(results: Sequence[Result], compared: bool) -> Iterator[str]:
    """The results in lines: each failure begins with its place, as compilers write it."""
    for result in results:
        if not result.failures:
            yield f"ok      {result.name}"
            continue
        yield f"FAILED  {result.name}"
        for failure in result.failures:
            yield f"{failure.place}: {failure.sentence}"
    failed = sum(bool(result.failures) for result in results)
    if compared:
        changed = [result for result in results if result.changes]
        yield ""
        yield "What is different:" if changed else "Nothing is different for these samples."
        for result in changed:
            yield f"  {result.name}"
            for change in result.changes:
                yield f"    {change.what}: {change.old or 'nothing'} → {change.new or 'nothing'}"
        yield ""
    number = len(results)
    yield f"{number} expectation{'' if number == 1 else 's'}, {failed or 'none'} failed."


def _load(directory: Path) -> Configuration:
    try:
        return load(directory, environ=os.environ, follow=False)
    except ConfigurationRejected as rejection:
        _leave(rejection)


def _leave(rejection: ConfigurationRejected) -> NoReturn:
    for finding in rejection.findings:
        click.echo(str(finding), err=True)
    sys.exit(UNREADABLE if isinstance(rejection, ConfigurationUnreadable) else REJECTED)
