"""Reads the configuration for a command and opens the directory, or ends it with every problem told."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from broker.federation.load import Configuration, ConfigurationRejected, ConfigurationUnreadable, load

if TYPE_CHECKING:
    from broker.store.records import Records

REJECTED: Final = 1
UNREADABLE: Final = 2

config_option = click.option(
    "--config",
    "directory",
    type=click.Path(path_type=Path),
    default=Path("config"),
    show_default=True,
    help="The configuration directory.",
)


def load_or_leave(directory: Path) -> Configuration:
    """The configuration; ends the process with exit code 1 or 2 and the findings on standard error if it is wrong."""
    try:
        return load(directory, environ=os.environ)
    except ConfigurationRejected as rejection:
        for finding in rejection.findings:
            click.echo(str(finding), err=True)
        sys.exit(UNREADABLE if isinstance(rejection, ConfigurationUnreadable) else REJECTED)


@contextmanager
def opened_records(configuration: Configuration) -> Iterator[Records]:
    """All that is kept in the directory store; a store that does not answer ends the command with a sentence."""
    from broker.composition.surroundings import open_records
    from broker.store.directory import DirectoryUnavailable

    store = open_records(configuration)
    try:
        yield store
    except DirectoryUnavailable as error:
        message = f"the directory store cannot be used (has `broker serve` been started once?): {error}"
        raise click.ClickException(message) from error
    finally:
        store.close()
