"""A small TCP proxy before each broker's client listener: cuts, refuses or slows what clients say to that broker.

Traffic between brokers does not pass here, so a cut broker still replicates and leads: clients cannot reach the leader
that the cluster thinks is well, the hardest kind of partition for them. The opposite is in ``network.py``.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from deploy.local.ports import LOOPBACK, free_port

CHUNK_BYTES = 16_384
BEGIN_WITHIN_SECONDS = 10.0


@dataclass
class Link:
    """One broker's proxy: where it listens, where it leads, and what is wrong with it now."""

    target_port: int
    target_host: str = LOOPBACK
    port: int = field(default_factory=free_port)
    is_cut: bool = False
    delay_seconds: float = 0.0
    bytes_per_second: float = float("inf")

    @property
    def address(self) -> str:
        """``host:port`` clients are told."""
        return f"{LOOPBACK}:{self.port}"


class Proxies:
    """Runs the links in a thread of its own; use as a context manager. Set them right again with ``heal``."""

    def __init__(self, target_ports: Mapping[int, int], target_hosts: Mapping[int, str] | None = None) -> None:
        """``target_ports`` maps broker ids to the ports of their own client listeners.

        ``target_hosts`` names those that are not on the loopback.
        """
        hosts = target_hosts or {}
        self.links = {broker: Link(port, hosts.get(broker, LOOPBACK)) for broker, port in target_ports.items()}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxies", daemon=True)
        self._open: dict[int, set[asyncio.StreamWriter]] = {broker: set() for broker in target_ports}
        self._servers: list[asyncio.Server] = []

    def __enter__(self) -> Proxies:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(BEGIN_WITHIN_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(BEGIN_WITHIN_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut(self, broker: int) -> None:
        """Reset all connections to the broker and refuse new ones."""
        self.links[broker].is_cut = True
        self._loop.call_soon_threadsafe(self._reset, broker)

    def slow(self, broker: int, delay_seconds: float, bytes_per_second: float) -> None:
        """Delay every chunk and limit the rate, per connection and direction."""
        link = self.links[broker]
        link.delay_seconds, link.bytes_per_second = delay_seconds, bytes_per_second

    def heal(self) -> None:
        """All links as good as new."""
        for link in self.links.values():
            link.is_cut, link.delay_seconds, link.bytes_per_second = False, 0.0, float("inf")

    async def _listen(self) -> None:
        for broker, link in self.links.items():

            async def connected(
                reader: asyncio.StreamReader, writer: asyncio.StreamWriter, broker: int = broker
            ) -> None:
                await self._serve(broker, reader, writer)

            self._servers.append(await asyncio.start_server(connected, LOOPBACK, link.port))

    async def _serve(self, broker: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link, open_writers = self.links[broker], self._open[broker]
        if link.is_cut:
            writer.transport.abort()
            return
        try:
            there_reader, there_writer = await asyncio.open_connection(link.target_host, link.target_port)
        except OSError:  # the broker is down
            writer.transport.abort()
            return
        ends = {writer, there_writer}
        open_writers |= ends
        try:
            await _both_ways(link, reader, writer, there_reader, there_writer)
        finally:
            open_writers -= ends
            for end in ends:
                end.transport.abort()

    def _reset(self, broker: int) -> None:
        for writer in self._open[broker]:
            writer.transport.abort()

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        for broker in self._open:
            self._reset(broker)
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        await asyncio.wait(others, timeout=2) if others else None


async def _both_ways(
    link: Link,
    here_reader: asyncio.StreamReader,
    here_writer: asyncio.StreamWriter,
    there_reader: asyncio.StreamReader,
    there_writer: asyncio.StreamWriter,
) -> None:
    """Pass bytes both ways until one side ends."""
    ways = [
        asyncio.ensure_future(_pass_on(link, here_reader, there_writer)),
        asyncio.ensure_future(_pass_on(link, there_reader, here_writer)),
    ]
    await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    for way in ways:
        way.cancel()
    await asyncio.wait(ways)


async def _pass_on(link: Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await reader.read(CHUNK_BYTES):
            wait = link.delay_seconds + len(chunk) / link.bytes_per_second
            if wait > 0:
                await asyncio.sleep(wait)
            writer.write(chunk)
            await writer.drain()
