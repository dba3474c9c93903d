"""``python -m broker.demo.application``: serves the sample application over TLS on this machine."""

from __future__ import annotations

import secrets
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
from granian import Granian
from granian.constants import Interfaces

from broker.demo.application.settings import ApplicationSettings

if TYPE_CHECKING:
    from flask import Flask

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(context_settings={"show_default": True})
@click.option("--port", type=click.IntRange(1, 65535), required=True, help="Port to listen on, on this machine only.")
@click.option("--cert", type=_FILE, required=True, help="PEM file of the server certificate.")
@click.option("--key", type=_FILE, required=True, help="PEM file of its private key.")
@click.option("--issuer", required=True, help="The OpenID Provider; everything else comes from its discovery.")
@click.option("--client-id", required=True, help="As which client the application is registered there.")
@click.option("--client-secret-file", type=_FILE, required=True, help="File with the client's secret.")
@click.option("--ca-file", type=_FILE, help="PEM file of the authorities to trust, instead of the usual ones.")
def main(
    port: int, cert: Path, key: Path, issuer: str, client_id: str, client_secret_file: Path, ca_file: Path | None
) -> None:
    """Pobuca Contacts (sample): an application that signs people in with Pobuca."""
    settings = ApplicationSettings(
        public_url=f"https://localhost:{port}",
        issuer=issuer.removesuffix("/"),
        client_id=client_id,
        client_secret=client_secret_file.read_text().removesuffix("\n"),
        session_key=secrets.token_bytes(32),
        ca_file=ca_file.resolve() if ca_file else None,
    )
    # One process, since who is signed in is kept in its memory; several threads, since each sign-in waits for the
    # provider.
    Granian(
        "broker.demo.application",
        address="127.0.0.1",
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=4,
        ssl_cert=cert,
        ssl_key=key,
        log_access=False,
    ).serve(target_loader=partial(_load, settings), wrap_loader=False)


def _load(settings: ApplicationSettings) -> Flask:
    from broker.demo.application.app import create_application

    return create_application(settings)


if __name__ == "__main__":
    main()
