"""A TCP proxy that can lose an answer: the question arrives and is carried out, the connection breaks before the
answer.
"""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager


class LosingProxy:
    """Forwards to a port of this machine; loses the answer to one question that holds ``lose_answer_to``."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.lose_answer_to: bytes | None = None
        self.lost = 0

    def serve(self) -> None:
        """Takes connections until ``close``."""
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._forward, args=(client,), daemon=True).start()

    def close(self) -> None:
        """Takes no more connections."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _forward(self, client: socket.socket) -> None:
        with closing(client), closing(socket.create_connection(("127.0.0.1", self._target))) as server:
            losing = False
            while True:
                readable, _, _ = select.select([client, server], [], [])
                for source in readable:
                    content = source.recv(65536)
                    if source is client and self.lose_answer_to and self.lose_answer_to in content:
                        self.lose_answer_to, losing = None, True
                    if source is server and losing:
                        self.lost += 1
                        return
                    if not content:
                        return
                    (server if source is client else client).sendall(content)


@contextmanager
def losing_proxy(port: int) -> Iterator[LosingProxy]:
    """A proxy in front of the server at ``port``."""
    proxy = LosingProxy(port)
    thread = threading.Thread(target=proxy.serve, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.close()
        thread.join()
