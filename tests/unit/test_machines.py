"""The stand-in for networks of one's own: where the kernel gives none, tests go through relays."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
from tests.machines import relays


@pytest.fixture
def echo() -> Iterator[int]:
    """A server that says what it hears; gives its port."""

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,)).start()

    def answer(connection: socket.socket) -> None:
        with connection:
            while heard := connection.recv(100):
                connection.sendall(heard)

    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=serve)
    thread.start()
    yield int(listener.getsockname()[1])
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


def _reach(way: str) -> socket.socket:
    host, port = way.split(":")
    connection = socket.create_connection((host, int(port)), timeout=180)
    connection.sendall(b"hello")
    assert connection.recv(100) == b"hello"
    return connection


def test_a_machine_that_is_cut_off_hears_nothing_until_it_is_mended(echo: int) -> None:
    with relays("a", "b", "c") as machines:
        way, other_way = (machines[name].way_to(machines["c"], echo) for name in ("a", "b"))
        with _reach(way) as open_before, _reach(other_way) as of_another:
            machines["a"].cut()
            assert _is_over(open_before)
            with pytest.raises(OSError, match="refused"):
                _reach(way)
            of_another.sendall(b"still here")
            assert of_another.recv(100) == b"still here"
        machines["a"].mend()
        _reach(way).close()


def _is_over(connection: socket.socket) -> bool:
    try:
        return connection.recv(100) == b""
    except ConnectionResetError:
        return True
