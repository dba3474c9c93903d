"""The one outbound HTTP client of the broker (threats G8).

https only; every address of the name checked, and the connection made to an address that was checked; no redirects,
cookies, proxies or environment; one deadline for the whole call, from name resolution to the last byte; at most 1 MiB
of decoded body. Connections are kept and reused, so that a call costs no handshake. Which addresses are public is
decided by requests-hardened's filter; networks that the operator allows are the exception to it.
"""

from __future__ import annotations

import base64
import functools
import http.client
import ipaddress
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, Final
from urllib.parse import quote_plus, urlencode, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from requests_hardened.ip_filter import InvalidIPAddress, filter_host
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPSConnectionPool

from broker import strict_json

MAX_BODY_BYTES: Final = 1024 * 1024
_CHUNK_BYTES: Final = 64 * 1024
# Addresses tried of one name: two of each family is more than a healthy service needs.
_MAX_ADDRESSES: Final = 4
# Seconds after which an unused connection is not trusted any more: most servers close theirs later than this.
_MAX_IDLE_SECONDS: Final = 20.0

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class HttpFailure(Exception):
    """The call gave no answer that can be used.

    ``reason``: ``url``, ``address``, ``dns``, ``connect``, ``tls``, ``timeout``, ``protocol``, ``too_big``, ``json``
    or ``status``.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What the other side answered: ``headers`` by lower-case name, ``body`` decoded.

    ``set_cookies``: each ``Set-Cookie`` as it was sent, since several of them cannot be told apart once they are joined
    (RFC 6265 section 3).
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    set_cookies: tuple[str, ...] = field(default=(), repr=False)

    def json(self) -> Any:
        """The body as strict JSON; raises ``HttpFailure`` (``json``)."""
        try:
            return strict_json.parse(self.body)
        except strict_json.JsonRefused as error:
            raise HttpFailure("json", str(error)) from error

    def json_object(self) -> dict[str, Any]:
        """The body as a strict JSON object; raises ``HttpFailure`` (``json``)."""
        value = self.json()
        if not isinstance(value, dict):
            raise HttpFailure("json", "not an object")
        return value


_NOT_ALLOWED: Final = "neither public nor in outbound.allowed_private_addresses"


class AddressPolicy:
    """Which addresses a call may reach: public ones, and the private networks that the operator named."""

    def __init__(self, allowed: Sequence[Network] = ()) -> None:
        self._allowed = tuple(allowed)

    def check(self, address: Address) -> None:
        """Returns if the address may be reached; raises ``HttpFailure`` (``address``)."""
        plain = address
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            plain = address.ipv4_mapped
        if any(plain.version == network.version and plain in network for network in self._allowed):
            return
        if not plain.is_global or plain.is_multicast or plain.is_reserved or plain.is_unspecified:
            raise HttpFailure("address", f"{plain} is {_NOT_ALLOWED}")
        try:
            filter_host(str(plain), 443, allow_loopback=False)
        except InvalidIPAddress as error:
            raise HttpFailure("address", f"{plain} is {_NOT_ALLOWED}") from error


class _Deadline(threading.local):
    """When the call of this thread must be over, on the monotonic clock."""

    at: float = 0.0

    def remaining(self) -> float:
        """Seconds left; raises ``TimeoutError`` when there are none."""
        left = self.at - time.monotonic()
        if left <= 0:
            raise TimeoutError("the call took too long")
        return left


class _DeadlineSocket(ssl.SSLSocket):
    """Gives every single wait no more time than the call has left: a slow trickle of bytes ends in time as well."""

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        self._bound()
        return super().recv_into(buffer, nbytes, flags)

    def send(self, data: Any, flags: int = 0) -> int:
        self._bound()
        return super().send(data, flags)

    def _bound(self) -> None:
        if isinstance(self.context, _Context):
            self.settimeout(self.context.deadline.remaining())


class _Context(ssl.SSLContext):
    """The TLS settings, and with them all that a connection has to know of its client."""

    sslsocket_class: type[ssl.SSLSocket] = _DeadlineSocket
    deadline: _Deadline
    policy: AddressPolicy


@functools.lru_cache(maxsize=4)
def _context(allowed: tuple[str, ...], ca_bundle: str | None, _content: bytes | None) -> _Context:
    """The settings for these networks and authorities: reading the usual authorities takes longer than all else of a
    start, and a worker whose configuration changes starts again. ``_content`` is what the bundle holds now.
    """
    context = _Context(ssl.PROTOCOL_TLS_CLIENT)  # Verifies chain and host name.
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cafile=DEFAULT_CA_BUNDLE_PATH)
    if ca_bundle is not None:
        context.load_verify_locations(cafile=ca_bundle)
    context.deadline = _Deadline()
    context.policy = AddressPolicy([ipaddress.ip_network(text) for text in allowed])
    return context


def _resolve(host: str, port: int, seconds: float) -> list[tuple[int, Any]]:
    """Every address of a name as (family, socket address). The system's resolver knows no deadline, so a thread asks
    it.
    """
    found: list[tuple[int, Any]] = []
    errors: list[OSError | UnicodeError] = []

    def ask() -> None:
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.extend((family, address) for family, _, _, _, address in answers)
        except (OSError, UnicodeError) as error:
            errors.append(error)

    thread = threading.Thread(target=ask, name="resolve", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise TimeoutError("name resolution took too long")
    if errors or not found:
        raise HttpFailure("dns", f"{host} cannot be resolved")
    return found


class _Connection(HTTPSConnection):
    """Connects only to addresses that were checked."""

    used_at: float = 0.0

    def _new_conn(self) -> socket.socket:
        context = self.ssl_context
        if not isinstance(context, _Context):
            raise HttpFailure("tls", "no TLS settings")
        port = self.port or 443
        found = _resolve(self._dns_host, port, context.deadline.remaining())
        for _, address in found:  # All of them: one bad address among good ones is a rebinding attempt.
            context.policy.check(ipaddress.ip_address(str(address[0]).partition("%")[0]))
        candidates = found[:_MAX_ADDRESSES]
        for position, (family, address) in enumerate(candidates):
            connecting = socket.socket(family, socket.SOCK_STREAM)
            try:
                connecting.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connecting.settimeout(context.deadline.remaining() / (len(candidates) - position))
                connecting.connect(address)
            except OSError:
                connecting.close()
                continue
            connecting.settimeout(context.deadline.remaining())
            return connecting
        context.deadline.remaining()
        raise HttpFailure("connect", f"no connection to {self.host}:{port}")

    def getresponse(self) -> Any:
        self.used_at = time.monotonic()
        return super().getresponse()

    @property
    def is_connected(self) -> bool:
        """False as well for a connection that idled so long that the server may be closing it at this moment.

        A request that meets the closing is lost, and a code must not be sent twice.
        """
        return super().is_connected and time.monotonic() - self.used_at < _MAX_IDLE_SECONDS


class _Pool(HTTPSConnectionPool):
    ConnectionCls = _Connection


class _Adapter(HTTPAdapter):
    """requests' adapter over our connections; the TLS settings are those of the context and of nothing else."""

    def __init__(self, context: _Context) -> None:
        self._context = context
        super().__init__(pool_connections=32, pool_maxsize=16)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any) -> None:
        super().init_poolmanager(connections, maxsize, block, ssl_context=self._context, **pool_kwargs)
        self.poolmanager.pool_classes_by_scheme = {"https": _Pool}

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Nothing to add: the context verifies the chain and the name, and was given its authorities once."""


class HttpClient:
    """Safe for threads; one for the whole process."""

    USER_AGENT: ClassVar[str] = "Pobuca-Broker"

    def __init__(
        self,
        *,
        allowed_private_addresses: Sequence[str] = (),
        ca_bundle: str | None = None,
        timeout: timedelta = timedelta(seconds=5),
    ) -> None:
        """``ca_bundle``: PEM file of authorities beside the usual ones; raises ``OSError`` if it cannot be read."""
        self._seconds = timeout.total_seconds()
        further = Path(ca_bundle).read_bytes() if ca_bundle is not None else None
        context = _context(tuple(allowed_private_addresses), ca_bundle, further)
        self._context = context
        self._deadline = context.deadline
        self._adapter = _Adapter(context)

    def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> HttpAnswer:
        """The answer, whatever its status; raises ``HttpFailure`` when there is none. So do the others."""
        return self._call("GET", url, None, headers or {})

    def post_form(
        self,
        url: str,
        fields: Mapping[str, str],
        *,
        headers: Mapping[str, str] | None = None,
        basic: tuple[str, str] | None = None,
    ) -> HttpAnswer:
        """Posts a form. ``basic``: client id and secret for HTTP Basic in the encoding of RFC 6749 section 2.3.1."""
        sent = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        if basic is not None:
            pair = f"{quote_plus(basic[0])}:{quote_plus(basic[1])}"
            sent["Authorization"] = "Basic " + base64.b64encode(pair.encode("ascii")).decode("ascii")
        return self._call("POST", url, urlencode(fields).encode("ascii"), sent)

    def post_json(self, url: str, value: Any, *, headers: Mapping[str, str] | None = None) -> HttpAnswer:
        """Posts a JSON value."""
        return self._call_json("POST", url, value, headers)

    def patch_json(self, url: str, value: Any, *, headers: Mapping[str, str] | None = None) -> HttpAnswer:
        """Changes something by a JSON value (RFC 5789)."""
        return self._call_json("PATCH", url, value, headers)

    def _call_json(self, method: str, url: str, value: Any, headers: Mapping[str, str] | None) -> HttpAnswer:
        sent = {"Content-Type": "application/json", **(headers or {})}
        return self._call(method, url, json.dumps(value).encode("utf-8"), sent)

    def send(
        self,
        method: str,
        url: str,
        body: bytes | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        within: timedelta | None = None,
        at_most: int = MAX_BODY_BYTES,
    ) -> HttpAnswer:
        """Sends these very bytes, which may have been signed. ``within``: the time of this call instead of the usual
        one; ``at_most``: the bytes of an answer that is read.
        """
        return self._call(method, url, body, headers or {}, within=within, at_most=at_most)

    def reach(self, url: str) -> None:
        """Connects and agrees on TLS, and asks nothing; raises ``HttpFailure`` if that cannot be had."""
        self._prepare("HEAD", url, None, {})
        parts = urlsplit(url)
        self._deadline.at = time.monotonic() + self._seconds
        connection = _Connection(str(parts.hostname), parts.port or 443, ssl_context=self._context)
        with _failures(url):
            try:
                connection.connect()
            finally:
                connection.close()

    def close(self) -> None:
        """Closes the kept connections."""
        self._adapter.close()

    def _call(
        self,
        method: str,
        url: str,
        body: bytes | None,
        headers: Mapping[str, str],
        *,
        within: timedelta | None = None,
        at_most: int = MAX_BODY_BYTES,
    ) -> HttpAnswer:
        request = self._prepare(method, url, body, headers)
        seconds = self._seconds if within is None else within.total_seconds()
        self._deadline.at = time.monotonic() + seconds
        with _failures(url):
            response = self._adapter.send(request, stream=True, timeout=seconds)
            try:
                content = _read(response.raw, at_most)
            except BaseException:
                response.raw.close()  # Half-read: this connection is not used again.
                raise
        return HttpAnswer(
            response.status_code,
            {name.lower(): value for name, value in response.headers.items()},
            content,
            tuple(response.raw.headers.getlist("Set-Cookie")),
        )

    def _prepare(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]
    ) -> requests.PreparedRequest:
        try:
            parts = urlsplit(url)
            if parts.scheme != "https" or not parts.hostname or parts.username is not None or parts.port == 0:
                raise HttpFailure("url", "only https to a named host")
            request = requests.PreparedRequest()
            request.prepare_method(method)
            request.prepare_url(url, None)
            request.prepare_headers(
                {"User-Agent": self.USER_AGENT, "Accept": "application/json", "Accept-Encoding": "identity", **headers}
            )
        except (ValueError, requests.RequestException) as error:
            raise HttpFailure("url", type(error).__name__) from error
        request.body = body
        if body is not None:
            request.headers["Content-Length"] = str(len(body))
        return request


@contextmanager
def _failures(url: str) -> Iterator[None]:
    """Whatever goes wrong within becomes ``HttpFailure``."""
    try:
        yield
    except HttpFailure:
        raise
    except (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError) as error:
        raise HttpFailure("timeout", _where(url)) from error
    except (requests.exceptions.SSLError, urllib3.exceptions.SSLError, ssl.SSLError) as error:
        raise HttpFailure("tls", f"{_where(url)}: {_cause(error)}") from error
    except (requests.RequestException, urllib3.exceptions.HTTPError, http.client.HTTPException, OSError) as error:
        if _is_timeout(error):
            raise HttpFailure("timeout", _where(url)) from error
        raise HttpFailure("protocol", f"{_where(url)}: {_cause(error)}") from error
    except (ValueError, TypeError) as error:  # A header or URL that the layers below choke on.
        raise HttpFailure("protocol", f"{_where(url)}: {type(error).__name__}") from error


def _read(raw: Any, at_most: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    for chunk in raw.stream(_CHUNK_BYTES, decode_content=True):
        size += len(chunk)
        if size > at_most:
            raise HttpFailure("too_big", f"more than {at_most} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


def _where(url: str) -> str:
    """Host and path: never the query, which may hold what must not be logged."""
    parts = urlsplit(url)
    return f"{parts.hostname}{parts.path}"


def _cause(error: BaseException) -> str:
    reason = getattr(error, "reason", None)
    inner = error.args[0] if error.args and isinstance(error.args[0], BaseException) else None
    for deeper in (reason, inner):
        if isinstance(deeper, BaseException):
            return _cause(deeper)
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate refused: {error.verify_message}"[:200]
    return f"{type(error).__name__}: {error}"[:200]


def _is_timeout(error: BaseException) -> bool:
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, (TimeoutError, urllib3.exceptions.TimeoutError)):
            return True
        nested = [item for item in seen.args if isinstance(item, BaseException)]
        if any(isinstance(item, (TimeoutError, urllib3.exceptions.TimeoutError)) for item in nested):
            return True
        seen = seen.__cause__ or seen.__context__
    return False
