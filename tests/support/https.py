"""A small real HTTPS server on a free port of the loopback interface, with a certificate of its own authority."""

from __future__ import annotations

import contextlib
import datetime
import functools
import http.server
import ipaddress
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode(), keep_blank_values=True).items()}


@dataclass(frozen=True, slots=True)
class Answer:
    """What to answer. ``raw`` instead writes to the connection by itself."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    raw: Callable[[http.server.BaseHTTPRequestHandler], None] | None = None


@functools.cache
def certificate() -> tuple[Path, Path]:
    """Certificate (its own authority) and key of localhost, as PEM files."""
    folder = Path(tempfile.mkdtemp(prefix="https-"))
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    names: list[x509.GeneralName] = [
        x509.DNSName("localhost"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    ]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "certificate.pem", folder / "key.pem"
    certificate_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate_file, key_file


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # One segment an answer: no waiting for delayed acknowledgements.

    def _answer(self) -> None:
        server = self.server
        if not isinstance(server, _Server):
            raise TypeError("not our server")
        length = int(self.headers.get("Content-Length") or 0)
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        headers = {name.lower(): value for name, value in self.headers.items()}
        received = Received(self.command, parts.path, query, headers, self.rfile.read(length))
        with server.lock:
            server.received.append(received)
        answer = server.respond(received)
        if answer.raw is not None:
            self.close_connection = True
            answer.raw(self)
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)
        self.wfile.flush()

    do_GET = do_POST = do_PATCH = _answer  # noqa: N815 - the names that http.server calls

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a failing test shows what was received."""


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, respond: Callable[[Received], Answer], port: int) -> None:
        self.respond = respond
        self.received: list[Received] = []
        self.lock = threading.Lock()
        self.connections = 0
        self._open: set[ssl.SSLSocket] = set()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(*certificate())
        super().__init__(("127.0.0.1", port), _Handler)

    def finish_request(self, request, client_address) -> None:  # type: ignore[no-untyped-def] # socketserver's own types
        with self.lock:
            self.connections += 1
        request.settimeout(30)
        try:
            with self._context.wrap_socket(request, server_side=True) as secured:
                with self.lock:
                    self._open.add(secured)
                try:
                    super().finish_request(secured, client_address)
                finally:
                    with self.lock:
                        self._open.discard(secured)
        except (OSError, ValueError):
            return  # The client went away, which many tests are about; or we did.

    def hang_up(self) -> None:
        """Ends every connection, also those that a client keeps for later."""
        with self.lock:
            for secured in self._open:
                with contextlib.suppress(OSError):
                    secured.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request, client_address) -> None:  # type: ignore[no-untyped-def] # socketserver's own types
        """Nothing, likewise."""


class LocalHttps:
    """Starts with ``with``; ``respond`` may be exchanged at any time."""

    def __init__(self, respond: Callable[[Received], Answer] | None = None, *, port: int = 0) -> None:
        self._server = _Server(respond or (lambda _: Answer()), port)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._server.hang_up()
        self._thread.join()

    @property
    def origin(self) -> str:
        return f"https://localhost:{self._server.server_address[1]}"

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def received(self) -> list[Received]:
        with self._server.lock:
            return list(self._server.received)

    @property
    def connections(self) -> int:
        with self._server.lock:
            return self._server.connections

    def respond_with(self, respond: Callable[[Received], Answer]) -> None:
        self._server.respond = respond
