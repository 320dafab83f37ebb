"""From the 202 to the record being readable in a department's topic."""

from __future__ import annotations

import asyncio
import json
import threading
import time

from confluent_kafka import Consumer, TopicPartition

from shared.events.topics import PARTITIONS, department_topic
from tests.bench.complaints import submissions
from tests.bench.http_load import bodies, open_loop
from tests.bench.measurement import Measurement, percentile
from tests.bench.rig import rig

RATE = 300.0
WARM_UP_SECONDS = 15.0
"""A broker just started compiles its own code while the first requests wait; told apart, not left out."""
RATE_SECONDS = 35


def measure() -> list[Measurement]:
    """300 complaints a second through door and router."""
    with rig() as bench, bench.service("intake"), bench.service("router"):
        reader = _DepartmentReader(bench.bootstrap, bench.departments)
        reader.start()
        accepted: dict[str, float] = {}

        def note(answer: bytes) -> None:
            accepted[json.loads(answer)["complaint_id"]] = time.perf_counter()

        requests = bodies(submissions(), "end-to-end", int(RATE * RATE_SECONDS))
        result = asyncio.run(open_loop(bench.http_port, requests, RATE, note))
        reader.wait_for(set(accepted), 30)
        if result.refused:
            raise RuntimeError(f"the door refused requests: {result.refused}")
        return _measurements(accepted, reader.seen_at)


def _measurements(accepted: dict[str, float], seen_at: dict[str, float]) -> list[Measurement]:
    warm_at = min(accepted.values()) + WARM_UP_SECONDS
    # A record can be read before the client has its 202; that is no waiting at all.
    waits = [(at >= warm_at, max(0.0, seen_at[key] - at) * 1000) for key, at in accepted.items()]
    warm = [wait for is_warm, wait in waits if is_warm]
    cold = [wait for is_warm, wait in waits if not is_warm]
    method = f"open loop, {RATE:g}/s for {RATE_SECONDS} s; read_committed reader on all department topics"
    after = f"{method}; after {WARM_UP_SECONDS:g} s"
    return [
        Measurement("202 → readable p50", percentile(warm, 0.5), "ms", after),
        Measurement("202 → readable p99", percentile(warm, 0.99), "ms", after, "≤ 250"),
        Measurement("the same on a cold broker p99", percentile(cold, 0.99), "ms", f"the first {WARM_UP_SECONDS:g} s"),
    ]


class _DepartmentReader(threading.Thread):
    """Notes when each complaint can first be read in a department topic."""

    def __init__(self, bootstrap_servers: str, departments: list[str]) -> None:
        super().__init__(daemon=True)
        self.seen_at: dict[str, float] = {}
        self._stopping = threading.Event()
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap_servers,
                "group.id": "bench-departments",
                "isolation.level": "read_committed",
                "enable.auto.commit": False,
                "fetch.wait.max.ms": 20,
            }
        )
        topics = map(department_topic, departments)
        self._consumer.assign([TopicPartition(topic, number, 0) for topic in topics for number in range(PARTITIONS)])

    def run(self) -> None:
        while not self._stopping.is_set():
            message = self._consumer.poll(0.2)
            if message is not None and message.error() is None:
                self.seen_at.setdefault((message.key() or b"").decode(), time.perf_counter())
        self._consumer.close()

    def wait_for(self, keys: set[str], seconds: float) -> None:
        """Until all of ``keys`` were seen."""
        deadline = time.monotonic() + seconds
        while not keys <= self.seen_at.keys():
            if time.monotonic() > deadline:
                raise RuntimeError(f"{len(keys - self.seen_at.keys())} complaints did not arrive")
            time.sleep(0.1)
        self._stopping.set()
        self.join()
