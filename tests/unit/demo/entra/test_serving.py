"""``python -m broker.demo.entra``, as a process of its own over TLS."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from broker.clock import SystemClock
from broker.demo.certificates import Certificates, local_certificates
from broker.demo.entra.browser import sign_in
from broker.demo.entra.seed import CLIENT_ID, CLIENT_SECRET
from tests.architecture.source import REPOSITORY
from tests.unit.demo.entra.receiver import receiving
from tests.unit.demo.entra.running import CALLBACK, ELENI, TENANT_A


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(folder: Path, *arguments: str) -> Iterator[tuple[str, requests.Session, Certificates]]:
    """The command as a process, with its address and a client that trusts it."""
    tls = local_certificates(folder, SystemClock())
    port = free_port()
    command = [sys.executable, "-m", "broker.demo.entra", "--port", str(port), "--redirect-uri", CALLBACK, *arguments]
    command += ["--cert", str(tls.certificate), "--key", str(tls.key), "--ca-file", str(tls.authority)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=REPOSITORY, stdout=log, stderr=log)
    try:
        with requests.Session() as session:
            session.trust_env = False
            session.verify = str(tls.authority)
            base = f"https://localhost:{port}"
            deadline = time.monotonic() + 60
            while True:
                try:
                    session.get(f"{base}/_simulator", timeout=10)
                    break
                except requests.ConnectionError:
                    assert process.poll() is None, (folder / "log").read_text()
                    assert time.monotonic() < deadline
                    time.sleep(0.05)
            yield base, session, tls
    finally:
        process.terminate()
        process.wait(30)


@pytest.mark.served
def test_the_command_serves_a_sign_in_over_tls(tmp_path: Path) -> None:
    with served(tmp_path, "--client-secret", "another-secret") as (base, session, _):
        metadata = session.get(f"{base}/{TENANT_A}/v2.0/.well-known/openid-configuration", timeout=10).json()
        assert metadata["issuer"] == f"{base}/{TENANT_A}/v2.0"
        parameters = {
            "client_id": "5a27bf0b-cdae-4cd1-a308-f8f920c3bf4f",
            "response_type": "code",
            "scope": "openid profile",
            "redirect_uri": CALLBACK,
        }
        url = requests.Request("GET", metadata["authorization_endpoint"], params=parameters).prepare().url
        assert url
        answer = sign_in(session, url, ELENI)
        form = {
            "grant_type": "authorization_code",
            "client_id": parameters["client_id"],
            "client_secret": "another-secret",
            "code": answer.fields["code"],
            "redirect_uri": CALLBACK,
        }
        assert "id_token" in session.post(metadata["token_endpoint"], data=form, timeout=10).json()
        assert session.cookies.get("ESTSAUTH")
        session.post(f"{base}/_simulator/faults", json={"endpoint": "keys", "drop": True}, timeout=10)
        with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
            session.get(metadata["jwks_uri"], timeout=10)


@pytest.mark.served
def test_the_command_calls_subscribers_and_knows_what_its_options_registered(tmp_path: Path) -> None:
    told = "https://localhost:1/signed-out"
    options = ("--application-permission", "User.Read.All", "--front-channel-logout-url", told)
    with served(tmp_path, *options) as (base, session, tls), receiving(tls) as receiver:
        (registration,) = session.get(f"{base}/_simulator/registrations", timeout=10).json()["registrations"]
        assert registration["applicationPermissions"] == ["User.Read.All"]
        assert registration["frontChannelLogoutUrl"] == told
        session.post(f"{base}/_simulator/consents/{TENANT_A}", timeout=10)
        form = {
            "grant_type": "client_credentials",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "scope": "https://graph.microsoft.com/.default",
        }
        token = session.post(f"{base}/{TENANT_A}/oauth2/v2.0/token", data=form, timeout=10).json()["access_token"]
        wanted = {
            "changeType": "updated",
            "notificationUrl": receiver.url,
            "resource": "users",
            "expirationDateTime": (SystemClock().now() + timedelta(days=1)).isoformat(),
        }
        bearer = {"Authorization": f"Bearer {token}"}
        answer = session.post(f"{base}/v1.0/subscriptions", json=wanted, headers=bearer, timeout=20)
        assert answer.status_code == 201, answer.text
        session.patch(f"{base}/_simulator/users/{ELENI}", json={"accountEnabled": False}, timeout=10)
        assert receiver.next()["subscriptionId"] == answer.json()["id"]


def test_a_certificate_without_its_key_is_refused(tmp_path: Path) -> None:
    certificate = tmp_path / "c.pem"
    certificate.write_text("")
    done = subprocess.run(
        [sys.executable, "-m", "broker.demo.entra", "--port", "1", "--cert", str(certificate)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "belong together" in done.stderr
