"""Ports of this machine that nobody else gets while they are kept.

granian binds with ``SO_REUSEPORT``, so a second server on a taken port starts without a word and shares its
connections. A socket that is bound here, and never listens, keeps the port from everybody who binds in the usual way,
gets no connection itself, and lets our own servers in; it stays open while they are stopped and started again.
"""

from __future__ import annotations

import socket
from types import TracebackType
from typing import Self

from broker.demo.processes import StageError


class PortTaken(StageError):
    """Somebody else listens there."""

    def __init__(self, port: int) -> None:
        super().__init__(f"port {port} is taken by another program")
        self.port = port


class KeptPort:
    """One port of 127.0.0.1; ``number`` None means any free one. Raises ``PortTaken``."""

    def __init__(self, number: int | None = None) -> None:
        if number is not None:
            _require_nobody(number)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            self._socket.bind(("127.0.0.1", number or 0))
        except OSError as error:
            self._socket.close()
            raise PortTaken(number or 0) from error
        self.number: int = self._socket.getsockname()[1]

    def release(self) -> None:
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()


def _require_nobody(number: int) -> None:
    # Without SO_REUSEPORT this fails beside any listener, also one that set it. SO_REUSEADDR is for the connections
    # of a server that has just ended: they linger, and harm nobody.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", number))
        except OSError as error:
            raise PortTaken(number) from error
