"""Watching what the SLA service commits while it is measured."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Any

from confluent_kafka import Consumer, TopicPartition

from deploy.local.polling import wait_until
from shared.events import topics
from shared.events.sla import ClockEvent


class ClockEventReader(threading.Thread):
    """Notes when committed clock events can first be read, by type and case."""

    def __init__(self, bootstrap_servers: str) -> None:
        super().__init__(daemon=True)
        self._seen: dict[tuple[bytes, bytes], float] = {}
        self._stopping = threading.Event()
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap_servers,
                "group.id": "bench-clock-events",
                "isolation.level": "read_committed",
                "enable.auto.commit": False,
                "fetch.wait.max.ms": 20,
            }
        )
        self._consumer.assign([TopicPartition(topics.SLA_EVENTS, number, 0) for number in range(topics.PARTITIONS)])

    def __enter__(self) -> ClockEventReader:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self.join()

    def run(self) -> None:
        while not self._stopping.is_set():
            for message in self._consumer.consume(10_000, 0.05):
                if message.error() is None:
                    headers: dict[str, Any] = dict(message.headers() or [])
                    self._seen.setdefault((headers["ce_type"], message.key() or b""), time.perf_counter())
        self._consumer.close()

    def forget(self) -> None:
        """What was seen until now does not count."""
        self._seen = {}

    def wait_for(self, kind: type[ClockEvent], cases: int, timeout_seconds: float) -> float:
        """When the first event of ``kind`` was seen (``time.perf_counter``); one about each of ``cases`` must come.

        RuntimeError when there are more: then something fired that should not have.
        """

        def enough() -> list[float] | None:
            times = [at for (event_type, _), at in self._seen.copy().items() if event_type == kind.event_type.encode()]
            return times if len(times) >= cases else None

        what = f"{kind.event_type} about {cases} cases"
        times = wait_until(enough, what, timeout_seconds=timeout_seconds)
        if len(times) > cases:
            raise RuntimeError(f"waited for {what}, but it came about {len(times)}")
        return times[0]
