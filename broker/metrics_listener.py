"""Serves metrics to Prometheus on a listener of their own, apart from what browsers reach (threats WE-10)."""

from __future__ import annotations

import ipaddress
import os
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector


class _Handler(BaseHTTPRequestHandler):
    # Seconds; a scrape is one short request.
    timeout = 10

    def do_GET(self) -> None:
        """The metrics, under whatever path: there is nothing else here."""
        registry = self.server.registry if isinstance(self.server, MetricsServer) else None
        if registry is None:
            self.send_error(503)
            return
        encode, content_type = choose_encoder(self.headers.get("Accept", ""))
        body = encode(registry)
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def version_string(self) -> str:
        """No banner of versions (threats WE-10)."""
        return "metrics"

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: a scrape every few seconds is no event."""


class MetricsServer(ThreadingHTTPServer):
    """Bound, and not answering yet."""

    registry: CollectorRegistry | None = None
    parent: int | None = None

    def answer(self, *collectors: Collector) -> None:
        """From now on a scrape is answered with what these collectors give."""
        registry = CollectorRegistry(auto_describe=False)
        for collector in collectors:
            registry.register(collector)
        self.registry = registry

    def service_actions(self) -> None:
        """Ends the process, twice a second asked, when the one that began it is gone."""
        if self.parent is not None and os.getppid() != self.parent:
            raise SystemExit(0)


class _MetricsServer6(MetricsServer):
    address_family = socket.AF_INET6


def bind(host: str, port: int) -> MetricsServer:
    """A server at this address; raises ``OSError``."""
    kind = _MetricsServer6 if ipaddress.ip_address(host).version == 6 else MetricsServer
    return kind((host, port), _Handler)
