"""``python -m broker.demo.entra``: serves the simulator on this machine."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from granian import Granian
from granian.constants import Interfaces

from broker.demo.entra.seed import CLIENT_ID, CLIENT_SECRET

if TYPE_CHECKING:
    from flask import Flask

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(context_settings={"show_default": True})
@click.option("--port", type=click.IntRange(1, 65535), required=True, help="Port to listen on.")
@click.option("--address", default="127.0.0.1", help="Address to listen on.")
@click.option("--cert", type=_FILE, help="PEM file of the server certificate; without one it is plain HTTP.")
@click.option("--key", type=_FILE, help="PEM file of its private key.")
@click.option("--base-url", help="How it is reached, if not at localhost and the port.")
@click.option("--redirect-uri", "redirect_uris", multiple=True, help="Redirect URI of the application; repeatable.")
@click.option("--client-id", default=CLIENT_ID, help="The registered application.")
@click.option("--client-secret", default=CLIENT_SECRET, help="Its secret.")
@click.option("--front-channel-logout-url", help="Where single sign-out calls the application.")
@click.option(
    "--application-permission",
    "application_permissions",
    multiple=True,
    help="Permission of Graph that its registration asks for without a person, such as User.Read.All; repeatable.",
)
@click.option("--ca-file", type=_FILE, help="PEM file of the authority to trust when subscribers are called.")
@click.option("--client-certificate", type=_FILE, multiple=True, help="PEM file of a certificate of it; repeatable.")
def main(
    port: int,
    address: str,
    cert: Path | None,
    key: Path | None,
    base_url: str | None,
    redirect_uris: tuple[str, ...],
    client_id: str,
    client_secret: str,
    client_certificate: tuple[Path, ...],
    front_channel_logout_url: str | None,
    application_permissions: tuple[str, ...],
    ca_file: Path | None,
) -> None:
    """A simulation of Microsoft Entra ID and of the part of Microsoft Graph that a sign-in reads."""
    if (cert is None) != (key is None):
        raise click.UsageError("--cert and --key belong together")
    url = base_url or f"{'https' if cert else 'http'}://localhost:{port}"
    # One process, since the simulated world is in its memory; several threads, since a delayed answer holds one.
    Granian(
        "broker.demo.entra",
        address=address,
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=8,
        ssl_cert=cert,
        ssl_key=key,
        log_access=False,
    ).serve(
        target_loader=partial(
            _load,
            url,
            ca_file,
            client_certificate,
            client_id=client_id.lower(),
            client_secret=client_secret,
            redirect_uris=redirect_uris,
            front_channel_logout_url=front_channel_logout_url,
            application_permissions=application_permissions,
        ),
        wrap_loader=False,
    )


def _load(url: str, ca_file: Path | None, client_certificates: tuple[Path, ...], **registration: Any) -> Flask:
    from broker.clock import SystemClock
    from broker.demo.entra.app import create_simulator
    from broker.demo.entra.seed import seeded_directory

    directory = seeded_directory(**registration)
    for path in client_certificates:
        directory.add_certificate(path.read_text("ascii"))
    return create_simulator(
        directory, clock=SystemClock(), base_url=url, ca_file=str(ca_file) if ca_file is not None else None
    )


if __name__ == "__main__":
    main()
