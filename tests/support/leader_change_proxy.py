"""A proxy that plays a change of leader between two batches of one producer: the first is refused, the second accepted.

That is what a broker does that becomes leader just then: "not the leader" to the request that came too early, success
to the one behind it on the same connection, since it has never heard of the producer and any first sequence will do.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable

from deploy.local.ports import LOOPBACK, free_port
from tests.support.kafka_proxy.protocol import ApiKey, Request, receive_frame, send_frame

_NOT_LEADER_OR_FOLLOWER = 6
_NO_OFFSET = -1
_CORRELATION_ID = struct.Struct(">i")
_OUTCOME = struct.Struct(">hq")
"""Error code and base offset, behind the topic's name, one byte of array length and the partition's number."""
_TO_THE_OUTCOME = 1 + 4


class LeaderChangeProxy:
    """Listens at ``address``; ``upstream`` tells where the broker is. Use as a context manager.

    ``change_leader(topic)`` refuses the next batch for a partition of ``topic`` and lets the one after it pass.
    """

    def __init__(self, upstream: Callable[[], tuple[str, int]]) -> None:
        self._upstream = upstream
        self._port = free_port()
        self._listener = socket.create_server((LOOPBACK, self._port))
        self._sockets: list[socket.socket] = []
        self._topic: bytes | None = None
        self._refused: int | None = None
        self._accepted: int | None = None
        self.has_refused = threading.Event()
        """Set once the first batch has come; its producer hears of it together with the answer to the second."""

    @property
    def address(self) -> str:
        """``host:port`` for clients."""
        return f"{LOOPBACK}:{self._port}"

    def __enter__(self) -> LeaderChangeProxy:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for each in (self._listener, *self._sockets):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def change_leader(self, topic: str) -> None:
        """Refuse the next batch for ``topic``."""
        self.has_refused.clear()
        self._refused = self._accepted = None
        self._topic = topic.encode()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                try:
                    broker = socket.create_connection(self._upstream())
                except OSError:
                    client.close()
                    continue
                self._sockets += [client, broker]
                for carry in (self._carry_requests, self._carry_answers):
                    threading.Thread(target=carry, args=(client, broker), daemon=True).start()

    def _carry_requests(self, client: socket.socket, broker: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while (frame := receive_frame(client)) is not None:
                if not self._is_refused(Request.parse(frame)):
                    send_frame(broker, frame)

    def _is_refused(self, request: Request) -> bool:
        if self._topic is None or request.api_key != ApiKey.PRODUCE or self._topic not in request.body:
            return False
        if self._refused is None:
            self._refused = request.correlation_id
            self.has_refused.set()
            return True
        if self._accepted is None:
            self._accepted = request.correlation_id
        return False

    def _carry_answers(self, client: socket.socket, broker: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while (frame := receive_frame(broker)) is not None:
                if _CORRELATION_ID.unpack_from(frame)[0] == self._accepted:
                    send_frame(client, self._refusal_like(frame))
                    self._topic = self._accepted = None
                send_frame(client, frame)

    def _refusal_like(self, acceptance: bytes) -> bytes:
        """The answer to the first batch, made of the answer to the second: same version, same partition."""
        assert self._topic is not None
        assert self._refused is not None
        refusal = bytearray(acceptance)
        _CORRELATION_ID.pack_into(refusal, 0, self._refused)
        outcome = acceptance.index(self._topic) + len(self._topic) + _TO_THE_OUTCOME
        _OUTCOME.pack_into(refusal, outcome, _NOT_LEADER_OR_FOLLOWER, _NO_OFFSET)
        return bytes(refusal)
