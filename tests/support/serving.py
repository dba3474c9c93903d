"""A server for applications of tests that keeps its connections, as other servers do.

werkzeug's own closes each of them, so that most of what a small request cost was its TLS handshake.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import IO, Any, cast

from werkzeug.serving import WSGIRequestHandler
from werkzeug.wsgi import LimitedStream

# Seconds to wait for what a client still sends of a request that was answered before it was read.
_LINGER_SECONDS = 0.01


class KeepingHandler(WSGIRequestHandler):
    """Closes a connection only where the client wants it, or where something of the request was not read: the next one
    would begin with it.
    """

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # One segment an answer: no waiting for delayed acknowledgements.

    def run_wsgi(self) -> None:
        self.environ = environ = self.make_environ()
        length = environ.get("CONTENT_LENGTH") or "0"
        body = LimitedStream(cast(IO[bytes], self.rfile), int(length)) if length.isdecimal() else None
        if "HTTP_TRANSFER_ENCODING" not in environ and "HTTP_EXPECT" not in environ and body is not None:
            environ["wsgi.input"] = body
        else:
            body = None
        answer = _Answer()
        answer.take(self.server.app(environ, answer.start))
        code, _, reason = answer.status.partition(" ")
        self.send_response(int(code), reason)
        for name, value in answer.headers:
            self.send_header(name, value)
        bodiless = self.command == "HEAD" or code in ("204", "304")
        if not bodiless and all(name.lower() != "content-length" for name, _ in answer.headers):
            self.send_header("Content-Length", str(len(answer.body)))
        if body is None or body.tell() < int(length):
            self.send_header("Connection", "close")  # http.server closes it then.
        self.end_headers()
        self.wfile.write(b"" if bodiless else answer.body)
        self.wfile.flush()
        if self.close_connection:
            self._read_on()

    def _read_on(self) -> None:
        """A client that is still sending when its connection is closed would see that, and not the answer."""
        self.connection.settimeout(_LINGER_SECONDS)
        with suppress(OSError):
            while self.rfile.read1():
                pass

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: a failing test shows what was answered."""


class _Answer:
    """What an application answers, whole."""

    def __init__(self) -> None:
        self.status = ""
        self.headers: Sequence[tuple[str, str]] = ()
        self.body = b""

    def start(self, status: str, headers: list[tuple[str, str]], _: Any = None) -> Callable[[bytes], object]:
        self.status, self.headers = status, headers
        return self._write

    def take(self, parts: Iterable[bytes]) -> None:
        try:
            self.body += b"".join(parts)
        finally:
            if hasattr(parts, "close"):
                parts.close()

    def _write(self, part: bytes) -> None:
        self.body += part
