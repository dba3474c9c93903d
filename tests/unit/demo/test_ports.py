"""broker.demo.ports"""

from __future__ import annotations

import socket

import pytest

from broker.demo.ports import KeptPort, PortTaken


def _listener(port: int = 0, *, shared: bool = False) -> socket.socket:
    listener = socket.socket()
    if shared:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener


def test_a_kept_port_is_nobody_elses() -> None:
    with KeptPort() as port, pytest.raises(OSError, match="in use"):
        _listener(port.number)


def test_our_own_server_gets_the_kept_port_and_every_connection() -> None:
    with KeptPort() as port, _listener(port.number, shared=True) as listener:
        listener.settimeout(5)
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", port.number), timeout=5):
                listener.accept()[0].close()


@pytest.mark.parametrize("shared", [False, True], ids=["alone", "with SO_REUSEPORT"])
def test_a_port_on_which_somebody_listens_is_taken(shared: bool) -> None:
    with _listener(shared=shared) as listener:
        number = listener.getsockname()[1]
        with pytest.raises(PortTaken, match=f"port {number} is taken"):
            KeptPort(number)


def test_a_released_port_can_be_had_again() -> None:
    port = KeptPort()
    port.release()
    with KeptPort(port.number) as again:
        assert again.number == port.number
