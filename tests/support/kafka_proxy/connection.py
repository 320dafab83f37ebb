"""One client's connection through the proxy: requests one way, answers the other."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable

from tests.support.kafka_proxy.protocol import Request, receive_frame, send_frame

OnRequest = Callable[[Request, "Connection"], None]
"""Called before each request is passed on; may block."""


class Connection:
    """Two sockets and a thread for each way. ``go_on`` is cleared while a request of it is held."""

    def __init__(self, client: socket.socket, broker: socket.socket, on_request: OnRequest) -> None:
        self.go_on = threading.Event()
        self.go_on.set()
        self._sockets = (client, broker)
        self._client = client
        self._broker = broker
        self._on_request = on_request
        self._is_open = True
        self._threads = [
            threading.Thread(target=self._run, args=(way,), name=f"kafka-proxy-{name}", daemon=True)
            for name, way in (("requests", self._pass_requests), ("answers", self._pass_answers))
        ]

    @property
    def is_open(self) -> bool:
        """Whether it still carries anything."""
        return self._is_open

    def start(self) -> None:
        """Begin to carry."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Cut both ways at once; nothing that was held is passed on."""
        self._is_open = False
        self.go_on.set()
        for each in self._sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def join(self) -> None:
        """Wait for its threads, then give the sockets back."""
        for thread in self._threads:
            thread.join(timeout=5)
        for each in self._sockets:
            each.close()

    def _run(self, way: Callable[[], None]) -> None:
        try:
            with contextlib.suppress(OSError):
                way()
        finally:
            self.close()

    def _pass_requests(self) -> None:
        while (frame := receive_frame(self._client)) is not None:
            self._on_request(Request.parse(frame), self)
            self.go_on.wait()
            if not self._is_open:
                return
            send_frame(self._broker, frame)

    def _pass_answers(self) -> None:
        while (frame := receive_frame(self._broker)) is not None:
            send_frame(self._client, frame)
