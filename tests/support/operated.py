"""A configuration with stores of its own, on which commands are run as an operator runs them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from broker.cli import main
from broker.clock import SystemClock
from broker.composition.surroundings import open_records, prepare_stores
from broker.federation.load import Configuration, load
from broker.store.audit import Entry
from broker.store.federations import Consent, TestSignIn
from broker.store.records import Records
from tests.support.configurations import ENVIRON, good_configuration
from tests.support.dns import DnsServer, dns_server

TENANT = "e0e7c1a5-8d0b-4a53-9f0e-6a1f6a3f5d11"
OBJECT_ID = "7c9e2f5a-51a4-4d0a-9a07-0d3b5b1c0a01"


@dataclass(slots=True)
class Operated:
    """``directory``: the configuration. ``dns``: the resolver that it names."""

    directory: Path
    dns: DnsServer

    def run(self, *arguments: str, typed: str | None = None) -> Result:
        """``broker ARGUMENTS --config …``; what it raised, other than its end, is raised."""
        answer = CliRunner().invoke(
            main, [*arguments, "--config", str(self.directory)], env=ENVIRON, input=typed, catch_exceptions=False
        )
        assert "\x1b" not in answer.output
        return answer

    def done(self, *arguments: str, typed: str | None = None) -> str:
        """The output of a command that has to end with 0."""
        answer = self.run(*arguments, typed=typed)
        assert answer.exit_code == 0, answer.output
        return answer.stdout

    def refused(self, *arguments: str, code: int = 1, typed: str | None = None) -> str:
        """The output of a command that has to be refused and to write nothing into the trail."""
        before = self.events()
        answer = self.run(*arguments, typed=typed)
        assert answer.exit_code == code, answer.output
        assert self.events() == before
        return answer.output

    def json(self, *arguments: str) -> Any:
        """What a command with ``--json`` says."""
        return json.loads(self.done(*arguments, "--json"))

    @property
    def configuration(self) -> Configuration:
        return load(self.directory, environ=ENVIRON)

    @contextmanager
    def records(self) -> Iterator[Records]:
        with closing(open_records(self.configuration)) as opened:
            yield opened

    def trail(self) -> list[Entry]:
        with self.records() as records:
            return [each.entry for each in records.audit.entries(limit=1000)]

    def events(self) -> list[str]:
        """What operators did, without what the first start wrote."""
        return [entry.event for entry in self.trail() if entry.event != "federation_declared"]

    def create(self, name: str = "acme", *more: str, plan: str = "enterprise") -> None:
        self.done("org", "create", name, "--display-name", name.title(), "--plan", plan, *more)

    def connect(self, name: str = "acme", *, tested: bool = True, account: str | None = None) -> None:
        """As the pages leave it when a directory administrator consented, and tested."""
        with self.records() as records:
            now = now_()
            records.federations.connect(
                name, Consent(TENANT, "Acme Ltd", ("acme.example",), OBJECT_ID, "operator", ("User.Read",), now)
            )
            if tested:
                records.federations.record_test(name, TENANT, TestSignIn(OBJECT_ID, account, None, now))

    def stage(self, name: str = "acme") -> str | None:
        with self.records() as records:
            federation = records.federations.recorded(name).federation
        return federation.stage if federation is not None else None


def now_() -> datetime:
    return SystemClock().now()


def prepare(folder: Path) -> Path:
    """Stores as a first start leaves them, which is what is dear to make; the same folder."""
    directory = _configured(folder / "config", 53)
    prepare_stores(load(directory, environ=ENVIRON), SystemClock())
    return folder


@contextmanager
def operated_in(folder: Path, prepared: Path) -> Iterator[Operated]:
    """A configuration in a folder with a copy of prepared stores, and its DNS server."""
    with dns_server() as server:
        directory = _configured(folder / "config", server.port)
        for name in ("s.sqlite", "d.sqlite"):
            for file in prepared.glob(f"config/{name}*"):
                target = directory / file.name
                target.write_bytes(file.read_bytes())
                target.chmod(0o600)
        yield Operated(directory, server)


def _configured(directory: Path, port: int) -> Path:
    made = good_configuration(directory)
    file = made / "broker.yaml"
    before, _, rest = file.read_text().partition("stores:\n")
    _, _, after = rest.partition("sealing_key:")
    stores = "stores:\n  state: {kind: sqlite, path: s.sqlite}\n  directory: {kind: sqlite, path: d.sqlite}\n"
    after = after.replace("resolvers: [192.0.2.53]\n  port: 53\n", f"resolvers: [127.0.0.1]\n  port: {port}\n")
    rest, _, limits = after.partition("mail:\n")  # Without it letters go into a folder beside the directory store.
    _, _, limits = limits.partition("rate_limits:\n")
    file.write_text(f"{before}{stores}sealing_key:{rest}rate_limits:\n{limits}")
    return made
