"""The proxy: listens where clients are told the broker is, and carries their connections to where it really is."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable

from deploy.local.ports import LOOPBACK, free_port
from tests.support.kafka_proxy.connection import Connection
from tests.support.kafka_proxy.held_request import HeldRequest, Matches
from tests.support.kafka_proxy.protocol import Request

CONNECT_WITHIN_SECONDS = 5.0


class KafkaProxy:
    """Stands before one broker's client listener (no TLS); use it as a context manager.

    ``upstream`` tells the broker's own ``(host, port)`` at each new connection, so the proxy may be there first and
    its ``address`` be what the broker advertises. While nobody answers there, clients are refused.
    """

    def __init__(self, upstream: Callable[[], tuple[str, int]]) -> None:
        self._upstream = upstream
        self._port = free_port()
        self._listener: socket.socket | None = None
        self._thread = threading.Thread(target=self._accept, name="kafka-proxy", daemon=True)
        self._lock = threading.Lock()
        self._connections: list[Connection] = []
        self._holds: list[HeldRequest] = []
        self._delays: dict[int | None, float] = {}
        self._seen: Counter[int] = Counter()

    @property
    def address(self) -> str:
        """``host:port`` for clients."""
        return f"{LOOPBACK}:{self._port}"

    def __enter__(self) -> KafkaProxy:
        self._listener = socket.create_server((LOOPBACK, self._port))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._listener is not None:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._thread.join(timeout=CONNECT_WITHIN_SECONDS)
            self._listener.close()
        self.cut()
        for connection in self._connections:
            connection.join()

    # ---- faults ------------------------------------------------------------------------------------------------------

    def hold(self, api_key: int, when: Matches = lambda _: True) -> HeldRequest:
        """Hold the next request with this key for which ``when`` is true; one only, later ones pass."""
        held = HeldRequest(lambda request: request.api_key == api_key and when(request), self._upstream)
        with self._lock:
            self._holds.append(held)
        return held

    def cut(self) -> None:
        """End every connection; clients may come again at once."""
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            connection.close()

    def delay(self, seconds: float, api_key: int | None = None) -> None:
        """Let requests with this key (None: all without a delay of their own) wait so long; 0 ends it."""
        with self._lock:
            self._delays[api_key] = seconds

    def count(self, api_key: int) -> int:
        """How many requests with this key have come."""
        with self._lock:
            return self._seen[api_key]

    # ---- carrying ----------------------------------------------------------------------------------------------------

    def _accept(self) -> None:
        assert self._listener is not None
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:  # the listener was shut down
                return
            self._connect(client)

    def _connect(self, client: socket.socket) -> None:
        try:
            broker = socket.create_connection(self._upstream(), timeout=CONNECT_WITHIN_SECONDS)
        except OSError:
            client.close()
            return
        broker.settimeout(None)
        for end in (client, broker):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(client, broker, self._on_request)
        with self._lock:
            ended = [each for each in self._connections if not each.is_open]
            self._connections = [each for each in self._connections if each.is_open] + [connection]
        connection.start()
        for each in ended:
            each.join()

    def _on_request(self, request: Request, connection: Connection) -> None:
        with self._lock:
            self._seen[request.api_key] += 1
            seconds = self._delays.get(request.api_key, self._delays.get(None, 0.0))
            self._holds = [held for held in self._holds if not held.take(request, connection)]
        if seconds:
            time.sleep(seconds)
