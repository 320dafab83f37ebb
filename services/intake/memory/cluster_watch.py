"""Whether repeats are known now: which Kafka cluster this is, and whether the memories may speak for it.

A memory speaks for one cluster: what another one took in says nothing of this. So after every silence the cluster is
asked for its id again before any memory is. Until then nothing is taken in: a repeat would pass for new, be told
another ticket, or hide that its key is used for another content. Kafka is away then, as far as anybody knows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from shared.errors import FatalError
from shared.observability.logging import get_logger
from shared.streaming.broker import Broker

ASK_AGAIN_SECONDS: Final = 5.0
ASK_A_SILENT_ONE_SECONDS: Final = 1.0
"""A door that is not ready is sent nobody whose knocking would make it ask."""
ANSWER_SECONDS: Final = 0.5
"""What one request waits; whoever waits longer is told to come again."""
READ_SECONDS: Final = 10.0
"""What reading the log may take after the first word of the cluster. A week of it takes longer on a new disk: then the
door opens without what is not read yet, for Redis and the router know of most repeats."""
_PAUSE_SECONDS: Final = 0.2

_LOG = get_logger()


class ClusterMemory(Protocol):
    """Knows of repeats on one cluster."""

    def use_cluster(self, cluster_id: str | None) -> None:
        """From now on speak for this cluster only; None: for none."""
        ...


class ClusterWatch:
    """Runs in the event loop from ``run`` until it is cancelled."""

    def __init__(
        self,
        broker: Broker,
        memories: Sequence[ClusterMemory],
        wait_until_read: Callable[[float], None],
        on_fatal: Callable[[FatalError], None],
        require: Callable[[], None] = lambda: None,
    ) -> None:
        """``wait_until_read``: returns, in a thread, when the log is read or the seconds are over.

        ``require``: raises, as ``ClusterCheck.require``, while topics or rights are missing; nothing is taken in then.
        """
        self._require = require
        self._broker = broker
        self._memories = memories
        self._wait_until_read = wait_until_read
        self._on_fatal = on_fatal
        self._open = asyncio.Event()
        self._wanted = asyncio.Event()
        self._is_read = False

    async def run(self) -> None:
        """Ask now, every few seconds, more often while it is silent, and when somebody waits for the answer."""
        while True:
            self._wanted.clear()
            cluster_id = await self._ask()
            for memory in self._memories:
                memory.use_cluster(cluster_id)
            if cluster_id is None:
                self._open.clear()
            else:
                await self._read_once()
                self._open.set()
            await asyncio.sleep(_PAUSE_SECONDS)
            await self._wait_for(self._wanted, ASK_A_SILENT_ONE_SECONDS if cluster_id is None else ASK_AGAIN_SECONDS)

    @property
    def opens_later(self) -> bool:
        """Whether repeats cannot be told yet; for other threads, and without asking anybody."""
        return not self._open.is_set()

    async def is_open(self, wait_seconds: float = ANSWER_SECONDS) -> bool:
        """Whether the memories can tell repeats; where they cannot, the cluster is asked at once and waited for."""
        if self._open.is_set():
            return True
        self._wanted.set()
        return await self._wait_for(self._open, wait_seconds)

    async def _ask(self) -> str | None:
        try:
            return await asyncio.to_thread(self._known_and_fit)
        except FatalError as error:
            self._on_fatal(error)
        except Exception as error:
            _LOG.debug("cluster_unknown", error=error)
        return None

    def _known_and_fit(self) -> str:
        cluster_id = self._broker.cluster_id()
        self._require()
        return cluster_id

    async def _read_once(self) -> None:
        if not self._is_read:
            await asyncio.to_thread(self._wait_until_read, READ_SECONDS)
            self._is_read = True

    @staticmethod
    async def _wait_for(event: asyncio.Event, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            return False
        return True
