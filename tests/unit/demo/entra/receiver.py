"""A subscriber to change notifications, on a socket of its own."""

from __future__ import annotations

import json
import queue
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from broker.demo.certificates import Certificates

# What a receiver answers to: the query's validationToken (None for a notification), and how often it was called.
Answer = Callable[[str | None, int], tuple[int, str, str]]


def usual(token: str | None, _: int) -> tuple[int, str, str]:
    return (202, "text/plain", "") if token is None else (200, "text/plain; charset=utf-8", token)


@dataclass(slots=True)
class Receiver:
    """A subscriber with an address of its own; ``got`` is what was posted to it beside handshakes."""

    url: str = ""
    answer: Answer = usual
    got: queue.Queue[Any] = field(default_factory=queue.Queue)
    handshakes: list[dict[str, str]] = field(default_factory=list)
    calls: int = 0

    def next(self) -> dict[str, Any]:
        (told,) = self.got.get(timeout=30)["value"]
        assert isinstance(told, dict)
        return told


@contextmanager
def receiving(tls: Certificates | None = None) -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            token = query.get("validationToken", [None])[0]
            receiver.calls += 1
            status, content_type, text = receiver.answer(token, receiver.calls)
            if token is None:
                receiver.got.put(json.loads(body))
            else:
                receiver.handshakes.append({"type": self.headers["Content-Type"], "path": self.path})
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls.certificate, tls.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    receiver.url = f"{'http' if tls is None else 'https'}://localhost:{server.server_port}/notify"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
