"""The proxy against a server that answers every request with its own body and keeps what it received."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator

import pytest

from tests.support.kafka_proxy import ApiKey, EndTxn, KafkaProxy, Request
from tests.support.kafka_proxy.protocol import receive_frame, send_frame

WITHIN_SECONDS = 5.0
A_MOMENT_SECONDS = 0.2


class EchoServer:
    """Answers ``correlation id + body``. ``received`` holds the requests in the order they came."""

    def __init__(self) -> None:
        self.received: list[Request] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._listener.getsockname()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            while (frame := receive_frame(connection)) is not None:
                request = Request.parse(frame)
                self.received.append(request)
                send_frame(connection, struct.pack(">i", request.correlation_id) + request.body)


class Client:
    """Speaks through the proxy."""

    def __init__(self, proxy: KafkaProxy) -> None:
        host, _, port = proxy.address.partition(":")
        self.socket = socket.create_connection((host, int(port)), timeout=WITHIN_SECONDS)

    def send(self, api_key: int, body: bytes) -> None:
        send_frame(self.socket, request_frame(api_key, body))

    def answer(self) -> bytes | None:
        """Body of the next answer; None when the connection was ended."""
        try:
            frame = receive_frame(self.socket)
        except ConnectionResetError:
            return None
        return frame[4:] if frame is not None else None

    def hears_nothing(self) -> bool:
        """Whether no answer comes for a moment."""
        self.socket.settimeout(A_MOMENT_SECONDS)
        try:
            self.socket.recv(1)
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(WITHIN_SECONDS)
        return False


def request_frame(api_key: int, body: bytes, version: int = 1) -> bytes:
    return struct.pack(">hhih", api_key, version, 7, 6) + b"client" + body


@pytest.fixture
def server() -> Iterator[EchoServer]:
    server = EchoServer()
    yield server
    server.close()


@pytest.fixture
def proxy(server: EchoServer) -> Iterator[KafkaProxy]:
    with KafkaProxy(lambda: server.address) as proxy:
        yield proxy


@pytest.fixture
def client(proxy: KafkaProxy) -> Iterator[Client]:
    client = Client(proxy)
    yield client
    client.socket.close()


def test_what_is_not_held_passes_unchanged(client: Client, server: EchoServer, proxy: KafkaProxy) -> None:
    body = bytes(range(256)) * 1000
    client.send(ApiKey.PRODUCE, body)
    assert client.answer() == body
    assert (server.received[0].api_key, server.received[0].client_id) == (ApiKey.PRODUCE, "client")
    assert proxy.count(ApiKey.PRODUCE) == 1


def test_a_held_request_and_all_behind_it_wait_until_it_is_released(
    client: Client, server: EchoServer, proxy: KafkaProxy
) -> None:
    held = proxy.hold(ApiKey.END_TXN)
    client.send(ApiKey.PRODUCE, b"before")
    client.send(ApiKey.END_TXN, b"held")
    client.send(ApiKey.PRODUCE, b"behind")
    assert held.wait(WITHIN_SECONDS).body == b"held"
    assert client.answer() == b"before"
    assert client.hears_nothing()
    held.release()
    assert [client.answer(), client.answer()] == [b"held", b"behind"]
    assert [request.body for request in server.received] == [b"before", b"held", b"behind"]


def test_only_the_first_that_matches_is_held(client: Client, proxy: KafkaProxy) -> None:
    held = proxy.hold(ApiKey.END_TXN, lambda request: request.body == b"this")
    client.send(ApiKey.END_TXN, b"another")
    assert client.answer() == b"another"
    client.send(ApiKey.END_TXN, b"this")
    held.wait(WITHIN_SECONDS)
    held.release()
    client.send(ApiKey.END_TXN, b"this")
    assert [client.answer(), client.answer()] == [b"this", b"this"]


def test_a_held_request_whose_connection_was_cut_arrives_late_and_only_when_delivered(
    client: Client, server: EchoServer, proxy: KafkaProxy
) -> None:
    held = proxy.hold(ApiKey.END_TXN)
    client.send(ApiKey.END_TXN, b"late")
    held.wait(WITHIN_SECONDS)
    held.cut()
    assert client.answer() is None
    again = Client(proxy)
    again.send(ApiKey.PRODUCE, b"next")
    assert again.answer() == b"next"
    assert held.deliver()[4:] == b"late"
    assert [request.body for request in server.received] == [b"next", b"late"]
    again.socket.close()


def test_cutting_ends_every_connection_and_new_ones_come_through(client: Client, proxy: KafkaProxy) -> None:
    client.send(ApiKey.PRODUCE, b"1")
    client.answer()
    proxy.cut()
    assert client.answer() is None
    again = Client(proxy)
    again.send(ApiKey.PRODUCE, b"2")
    assert again.answer() == b"2"
    again.socket.close()


def test_a_delay_is_for_one_kind_of_request_until_it_is_taken_back(client: Client, proxy: KafkaProxy) -> None:
    def seconds(api_key: int) -> float:
        started = time.monotonic()
        client.send(api_key, b"x")
        client.answer()
        return time.monotonic() - started

    proxy.delay(0.3, ApiKey.END_TXN)
    assert seconds(ApiKey.END_TXN) >= 0.3
    assert seconds(ApiKey.PRODUCE) < 0.3
    proxy.delay(0, ApiKey.END_TXN)
    assert seconds(ApiKey.END_TXN) < 0.3


def test_while_the_broker_is_away_clients_are_refused() -> None:
    with KafkaProxy(lambda: ("127.0.0.1", 1)) as proxy:
        client = Client(proxy)
        assert client.answer() is None
        client.socket.close()


def test_an_end_of_transaction_can_be_read() -> None:
    body = struct.pack(">h5sqh?", 5, b"sla-a", 4711, 3, True)
    assert EndTxn.parse(Request.parse(request_frame(ApiKey.END_TXN, body))) == EndTxn("sla-a", 4711, 3, True)
    with pytest.raises(ValueError, match="EndTxn request up to version 2"):
        EndTxn.parse(Request.parse(request_frame(ApiKey.END_TXN, body, version=5)))
