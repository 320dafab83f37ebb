"""How many committed records are on topics, counted by reading them with another client."""

from __future__ import annotations

import time
from collections.abc import Iterable

from confluent_kafka import Consumer, TopicPartition

from shared.events.topics import PARTITIONS

_IDLE_SECONDS = 2.0


def total_records(bootstrap_servers: str, topics: Iterable[str]) -> int:
    """Committed records on ``topics``, markers and aborted ones left out."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "bench-count",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    consumer.assign([TopicPartition(topic, number, 0) for topic in topics for number in range(PARTITIONS)])
    count, last = 0, time.monotonic()
    while time.monotonic() - last < _IDLE_SECONDS:
        messages = [m for m in consumer.consume(10_000, 0.2) if m.error() is None]
        count += len(messages)
        last = time.monotonic() if messages else last
    consumer.close()
    return count
