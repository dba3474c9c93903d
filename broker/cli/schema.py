"""``broker schema``: the shapes of the configuration files for editors."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from broker.federation.files import SCHEMAS
from broker.federation.findings import printable
from broker.federation.json_schemas import schemas

_DEFAULT: Final = Path("config") / SCHEMAS


@click.command("schema")
@click.option(
    "--output",
    "directory",
    type=click.Path(path_type=Path, file_okay=False),
    default=_DEFAULT,
    show_default=True,
    help="The folder to write them to; it is created.",
)
def command(directory: Path) -> None:
    """Write JSON Schemas of the configuration files, for editors.

    An editor that knows them completes keys, shows what each means and marks mistakes while a file is written; in
    Visual Studio Code that is the extension YAML of Red Hat. A file names its schema in a comment:

    \b
        # yaml-language-server: $schema=schema/broker.json

    They know one file at a time and nothing of secrets, expressions and certificates: `broker check` has the last word.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, text in schemas().items():
            (directory / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"cannot write to {printable(str(directory))}: {error.strerror}") from error
    click.echo(f"Wrote {', '.join(schemas())} to {printable(str(directory))}.")
