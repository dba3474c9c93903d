"""``python -m broker.demo.entra``, as a process of its own over TLS."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from broker.clock import SystemClock
from broker.demo.certificates import local_certificates
from broker.demo.entra.browser import sign_in
from tests.architecture.source import REPOSITORY
from tests.unit.demo.entra.running import CALLBACK, ELENI, TENANT_A


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.served
def test_the_command_serves_a_sign_in_over_tls(tmp_path: Path) -> None:
    tls = local_certificates(tmp_path, SystemClock())
    port = free_port()
    command = [sys.executable, "-m", "broker.demo.entra", "--port", str(port), "--redirect-uri", CALLBACK]
    command += ["--cert", str(tls.certificate), "--key", str(tls.key), "--client-secret", "another-secret"]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=REPOSITORY, stdout=log, stderr=log)
    try:
        session = requests.Session()
        session.trust_env = False
        session.verify = str(tls.authority)
        base = f"https://localhost:{port}"
        deadline = time.monotonic() + 60
        while True:
            try:
                metadata = session.get(f"{base}/{TENANT_A}/v2.0/.well-known/openid-configuration", timeout=10).json()
                break
            except requests.ConnectionError:
                assert process.poll() is None, (tmp_path / "log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.05)
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
    finally:
        process.terminate()
        process.wait(30)


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
