"""``broker serve`` behind a reverse proxy: plain HTTP inside, the public address everywhere else (threats WE-02)."""

from __future__ import annotations

import http.client
import json
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from broker.demo.configuration import AEGEAN_FOODS, write_configuration
from broker.demo.ports import KeptPort
from broker.demo.processes import ServerProcess
from tests.support.configurations import SEALING_KEY

pytestmark = pytest.mark.served

PUBLIC = "sign-in.pobuca.example"
_DEADLINE = timedelta(seconds=60)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("behind-proxy")


@pytest.fixture(scope="module")
def port(folder: Path) -> Iterator[int]:
    """A broker behind a proxy on this machine; the port on which it serves the proxy."""
    with KeptPort() as kept:
        write_configuration(
            folder / "config",
            broker={
                "public_url": f"https://{PUBLIC}",
                "listen": {"port": kept.number, "workers": 1, "behind_proxy": {"trusted_addresses": ["127.0.0.1"]}},
                "stores": {
                    "state": {"kind": "sqlite", "path": "../state.sqlite"},
                    "directory": {"kind": "sqlite", "path": "../directory.sqlite"},
                },
                "sealing_key": "env:SEALING_KEY",
                "entra": {
                    "client_id": "5a27bf0b-cdae-4cd1-a308-f8f920c3bf4f",
                    "credential": {"kind": "client_secret", "secret": "env:ENTRA_SECRET"},
                },
            },
            organizations=[AEGEAN_FOODS],
            relying_parties=[],
        )
        server = ServerProcess(
            "broker",
            (sys.executable, "-m", "broker", "serve", "--config", str(folder / "config")),
            log=folder / "broker.log",
            ready=lambda: _answers(kept.number),
            environment={"SEALING_KEY": SEALING_KEY, "ENTRA_SECRET": "the-secret-of-the-registration"},
        )
        server.start()
        try:
            server.wait_until_ready(_DEADLINE)
            yield kept.number
        finally:
            server.stop()


def ask(port: int, path: str, **headers: str) -> tuple[int, http.client.HTTPMessage, bytes]:
    """One request as the proxy forwards it."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path, headers={"Host": PUBLIC, **headers})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def _answers(port: int) -> bool:
    try:
        return ask(port, "/health/ready")[0] == 200
    except OSError:
        return False


def test_it_speaks_of_its_public_address_whatever_the_request_says(port: int) -> None:
    status, _, body = ask(
        port, "/.well-known/openid-configuration", **{"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http"}
    )
    assert status == 200
    document = json.loads(body)
    assert document["issuer"] == f"https://{PUBLIC}"
    assert document["token_endpoint"] == f"https://{PUBLIC}/token"


def test_another_host_is_refused(port: int) -> None:
    assert ask(port, "/.well-known/openid-configuration", Host="evil.example")[0] == 400


def test_its_answers_are_those_of_an_https_site(port: int) -> None:
    status, headers, _ = ask(port, "/sign-in")
    assert status == 303
    assert headers["Location"].startswith("/sign-in/")
    assert "Secure" in headers["Set-Cookie"]
    assert "max-age=31536000" in headers["Strict-Transport-Security"]


def test_the_log_names_the_client_that_the_proxy_names(port: int, folder: Path) -> None:
    ask(port, "/sign-in/made-up", **{"X-Forwarded-For": "6.6.6.6, 198.51.100.7"})
    lines = (folder / "broker.log").read_text().splitlines()
    events = [json.loads(line) for line in lines if line.startswith("{")]
    assert "198.51.100.7" in [event["src"] for event in events if event["event"] == "web_rejected"]
    assert "6.6.6.6" not in str(events)
