"""Nothing is taken in while repeats cannot be told; whoever knocks has the cluster asked at once."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from services.intake.delivery import Delivered, Delivery
from services.intake.domain.refusal import DoorRefusal, RefusalReason
from services.intake.memory import cluster_watch
from services.intake.memory.cluster_watch import ClusterWatch
from shared.errors import BrokerUnavailable, FatalError, UnsafeCluster
from shared.streaming.memory import MemoryBroker
from tests.unit.intake.test_delivery import AT, RECORD, DictMemory, GatedLog


class Cluster(MemoryBroker):
    """Counts how often it is asked; ``failure`` is its answer when it is not None."""

    def __init__(self) -> None:
        super().__init__({})
        self.failure: Exception | None = None
        self.asked = 0

    def cluster_id(self) -> str:
        self.asked += 1
        if self.failure is not None:
            raise self.failure
        return "here"


class Speaker:
    """A memory that notes for which cluster it may speak."""

    def __init__(self) -> None:
        self.cluster: str | None = "nobody said"

    def use_cluster(self, cluster_id: str | None) -> None:
        self.cluster = cluster_id


class Watched:
    """A cluster, a memory and the watch; the log counts as read when ``read`` is set."""

    def __init__(self) -> None:
        self.cluster, self.memory, self.read = Cluster(), Speaker(), threading.Event()
        self.read.set()
        self.fatal: list[FatalError] = []
        self.watch = ClusterWatch(self.cluster, [self.memory], lambda _: self._reading(), self.fatal.append)

    def _reading(self) -> None:
        self.read.wait(30)

    def run(self, scenario: Callable[[], Awaitable[None]]) -> None:
        async def beside() -> None:
            task = asyncio.create_task(self.watch.run())
            try:
                await scenario()
            finally:
                self.read.set()
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

        asyncio.run(beside())


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_watch, "ASK_AGAIN_SECONDS", 0.3)
    monkeypatch.setattr(cluster_watch, "_PAUSE_SECONDS", 0.01)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.01)


def test_it_is_open_once_the_cluster_is_known_and_the_log_is_read() -> None:
    watched = Watched()
    watched.read.clear()

    async def scenario() -> None:
        await until(lambda: watched.memory.cluster == "here")
        assert not await watched.watch.is_open(0.1), "it knows where it is, and has not read what is there"
        watched.read.set()
        assert await watched.watch.is_open(20)

    watched.run(scenario)


def test_while_the_cluster_is_silent_nothing_is_taken_in() -> None:
    watched, log = Watched(), GatedLog()
    watched.cluster.failure = BrokerUnavailable("away")
    delivery = Delivery(log, DictMemory(), lambda: watched.watch.is_open(0.05))

    async def scenario() -> None:
        refused = await delivery.once("a", Delivered("digest", AT), RECORD)
        assert isinstance(refused, DoorRefusal)
        assert refused.reason is RefusalReason.UNAVAILABLE
        assert log.appended == 0
        watched.cluster.failure = None
        assert await watched.watch.is_open(20)
        assert await delivery.once("a", Delivered("digest", AT), RECORD) == Delivered("digest", AT)

    watched.run(scenario)


def test_after_a_silence_the_memories_speak_for_nobody_until_the_cluster_has_said_who_it_is() -> None:
    watched = Watched()

    async def scenario() -> None:
        assert await watched.watch.is_open(20)
        watched.cluster.failure = BrokerUnavailable("away")
        await until(lambda: watched.memory.cluster is None)
        assert not await watched.watch.is_open(0)

    watched.run(scenario)


def test_a_silent_cluster_is_asked_again_though_nobody_knocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_watch, "ASK_AGAIN_SECONDS", 600)
    monkeypatch.setattr(cluster_watch, "ASK_A_SILENT_ONE_SECONDS", 0.01)
    watched = Watched()
    watched.cluster.failure = BrokerUnavailable("away")

    async def scenario() -> None:
        await until(lambda: watched.cluster.asked == 2)
        assert watched.watch.opens_later
        watched.cluster.failure = None
        await until(lambda: not watched.watch.opens_later)

    watched.run(scenario)


def test_who_knocks_does_not_wait_for_the_next_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_watch, "ASK_A_SILENT_ONE_SECONDS", 600)
    watched = Watched()
    watched.cluster.failure = BrokerUnavailable("away")

    async def scenario() -> None:
        await until(lambda: watched.cluster.asked == 1)
        watched.cluster.failure = None
        began = time.monotonic()
        assert await watched.watch.is_open(60)
        assert time.monotonic() - began < 60

    watched.run(scenario)


def test_an_unsafe_cluster_is_told_and_not_used() -> None:
    watched = Watched()
    watched.cluster.failure = UnsafeCluster("one copy")

    async def scenario() -> None:
        await until(lambda: bool(watched.fatal))
        assert not await watched.watch.is_open(0.05)

    watched.run(scenario)
