"""Reads topics from offset 0 with another client (kafka-python) than the services use, committed records only."""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kafka import KafkaConsumer, TopicPartition

READ_DEADLINE_SECONDS = 120.0


@dataclass(frozen=True)
class Read:
    """One record: where it was, its CloudEvents id, type and time (None if it has none), its key and data."""

    topic: str
    partition: int
    offset: int
    key: str
    event_id: str
    event_type: str
    data: dict[str, Any]
    made_at: datetime | None = None


def read_all(bootstrap_servers: str, topics: Iterable[str]) -> dict[str, list[Read]]:
    """Every committed record of ``topics``, by topic, in partition and offset order."""
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap_servers,
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        check_crcs=True,
    )
    try:
        partitions = [TopicPartition(t, p) for t in topics for p in sorted(consumer.partitions_for_topic(t) or ())]
        return _read_partitions(consumer, partitions)
    finally:
        consumer.close()


def _read_partitions(consumer: KafkaConsumer, partitions: list[TopicPartition]) -> dict[str, list[Read]]:
    consumer.assign(partitions)
    consumer.seek_to_beginning()
    ends = consumer.end_offsets(partitions)
    found: dict[str, list[Read]] = defaultdict(list)
    deadline = time.monotonic() + READ_DEADLINE_SECONDS
    while any(consumer.position(partition) < ends[partition] for partition in partitions):
        assert time.monotonic() < deadline, "the topics could not be read to their ends in time"
        for records in consumer.poll(timeout_ms=200, max_records=5000).values():
            for record in records:
                found[record.topic].append(_read(record))
    return found


def _read(record: Any) -> Read:
    headers = dict(record.headers)
    return Read(
        record.topic,
        record.partition,
        record.offset,
        (record.key or b"").decode(),
        headers.get("ce_id", b"").decode(),
        headers.get("ce_type", b"").decode(),
        json.loads(record.value) if record.value else {},
        datetime.fromisoformat(headers["ce_time"].decode()) if "ce_time" in headers else None,
    )


def of_type(records: Iterable[Read], event_type: str) -> Iterator[Read]:
    """The records of one event type."""
    return (record for record in records if record.event_type == event_type)


def repeated(values: Iterable[Any]) -> dict[Any, int]:
    """Values that occur more than once, and how often."""
    return {value: count for value, count in Counter(values).items() if count > 1}
