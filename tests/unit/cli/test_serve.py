"""``broker serve`` ends with a sentence when it cannot serve; that it serves is shown by every ``served`` test."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from broker.composition.surroundings import Surroundings
from broker.demo.stage import Stage, StageError, StageOptions
from broker.federation.high_water import HighWater
from tests.support.configurations import ENVIRON
from tests.support.operated import Operated


def serve(directory: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "broker", "serve", "--config", str(directory)]
    env = {**os.environ, **environ}
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=env)


def test_a_missing_directory_is_told(tmp_path: Path) -> None:
    answer = serve(tmp_path / "nowhere")
    assert answer.returncode == 2
    assert "nowhere" in answer.stderr


def test_a_wrong_file_is_told_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "broker.yaml").write_text("public_url: http://sign-in.example\n")
    answer = serve(tmp_path)
    assert answer.returncode == 1
    assert "broker.yaml:1:13" in answer.stderr


def test_a_directory_that_is_older_than_what_was_seen_of_it_is_told(operated: Operated) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    file = operated.directory / "broker.yaml"
    file.write_text(file.read_text().replace("port: 8080", f"port: {port}"))
    with closing(Surroundings.of(operated.configuration)) as around:
        HighWater(around.state, lambda: 99).see(99)
    answer = serve(operated.directory, **ENVIRON)
    assert answer.returncode == 1
    assert "stand at change 1, and 99 was seen before" in answer.stderr
    assert "--accept-rollback" in answer.stderr


@pytest.mark.served
def test_a_port_that_somebody_listens_on_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as taken:
        listen = {"listen": {"port": taken.getsockname()[1]}}
        options = StageOptions(directory=tmp_path, settings=listen, with_simulator=False, with_application=False)
        with pytest.raises(StageError, match=r"listens on 127\.0\.0\.1"), Stage(options):
            pass


@pytest.mark.served
def test_an_address_that_is_not_of_this_machine_is_told(tmp_path: Path) -> None:
    listen = {"listen": {"host": "192.0.2.10", "port": 8443}}  # RFC 5737 section 3: nobody's
    options = StageOptions(directory=tmp_path, settings=listen, with_simulator=False, with_application=False)
    with pytest.raises(StageError, match=r"Error: cannot listen on 192\.0\.2\.10 port 8443: "), Stage(options):
        pass


@pytest.mark.served
def test_a_store_that_does_not_answer_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    options = StageOptions(
        directory=tmp_path,
        state_store={"kind": "redis", "url": f"redis://127.0.0.1:{port}"},
        with_simulator=False,
        with_application=False,
    )
    with pytest.raises(StageError, match="Error: the state store cannot be used"), Stage(options):
        pass
