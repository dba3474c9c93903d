"""Reads the configuration for a command, or ends it with every problem told."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

import click

from broker.federation.load import Configuration, ConfigurationRejected, ConfigurationUnreadable, load

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
