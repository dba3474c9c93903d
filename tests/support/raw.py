"""Bytes that no client library would send, over TLS or plainly, and the status of what comes back."""

from __future__ import annotations

import re
import socket
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """What a server said; ``status`` is 0 when it closed the connection without a word."""

    status: int
    head: str
    body: bytes

    def header(self, name: str) -> str | None:
        """The first header of that name."""
        found = re.search(rf"^{re.escape(name)}: *(.*)$", self.head, re.IGNORECASE | re.MULTILINE)
        return found[1].strip() if found else None


def exchange(url: str, request: bytes, *, ca_file: str) -> RawAnswer:
    """Sends these bytes, and reads until the server closes the connection or says nothing more for ten seconds."""
    parts = urlsplit(url)
    received = b""
    with socket.create_connection(("127.0.0.1", parts.port or 443), timeout=10) as connection:
        context = ssl.create_default_context(cafile=ca_file)
        stream = context.wrap_socket(connection, server_hostname="localhost") if parts.scheme == "https" else connection
        with stream:
            try:
                stream.sendall(request)
                while chunk := stream.recv(65536):
                    received += chunk
                    if _is_complete(received):
                        break
            except (ConnectionError, ssl.SSLError):
                pass  # The server would not read on: what it said before that counts.
    head, _, body = received.partition(b"\r\n\r\n")
    status = re.match(rb"HTTP/1\.[01] (\d{3})", head)
    return RawAnswer(int(status[1]) if status else 0, head.decode("latin-1").replace("\r\n", "\n"), body)


def _is_complete(received: bytes) -> bool:
    head, end, body = received.partition(b"\r\n\r\n")
    if not end:
        return False
    length = re.search(rb"^content-length: *(\d+)", head, re.IGNORECASE | re.MULTILINE)
    if length:
        return len(body) >= int(length[1])
    return body.endswith(b"0\r\n\r\n") if b"chunked" in head.lower() else False
