"""A request taken out of its connection: passed on later, never, or out of turn."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

from deploy.local.polling import DeadlineExceeded
from tests.support.kafka_proxy.connection import Connection
from tests.support.kafka_proxy.protocol import Request, receive_frame, send_frame

Matches = Callable[[Request], bool]
ANSWER_WITHIN_SECONDS = 10.0


class HeldRequest:
    """The next request that ``matches``; behind it, its connection waits too. Made by ``KafkaProxy.hold``."""

    def __init__(self, matches: Matches, upstream: Callable[[], tuple[str, int]]) -> None:
        self._matches = matches
        self._upstream = upstream
        self._caught = threading.Event()
        self._taken: tuple[Request, Connection] | None = None

    def take(self, request: Request, connection: Connection) -> bool:
        """For the proxy: whether this is the one; then ``connection`` stops until ``release`` or ``cut``."""
        if self._taken is not None or not self._matches(request):
            return False
        connection.go_on.clear()
        self._taken = request, connection
        self._caught.set()
        return True

    @property
    def is_caught(self) -> bool:
        """Whether the request has come."""
        return self._caught.is_set()

    def wait(self, timeout_seconds: float) -> Request:
        """The request, once it has come; raises ``DeadlineExceeded``."""
        if not self._caught.wait(timeout_seconds):
            raise DeadlineExceeded(f"no such request came within {timeout_seconds:g} s")
        return self._request

    def release(self) -> None:
        """Pass it on in its turn, on its own connection."""
        self._connection.go_on.set()

    def cut(self) -> None:
        """End its connection as a broken link would; the request stays here, for ``deliver``."""
        self._connection.close()

    def deliver(self) -> bytes:
        """Send it to the broker now, on a connection of its own, and return the answer (from the correlation id on)."""
        with socket.create_connection(self._upstream(), timeout=ANSWER_WITHIN_SECONDS) as connection:
            send_frame(connection, self._request.frame)
            answer = receive_frame(connection)
        if answer is None:
            raise ConnectionError("the broker hung up on the late request")
        return answer

    @property
    def _request(self) -> Request:
        return self._catch()[0]

    @property
    def _connection(self) -> Connection:
        return self._catch()[1]

    def _catch(self) -> tuple[Request, Connection]:
        if self._taken is None:
            raise RuntimeError("no request was caught yet; wait() first")
        return self._taken
