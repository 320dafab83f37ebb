"""A lean HTTP/1.1 client for load: persistent connections, no parsing beyond what is needed."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class LoadResult:
    """What came back: seconds per accepted request, and everything else by status."""

    seconds: list[float] = field(default_factory=list)
    refused: dict[int, int] = field(default_factory=dict)
    duration_seconds: float = 0.0


class Connection:
    """One persistent connection to the door."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def post(self, body: bytes, key: str) -> tuple[int, bytes]:
        """Submit one complaint; status and body."""
        head = (
            f"POST /v1/complaints HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
            f"Idempotency-Key: {key}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)
        raw = await self._reader.readuntil(b"\r\n\r\n")
        status = int(raw[9:12])
        length = int(raw.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        return status, await self._reader.readexactly(length)

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


@asynccontextmanager
async def connections(port: int, count: int) -> AsyncIterator[list[Connection]]:
    """``count`` open connections to the door on loopback."""
    opened = [Connection(*await asyncio.open_connection("127.0.0.1", port)) for _ in range(count)]
    try:
        yield opened
    finally:
        for connection in opened:
            connection.close()


def bodies(submissions: Sequence[Mapping[str, Any]], run: str, count: int) -> Iterator[tuple[bytes, str]]:
    """Request bodies and keys, each key used once."""
    encoded = [json.dumps({**s, "channel_message_id": None}, ensure_ascii=False).encode() for s in submissions]
    for number in range(count):
        yield encoded[number % len(encoded)], f"{run}-{number}"


async def closed_loop(port: int, requests: Iterator[tuple[bytes, str]], concurrency: int) -> LoadResult:
    """Each connection sends its next request when the last is answered: the most the door can do."""
    result = LoadResult()

    async def work(connection: Connection) -> None:
        for body, key in requests:
            await _send(connection, body, key, result, lambda _: None)

    async with connections(port, concurrency) as opened:
        started = time.perf_counter()
        await asyncio.gather(*(work(connection) for connection in opened))
        result.duration_seconds = time.perf_counter() - started
    return result


async def open_loop(
    port: int,
    requests: Iterator[tuple[bytes, str]],
    per_second: float,
    on_accepted: Callable[[bytes], None] = lambda answer: None,
) -> LoadResult:
    """Requests at fixed instants whatever the answers do; waiting for a free connection counts as latency."""
    result = LoadResult()
    async with connections(port, 64) as opened:
        free: asyncio.Queue[Connection] = asyncio.Queue()
        for connection in opened:
            free.put_nowait(connection)
        started = time.perf_counter()
        tasks = []
        for number, (body, key) in enumerate(requests):
            due = started + number / per_second
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.append(asyncio.create_task(_send_when_free(free, body, key, result, on_accepted, due)))
        await asyncio.gather(*tasks)
        result.duration_seconds = time.perf_counter() - started
    return result


async def _send_when_free(
    free: asyncio.Queue[Connection],
    body: bytes,
    key: str,
    result: LoadResult,
    on_accepted: Callable[[bytes], None],
    due: float,
) -> None:
    connection = await free.get()
    try:
        await _send(connection, body, key, result, on_accepted, due)
    finally:
        free.put_nowait(connection)


async def _send(
    connection: Connection,
    body: bytes,
    key: str,
    result: LoadResult,
    on_accepted: Callable[[bytes], None],
    started: float | None = None,
) -> None:
    started = started or time.perf_counter()
    status, answer = await connection.post(body, key)
    if status == 202:
        result.seconds.append(time.perf_counter() - started)
        on_accepted(answer)
    else:
        result.refused[status] = result.refused.get(status, 0) + 1
