"""The proxy before a broker: passes bytes, cuts for good, heals, and is slow when told to. Real sockets."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from deploy.local.ports import LOOPBACK
from tests.torture.nemesis.proxy import Proxies

BROKER = 1


@pytest.fixture
def echo_port() -> Iterator[int]:
    """A server that says everything back."""
    server = socket.create_server((LOOPBACK, 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=_echo, args=(connection,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    yield server.getsockname()[1]
    server.close()


def _echo(connection: socket.socket) -> None:
    with connection:
        try:
            while data := connection.recv(65_536):
                connection.sendall(data)
        except OSError:
            return


def said_back(connection: socket.socket, data: bytes) -> bytes:
    connection.sendall(data)
    received = b""
    while len(received) < len(data):
        chunk = connection.recv(65_536)
        if not chunk:
            raise ConnectionResetError
        received += chunk
    return received


def connect(proxies: Proxies) -> socket.socket:
    return socket.create_connection((LOOPBACK, proxies.links[BROKER].port), timeout=5)


def test_bytes_pass_unchanged_both_ways(echo_port: int) -> None:
    with Proxies({BROKER: echo_port}) as proxies, connect(proxies) as connection:
        assert said_back(connection, bytes(range(256)) * 1000) == bytes(range(256)) * 1000


def test_a_cut_ends_open_connections_and_refuses_new_ones_until_healed(echo_port: int) -> None:
    with Proxies({BROKER: echo_port}) as proxies, connect(proxies) as connection:
        assert said_back(connection, b"before") == b"before"
        proxies.cut(BROKER)
        with pytest.raises(ConnectionError):
            said_back(connection, b"during")
        with connect(proxies) as another, pytest.raises(ConnectionError):
            said_back(another, b"during")
        proxies.heal()
        with connect(proxies) as later:
            assert said_back(later, b"after") == b"after"


def test_a_slow_link_takes_its_time(echo_port: int) -> None:
    with Proxies({BROKER: echo_port}) as proxies, connect(proxies) as connection:
        proxies.slow(BROKER, delay_seconds=0.1, bytes_per_second=1_000_000)
        started = time.monotonic()
        assert said_back(connection, b"x") == b"x"
        assert time.monotonic() - started >= 0.2


def test_a_broker_that_is_down_looks_down() -> None:
    with socket.create_server((LOOPBACK, 0)) as unused:
        port = unused.getsockname()[1]
    with Proxies({BROKER: port}) as proxies, connect(proxies) as connection, pytest.raises(ConnectionError):
        said_back(connection, b"anybody there?")
