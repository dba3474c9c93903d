"""The container's files agree with each other and with the product; no image is built here."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest
from ruamel.yaml import YAML

from broker.federation.model import BrokerConfig
from tests.architecture.source import REPOSITORY

DOCKER = REPOSITORY / "docker"


def _yaml(name: str) -> Any:
    return YAML(typ="safe").load((DOCKER / name).read_text("utf-8"))


def _copied() -> list[str]:
    lines = re.sub(r"\\\n", " ", (DOCKER / "Dockerfile").read_text("utf-8")).splitlines()
    copies = [line.split()[1:-1] for line in lines if line.startswith("COPY ") and "--from=" not in line]
    return [source for sources in copies for source in sources]


def test_everything_that_is_copied_into_the_image_exists_and_is_let_into_the_build() -> None:
    rules = (DOCKER / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    let_in = [rule[1:] for rule in rules if rule.startswith("!")]
    assert _copied()
    for source in _copied():
        assert (REPOSITORY / source).exists(), source
        assert any(source == name or source.startswith(f"{name}/") for name in let_in), source


def test_the_image_runs_as_an_unprivileged_user_from_locked_wheels() -> None:
    text = (DOCKER / "Dockerfile").read_text("utf-8")
    final = text[text.rindex("\nFROM ") :]
    assert re.search(r"^USER 10001:10001$", final, re.MULTILINE)
    installs = re.findall(r"-m pip .*? install (.*?)(?:&&|$)", re.sub(r"\\\n", " ", text), re.MULTILINE)
    assert installs
    for options in installs:
        assert "--no-deps" in options
        assert "--no-index" in options or "--require-hashes --only-binary :all:" in options


def test_the_configuration_of_the_container_is_valid_and_finds_its_neighbours() -> None:
    config = BrokerConfig.model_validate(_yaml("config/broker.yaml"))
    services = _yaml("compose.yaml")["services"]
    assert config.stores.state.kind == "redis"
    assert config.stores.directory.kind == "postgresql"
    assert urlsplit(config.stores.state.url).hostname in services
    assert urlsplit(config.stores.directory.url).hostname in services
    assert services["broker"]["ports"] == [f"127.0.0.1:8080:{config.listen.port}"]
    assert config.listen.workers == 2


def test_every_secret_that_the_configuration_names_reaches_the_container() -> None:
    named = set(re.findall(r"env:(\w+)", (DOCKER / "config" / "broker.yaml").read_text("utf-8")))
    assert named
    assert named <= _yaml("compose.yaml")["services"]["broker"]["environment"].keys()


def test_the_proxy_that_is_trusted_is_the_gateway_alone() -> None:
    network = _yaml("compose.yaml")["networks"]["default"]["ipam"]["config"][0]
    proxy = BrokerConfig.model_validate(_yaml("config/broker.yaml")).listen.behind_proxy
    assert proxy is not None
    assert proxy.trusted_addresses == [f"{network['gateway']}/32"]


@contextmanager
def _answering(status: int) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/health/ready" else 404)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def _health(port: int) -> int:
    return subprocess.run(
        [sys.executable, DOCKER / "healthcheck.py"], env={"BROKER_PORT": str(port)}, timeout=60, check=False
    ).returncode


@pytest.mark.parametrize(("status", "outcome"), [(200, 0), (503, 1)])
def test_the_health_check_says_what_the_broker_says(status: int, outcome: int) -> None:
    with _answering(status) as port:
        assert _health(port) == outcome


def test_the_health_check_fails_when_nobody_answers() -> None:
    with _answering(200) as port:
        pass
    assert _health(port) == 1
