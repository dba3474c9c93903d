"""Serves metrics to Prometheus on a listener of their own, apart from what browsers reach (threats WE-10)."""

from __future__ import annotations

import ipaddress
import socket
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.registry import Collector


class _Handler(WSGIRequestHandler):
    # Seconds; a scrape is one short request.
    timeout = 10
    # No banner of versions (threats WE-10).
    server_version = "metrics"
    sys_version = ""

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: a scrape every few seconds is no event."""


class MetricsServer(ThreadingMixIn, WSGIServer):
    """Bound, and not answering yet."""

    daemon_threads = True

    def answer(self, collector: Collector) -> None:
        """From now on every path is answered with what the collector gives."""
        registry = CollectorRegistry(auto_describe=False)
        registry.register(collector)
        self.set_app(make_wsgi_app(registry))


class _MetricsServer6(MetricsServer):
    address_family = socket.AF_INET6


def bind(host: str, port: int) -> MetricsServer:
    """A server at this address; raises ``OSError``."""
    kind = _MetricsServer6 if ipaddress.ip_address(host).version == 6 else MetricsServer
    return kind((host, port), _Handler)
