"""``broker check --online`` asks the others whom the files name, on real sockets, each at its place in a file."""

from __future__ import annotations

import socket
import textwrap
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from broker.cli import main
from broker.location import Location
from broker.reaching import Probe, Unreachable, reach_all
from tests.support.dns import dns_server
from tests.support.https import Answer, LocalHttps, Received, certificate
from tests.support.people import TENANT_A
from tests.support.world import Foundation

ENVIRON = {
    "SEALING_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
    "ENTRA": "canary-entra-client-secret-0001",
    "APPLICATION": "canary-application-secret-0002",
    "HOOK": "whsec_Y2FuYXJ5LWhvb2stc2VjcmV0LTAwMDctMDAwNw==",
}
NO_TENANT = "705bad33-ba4a-40ee-8ef9-2eb1e60b7b99"


def write(directory: Path, host: str, *, tenant: str = TENANT_A, hook: str, logout: str, more: str = "") -> Path:
    for folder in ("organizations", "relying_parties"):
        (directory / folder).mkdir(parents=True)
    (directory / "broker.yaml").write_text(
        textwrap.dedent(f"""\
        public_url: https://login.pobuca.example
        listen: {{behind_proxy: {{trusted_addresses: [127.0.0.1]}}}}
        stores:
          state: {{kind: sqlite, path: state.sqlite}}
          directory: {{kind: sqlite, path: directory.sqlite}}
        sealing_key: env:SEALING_KEY
        entra:
          authority_host: {host}
          graph_host: {host}
          client_id: 5a27bf0b-cdae-4cd1-a308-f8f920c3bf4f
          credential: {{kind: client_secret, secret: env:ENTRA}}
        outbound:
          ca_bundle: {certificate()[0]}
          allowed_private_addresses: [127.0.0.0/8, "::1"]
          timeout_seconds: 2
        """)
        + textwrap.dedent(more)
    )
    (directory / "organizations/aegean.yaml").write_text(
        textwrap.dedent(f"""\
        organization: aegean-foods
        display_name: Aegean Foods
        plan: enterprise
        domains: [aegeanfoods.example]
        federation:
          connection:
            kind: entra-oidc
            tenant_id: {tenant}
        provisioning:
          hooks:
            - kind: webhook
              name: connect
              url: {hook}
              secret: env:HOOK
        """)
    )
    (directory / "relying_parties/connect.yaml").write_text(
        textwrap.dedent(f"""\
        client_id: connect
        display_name: Connect
        redirect_uris: [https://connect.example/callback]
        client_secret: env:APPLICATION
        backchannel_logout_uri: {logout}
        """)
    )
    return directory


def check(directory: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["check", "--config", str(directory), "--online", *arguments], env=ENVIRON)


@contextmanager
def closed_port() -> Iterator[int]:
    with socket.socket() as held:  # Bound and not listening: nobody else gets it, and nobody answers.
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def test_whoever_is_there_is_not_told_and_no_hook_is_called(foundation: Foundation, tmp_path: Path) -> None:
    with LocalHttps() as application, dns_server() as resolver:
        resolvers = f"domains: {{resolvers: [127.0.0.1], port: {resolver.port}}}\n"
        directory = write(
            tmp_path / "config",
            foundation.simulator.url,
            hook=f"{application.origin}/hook",
            logout=f"{application.origin}/out",
            more=resolvers,
        )
        result = check(directory)
        assert (result.exit_code, result.output) == (
            0,
            f"{directory} is good: 1 organization, 1 relying party, no warnings.\n",
        )
        assert (application.connections, application.received) == (2, [])
        assert sum(resolver.asked.values()) == 1


def test_whoever_is_not_there_is_told_at_the_key_that_names_them(foundation: Foundation, tmp_path: Path) -> None:
    with closed_port() as closed:
        directory = write(
            tmp_path / "config",
            foundation.simulator.url,
            tenant=NO_TENANT,
            hook=f"https://localhost:{closed}/hook",
            logout="https://nobody.invalid/out",
            more=f"mail: {{kind: smtp, host: localhost, port: {closed}, sender: no-reply@pobuca.example}}\n"
            f"domains:\n  resolvers: [127.0.0.1]\n  port: {closed}\n  timeout_seconds: 1\n",
        )
        result = check(directory)
    assert result.exit_code == 1
    lines = result.output.splitlines()
    expected = [
        ("broker.yaml:16:20", "the mail server localhost: the mail server cannot be used"),
        ("broker.yaml:18:15", "the resolver 127.0.0.1: "),
        ("organizations/aegean.yaml:8:5", f"the directory {NO_TENANT}: no such directory there"),
        ("organizations/aegean.yaml:13:7", "the hook connect: connect"),
        ("relying_parties/connect.yaml:5:1", "backchannel_logout_uri: dns"),
    ]
    for line, (place, sentence) in zip(lines, expected, strict=False):
        assert line.startswith(f"{directory}/{place}: {sentence}"), result.output
    assert lines[len(expected) :] == ["The files are right, and others are not as they say: 5 errors."]


def lying(request: Received) -> Answer:
    if request.path.endswith("openid-configuration"):
        return Answer(200, b'{"issuer": "https://elsewhere.example/v2.0"}', {"Content-Type": "application/json"})
    return Answer(503)


def test_metadata_of_somebody_else_and_a_server_in_trouble_are_told(tmp_path: Path) -> None:
    with LocalHttps(lying) as host:
        hook = f"{host.origin}/hook"
        result = check(write(tmp_path / "config", host.origin, hook=hook, logout=hook), "--json")
    assert result.exit_code == 1
    assert '"ok": false' in result.output
    assert result.output.count("the issuer is not that of the authority asked") == 2
    assert f"{host.origin} (Graph): {host.origin}/v1.0/me answers with status 503" in result.output
    assert result.output.count('"code": "online"') == 3


def test_nobody_is_asked_while_the_files_are_wrong(tmp_path: Path) -> None:
    with LocalHttps() as host:
        directory = write(tmp_path / "config", host.origin, hook=f"{host.origin}/hook", logout=f"{host.origin}/out")
        (directory / "broker.yaml").write_text((directory / "broker.yaml").read_text() + "unheard: of\n")
        assert check(directory).exit_code == 1
        assert host.connections == 0


def test_whoever_has_no_turn_in_time_has_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    going_on = threading.Event()
    cancel = Future.cancel

    def and_go_on(future: Future[None]) -> bool:
        cancelled = cancel(future)
        if cancelled:
            going_on.set()
        return cancelled

    def slow() -> None:
        going_on.wait(60)
        raise Unreachable("slow")

    def last() -> None:
        raise AssertionError("asked after the time was over")

    monkeypatch.setattr(Future, "cancel", and_go_on)
    place = Location("f.yaml", 2, 3)
    probes = [*(Probe(place, f"host {number}", slow) for number in range(8)), Probe(place, "the last", last)]
    found = reach_all(probes, timedelta(0))
    assert len(found) == 9
    assert "the last was not asked, since time was over" in [f.sentence for f in found if f.severity == "warning"]


def test_what_is_no_answer_of_the_other_side_is_not_hidden() -> None:
    def broken() -> None:
        raise KeyError("ours")

    with pytest.raises(KeyError, match="ours"):
        reach_all([Probe(Location("f.yaml", 1, 1), "x", broken)], timedelta(seconds=5))
