"""The stage: simulator, broker and sample application as processes of their own, over TLS on this machine.

``with Stage(StageOptions()) as stage:`` is a whole world for a served test, a measurement or a demonstration.
"""

from __future__ import annotations

import json
import secrets
import shutil
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import requests
from requests.adapters import HTTPAdapter

from broker.clock import SystemClock
from broker.demo.certificates import local_certificates, write_private
from broker.demo.configuration import AEGEAN_FOODS, HELIOS_SHIPPING, write_configuration
from broker.demo.control import Control
from broker.demo.ports import KeptPort
from broker.demo.processes import ServerProcess, StageError

# The broker's app registration at the simulator, which has it from the start.
ENTRA_CLIENT_ID: Final = "5a27bf0b-cdae-4cd1-a308-f8f920c3bf4f"
ENTRA_CALLBACK: Final = "/upstream/entra/callback"
# Where a browser comes back from the simulator: from a sign-in, and while an organisation is being connected.
ENTRA_RETURNS: Final = (ENTRA_CALLBACK, "/upstream/entra/connect", "/upstream/entra/consent")
APPLICATION_CLIENT_ID: Final = "pobuca-contacts"


@dataclass(frozen=True, slots=True, kw_only=True)
class StageOptions:
    """What differs from the usual stage. Mappings are what would stand in the configuration files."""

    directory: Path | None = None
    """Where everything is written, and stays; None: a temporary directory that is taken away at the end."""
    broker_port: int | None = None
    simulator_port: int | None = None
    application_port: int | None = None
    """Ports; None: a free one."""
    workers: int = 1
    """Worker processes of the broker."""
    state_store: Mapping[str, Any] | None = None
    directory_store: Mapping[str, Any] | None = None
    """``stores.state`` and ``stores.directory`` of broker.yaml; None: an SQLite file each."""
    response_mode: str = "form_post"
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Laid over broker.yaml, section by section."""
    organizations: tuple[Mapping[str, Any], ...] = (AEGEAN_FOODS, HELIOS_SHIPPING)
    sample: Mapping[str, Any] = field(default_factory=dict)
    """Laid over the sample application's file."""
    relying_parties: tuple[Mapping[str, Any], ...] = ()
    """Further relying-party files, beside the sample application's."""
    claim_rules: tuple[Mapping[str, Any], ...] = ()
    """Sets of rules."""
    secret_files: Mapping[str, str] = field(default_factory=dict)
    """Further secrets, by name: the file that ``file:../secrets/NAME`` means."""
    simulator_arguments: tuple[str, ...] = ()
    """Further arguments of ``python -m broker.demo.entra``."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Further environment of the broker's process."""
    with_simulator: bool = True
    with_application: bool = True
    deadline: timedelta = timedelta(seconds=60)
    """How long each server may take until it answers."""


class Stage:
    """Three servers that know each other by configuration only. Raises ``StageError`` on entry."""

    simulator_url: str
    broker_url: str
    application_url: str
    directory: Path
    ca_file: Path
    simulator: ServerProcess
    broker: ServerProcess
    application: ServerProcess

    def __init__(self, options: StageOptions | None = None) -> None:
        self.options = options or StageOptions()
        self._exits = ExitStack()

    # -- life -------------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        try:
            self._build()
            for server in self.servers:
                server.start()
            for server in self.servers:
                server.wait_until_ready(self.options.deadline)
        except BaseException:
            self._exits.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._exits.close()

    @property
    def servers(self) -> tuple[ServerProcess, ...]:
        """Those of this stage, in the order in which they start."""
        wanted = (
            (self.simulator, self.options.with_simulator),
            (self.broker, True),
            (self.application, self.options.with_application),
        )
        return tuple(server for server, is_wanted in wanted if is_wanted)

    def require_running(self) -> None:
        """Raises ``StageError`` when one of the servers ended by itself."""
        for server in self.servers:
            server.require_running()

    def restart(self, server: ServerProcess) -> None:
        """Starts a server that was stopped or killed, and waits until it answers; port and files are the same."""
        server.start()
        server.wait_until_ready(self.options.deadline)

    # -- what tests and scripts ask ---------------------------------------------------------------------------

    def session(self) -> requests.Session:
        """A new browser, or any other client: cookies of its own, trusts this stage's authority, uses no proxy."""
        session = requests.Session()
        session.verify = str(self.ca_file)
        session.trust_env = False
        session.mount("https://", _Patient())
        return session

    @property
    def control(self) -> Control:
        """The simulator's control API."""
        return Control(self.session(), self.simulator_url)

    def broker_log(self) -> list[dict[str, Any]]:
        """The events that the broker logged so far; lines of other programs are left out."""
        events = []
        for line in self.broker.log.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict):
                events.append(event)
        return events

    # -- building ---------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self.directory = self._make_directory()
        options = self.options
        ports = [
            self._exits.enter_context(KeptPort(number))
            for number in (options.simulator_port, options.broker_port, options.application_port)
        ]
        self.simulator_url, self.broker_url, self.application_url = (
            f"https://localhost:{port.number}" for port in ports
        )
        tls = local_certificates(self.directory / "tls", SystemClock())
        self.ca_file = tls.authority
        self._write_secrets()
        self._write_configuration(ports[1].number)
        listening = ("--cert", str(tls.certificate), "--key", str(tls.key))
        self.simulator = self._server(
            "simulator",
            f"{self.simulator_url}/organizations/v2.0/.well-known/openid-configuration",
            *("-m", "broker.demo.entra", "--port", str(ports[0].number), *listening),
            f"--client-secret={(self.directory / 'secrets/entra-client-secret').read_text()}",
            *(word for path in ENTRA_RETURNS for word in ("--redirect-uri", self.broker_url + path)),
            *options.simulator_arguments,
        )
        self.broker = self._server(
            "broker",
            f"{self.broker_url}/health/ready",
            *("-m", "broker", "serve", "--config", str(self.directory / "config")),
            environment=options.environment,
        )
        self.application = self._server(
            "sample application",
            f"{self.application_url}/",
            *("-m", "broker.demo.application", "--port", str(ports[2].number), *listening),
            *("--issuer", self.broker_url, "--client-id", APPLICATION_CLIENT_ID, "--ca-file", str(tls.authority)),
            *("--client-secret-file", str(self.directory / "secrets/sample-client-secret")),
        )
        # Registered last, so it comes first: no port is given back and no file taken away under a running server.
        self._exits.callback(self._stop_all)

    def _make_directory(self) -> Path:
        if self.options.directory is not None:
            directory = self.options.directory.resolve()
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            return directory
        directory = Path(tempfile.mkdtemp(prefix="pobuca-demo-"))
        self._exits.callback(shutil.rmtree, directory, ignore_errors=True)
        return directory

    def _write_secrets(self) -> None:
        folder = self.directory / "secrets"
        folder.mkdir(mode=0o700, exist_ok=True)
        for name in ("entra-client-secret", "sample-client-secret", "sealing-key"):
            if not (folder / name).exists():  # A directory that is used again holds keys that are sealed with it.
                write_private(folder / name, secrets.token_urlsafe(32).encode())
        for name, value in self.options.secret_files.items():
            write_private(folder / name, value.encode())

    def _write_configuration(self, broker_port: int) -> None:
        options = self.options
        (self.directory / "data").mkdir(mode=0o700, exist_ok=True)
        usual = {
            "public_url": self.broker_url,
            "listen": {
                "host": "127.0.0.1",
                "port": broker_port,
                "workers": options.workers,
                "tls": {"certificate": "../tls/localhost.pem", "key": "../tls/localhost-key.pem"},
            },
            "stores": {
                "state": options.state_store or {"kind": "sqlite", "path": "../data/state.sqlite"},
                "directory": options.directory_store or {"kind": "sqlite", "path": "../data/directory.sqlite"},
            },
            "sealing_key": "file:../secrets/sealing-key",
            "entra": {
                "authority_host": self.simulator_url,
                "graph_host": self.simulator_url,
                "client_id": ENTRA_CLIENT_ID,
                "credential": {"kind": "client_secret", "secret": "file:../secrets/entra-client-secret"},
                "response_mode": options.response_mode,
            },
            "outbound": {
                "ca_bundle": "../tls/authority.pem",
                "allowed_private_addresses": ["127.0.0.0/8", "::1/128"],
            },
        }
        sample = {
            "client_id": APPLICATION_CLIENT_ID,
            "display_name": "Pobuca Contacts (sample)",
            "redirect_uris": [f"{self.application_url}/callback"],
            "client_secret": "file:../secrets/sample-client-secret",
            "scopes": ["openid", "profile", "email", "phone", "address", "organization"],
            "initiate_login_uri": f"{self.application_url}/sign-in",
        }
        write_configuration(
            self.directory / "config",
            broker=_laid_over(usual, options.settings),
            organizations=options.organizations,
            relying_parties=({**sample, **options.sample}, *options.relying_parties),
            claim_rules=options.claim_rules,
        )

    def _server(
        self, name: str, address: str, *arguments: str, environment: Mapping[str, str] | None = None
    ) -> ServerProcess:
        log = self.directory / "logs" / f"{name.replace(' ', '-')}.log"
        log.unlink(missing_ok=True)
        session = self.session()

        def ready() -> bool:
            try:
                return session.get(address, timeout=5).status_code == 200
            except requests.RequestException:
                return False

        return ServerProcess(name, (sys.executable, *arguments), log=log, ready=ready, environment=environment)

    def _stop_all(self) -> None:
        for server in self.servers:
            server.ask_to_stop()
        for server in self.servers:
            server.stop()


class _Patient(HTTPAdapter):
    """A client that waits long, and not for ever."""

    def send(self, *arguments: Any, **settings: Any) -> requests.Response:
        settings["timeout"] = settings.get("timeout") or 30
        return super().send(*arguments, **settings)


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        merged[key] = _laid_over(under, value) if isinstance(under, Mapping) and isinstance(value, Mapping) else value
    return merged


__all__ = ["Stage", "StageError", "StageOptions"]
