"""A small DNS server of our own on loopback, over UDP and TCP, that a test fills and can make misbehave."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

# What fits into a UDP answer without EDNS (RFC 1035 section 4.2.1).
_UDP_OCTETS = 512


@dataclass(slots=True)
class DnsServer:
    """``texts``: absolute name to TXT values. ``aliases``: name to the name that it stands for."""

    port: int
    texts: dict[str, list[str]] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    behaviour: Literal["answers", "fails", "is silent"] = "answers"
    asked: Counter[str] = field(default_factory=Counter)
    over: Counter[str] = field(default_factory=Counter)

    def answer(self, wire: bytes, over: Literal["udp", "tcp"]) -> bytes | None:
        """The answer to a query, None if there is to be none."""
        try:
            query = dns.message.from_wire(wire)
        except dns.exception.DNSException:
            return None
        name = query.question[0].name.to_text(omit_final_dot=True).lower()
        self.asked[name] += 1
        self.over[over] += 1
        if self.behaviour == "is silent":
            return None
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        if self.behaviour == "fails":
            response.set_rcode(dns.rcode.SERVFAIL)
            return response.to_wire()
        self._fill(response, name)
        whole = response.to_wire(max_size=65535)
        if over == "udp" and len(whole) > _UDP_OCTETS:
            response.answer.clear()
            response.flags |= dns.flags.TC
            return response.to_wire()
        return whole

    def _fill(self, response: dns.message.Message, name: str) -> None:
        seen = {name}
        while name in self.aliases:
            target = self.aliases[name]
            response.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "CNAME", f"{target}."))
            if target in seen:
                return
            seen.add(target)
            name = target
        if self.texts.get(name):
            values = [_quoted(text) for text in self.texts[name]]
            response.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "TXT", *values))
        elif name not in self.texts and not any(known.endswith(f".{name}") for known in self.texts):
            response.set_rcode(dns.rcode.NXDOMAIN)


def _quoted(text: str) -> str:
    parts = [text[start : start + 255] for start in range(0, len(text), 255)] or [""]
    return " ".join('"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"' for part in parts)


@contextmanager
def dns_server() -> Iterator[DnsServer]:
    """A server with an empty zone, on a port of its own that is the same over UDP and TCP."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listening:
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        listening.bind(("127.0.0.1", 0))
        udp.bind(listening.getsockname())
        listening.listen()
        server = DnsServer(listening.getsockname()[1])

        class Udp(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                wire, reply = self.request
                if (answer := server.answer(wire, "udp")) is not None:
                    reply.sendto(answer, self.client_address)

        class Tcp(socketserver.StreamRequestHandler):
            timeout = 10

            def handle(self) -> None:
                length = int.from_bytes(self.rfile.read(2), "big")
                if (answer := server.answer(self.rfile.read(length), "tcp")) is not None:
                    self.wfile.write(len(answer).to_bytes(2, "big") + answer)

        servers: list[Any] = [
            _adopt(socketserver.ThreadingUDPServer, Udp, udp),
            _adopt(socketserver.ThreadingTCPServer, Tcp, listening),
        ]
        threads = [threading.Thread(target=each.serve_forever, kwargs={"poll_interval": 0.05}) for each in servers]
        for thread in threads:
            thread.start()
        try:
            yield server
        finally:
            for each in servers:
                each.shutdown()
            for thread in threads:
                thread.join()
            udp.close()


def _adopt(kind: Any, handler: Any, bound: socket.socket) -> Any:
    server = kind(bound.getsockname(), handler, bind_and_activate=False)
    server.socket.close()
    server.socket = bound
    server.daemon_threads = True
    return server
