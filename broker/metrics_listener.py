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


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Server6(_Server):
    address_family = socket.AF_INET6


def listen(host: str, port: int, collector: Collector) -> WSGIServer:
    """A bound server; ``serve_forever`` answers every path with the metrics. Raises ``OSError``."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(collector)
    kind = _Server6 if ipaddress.ip_address(host).version == 6 else _Server
    server = kind((host, port), _Handler)
    server.set_app(make_wsgi_app(registry))
    return server
