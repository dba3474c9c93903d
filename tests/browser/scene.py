"""The scene of a person with a browser: broker, simulator and application are three sites for Chromium.

The broker is ``localhost``, the simulator ``127.0.0.1`` and the application ``contacts.example``, a name that only the
browser knows. So the upstream's form_post answer is a cross-site POST, as it is in the world, and not only one to
another port of the same site.
"""

from __future__ import annotations

import base64
import hashlib
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from broker.clock import SystemClock
from broker.demo.application.app import create_application
from broker.demo.application.settings import ApplicationSettings
from broker.demo.certificates import local_certificates
from broker.demo.stage import Stage, StageOptions
from tests.servers import chromium_program, free_port

APPLICATION_HOST: Final = "contacts.example"
_CLIENT_ID: Final = "contacts"
# Everybody in these tests comes from one address, and together they do more than one client would.
_ONE_ADDRESS: Final = {"attempts_by_client": 100_000, "attempts": 1_000_000}
_CLIENT_SECRET: Final = "the-secret-of-contacts"


@dataclass(frozen=True, slots=True)
class Scene:
    """Three servers that run, and what a browser must be told to reach and to trust them."""

    stage: Stage
    application_url: str

    @property
    def broker_url(self) -> str:
        return self.stage.broker_url

    @property
    def simulator_url(self) -> str:
        """As the browser sees it."""
        return self.stage.simulator_url.replace("localhost", "127.0.0.1")

    @property
    def chromium_arguments(self) -> Sequence[str]:
        """Names the application's address, and the one public key whose certificate Chromium shall not question."""
        certificate = x509.load_pem_x509_certificate((self.stage.directory / "tls/localhost.pem").read_bytes())
        key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        pin = base64.b64encode(hashlib.sha256(key).digest()).decode()
        return (
            f"--ignore-certificate-errors-spki-list={pin}",
            f"--host-resolver-rules=MAP {APPLICATION_HOST} 127.0.0.1",
        )


@contextmanager
def scene(directory: Path, settings: Mapping[str, Any] | None = None) -> Iterator[Scene]:
    """Everything up, until the end of the ``with``."""
    chromium_program()  # Says so before anything is started, if there is none.
    simulator_port, application_port = free_port(), free_port()
    application_url = f"https://{APPLICATION_HOST}:{application_port}"
    simulator = f"https://127.0.0.1:{simulator_port}"
    party = {
        "client_id": _CLIENT_ID,
        "display_name": "Pobuca Contacts (sample)",
        "redirect_uris": [f"{application_url}/callback"],
        "client_secret": f"file:../secrets/{_CLIENT_ID}",
        "scopes": ["openid", "profile", "email", "phone", "address", "organization"],
    }
    options = StageOptions(
        directory=directory,
        simulator_port=simulator_port,
        simulator_arguments=("--base-url", simulator),
        settings={
            "entra": {"authority_host": simulator, "graph_host": simulator},
            "rate_limits": _ONE_ADDRESS,
            **(settings or {}),
        },
        relying_parties=(party,),
        secret_files={_CLIENT_ID: _CLIENT_SECRET},
        with_application=False,
    )
    with Stage(options) as stage:
        application = create_application(
            ApplicationSettings(
                public_url=application_url,
                issuer=stage.broker_url,
                client_id=_CLIENT_ID,
                client_secret=_CLIENT_SECRET,
                session_key=b"the key of one test",
                ca_file=stage.ca_file,
            )
        )
        with _served(application, application_port, directory / "tls"):
            yield Scene(stage, application_url)


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        """Nothing: a failing test shows the page."""


@contextmanager
def _served(application: Flask, port: int, tls: Path) -> Iterator[None]:
    files = local_certificates(tls, SystemClock())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    server = make_server("127.0.0.1", port, application, threaded=True, request_handler=_Quiet, ssl_context=context)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
