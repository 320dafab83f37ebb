"""As much of the Kafka protocol as a proxy needs: frames, request headers, and the body of EndTxn.

A request is ``size:int32 api_key:int16 api_version:int16 correlation_id:int32 client_id:nullable string``, then its
body; a response is ``size:int32 correlation_id:int32``, then its body (kafka.apache.org/protocol).
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass
from enum import IntEnum

_SIZE = struct.Struct(">i")
_HEADER = struct.Struct(">hhih")
_FIRST_FLEXIBLE_END_TXN = 3


class ApiKey(IntEnum):
    """Requests a fault may single out."""

    PRODUCE = 0
    FETCH = 1
    METADATA = 3
    OFFSET_COMMIT = 8
    OFFSET_FETCH = 9
    FIND_COORDINATOR = 10
    JOIN_GROUP = 11
    HEARTBEAT = 12
    SYNC_GROUP = 14
    INIT_PRODUCER_ID = 22
    ADD_PARTITIONS_TO_TXN = 24
    ADD_OFFSETS_TO_TXN = 25
    END_TXN = 26
    TXN_OFFSET_COMMIT = 28


@dataclass(frozen=True)
class Request:
    """One request; ``frame`` is all of it without the size before it."""

    api_key: int
    api_version: int
    correlation_id: int
    client_id: str | None
    body: bytes
    frame: bytes

    @classmethod
    def parse(cls, frame: bytes) -> Request:
        """Read the header; raises ``struct.error`` if ``frame`` is too short to have one."""
        api_key, api_version, correlation_id, length = _HEADER.unpack_from(frame)
        end = _HEADER.size + max(0, length)
        client_id = frame[_HEADER.size : end].decode() if length >= 0 else None
        return cls(api_key, api_version, correlation_id, client_id, frame[end:], frame)


@dataclass(frozen=True)
class EndTxn:
    """The body of an EndTxn request, versions 0 to 2 (clients without KIP-890)."""

    transactional_id: str
    producer_id: int
    producer_epoch: int
    committed: bool

    @classmethod
    def parse(cls, request: Request) -> EndTxn:
        """Read the body; raises ``ValueError`` for another request or a later version."""
        if request.api_key != ApiKey.END_TXN or request.api_version >= _FIRST_FLEXIBLE_END_TXN:
            raise ValueError(f"not an EndTxn request up to version 2: {request.api_key} v{request.api_version}")
        (length,) = struct.unpack_from(">h", request.body)
        producer_id, epoch, committed = struct.unpack_from(">qh?", request.body, 2 + length)
        return cls(request.body[2 : 2 + length].decode(), producer_id, epoch, committed)


def error_code(response: bytes) -> int:
    """Error code of an answer to EndTxn, AddOffsetsToTxn or InitProducerId before their flexible versions."""
    return int(struct.unpack_from(">h", response, 8)[0])  # after correlation id and throttle time


def send_frame(connection: socket.socket, frame: bytes) -> None:
    """Write one frame with its size."""
    connection.sendall(_SIZE.pack(len(frame)) + frame)


def receive_frame(connection: socket.socket) -> bytes | None:
    """The next frame without its size; None when the other side has ended."""
    size = _receive_exactly(connection, _SIZE.size)
    return _receive_exactly(connection, _SIZE.unpack(size)[0]) if size else None


def _receive_exactly(connection: socket.socket, count: int) -> bytes | None:
    received = bytearray()
    while len(received) < count:
        chunk = connection.recv(min(count - len(received), 1 << 16))
        if not chunk:
            return None
        received += chunk
    return bytes(received)
