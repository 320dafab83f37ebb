"""Between librdkafka's messages and the engine's records."""

from __future__ import annotations

from typing import Any

from confluent_kafka import OFFSET_INVALID, TIMESTAMP_NOT_AVAILABLE
from confluent_kafka import TopicPartition as ConfluentPartition

from shared.streaming.kafka.faults import PARTITION_EOF
from shared.streaming.records import ConsumerRecord, TopicPartition


def to_record(message: Any) -> ConsumerRecord:
    kind, timestamp_ms = message.timestamp()
    return ConsumerRecord(
        message.topic(),
        message.partition(),
        message.offset(),
        message.key(),
        message.value(),
        message.headers() or [],
        timestamp_ms if kind != TIMESTAMP_NOT_AVAILABLE else 0,
    )


def next_offset(message: Any) -> int:
    """Where reading goes on: after a record, or at an end-of-partition report, which steps over markers."""
    error = message.error()
    if error is None:
        return int(message.offset()) + 1
    return int(message.offset()) if error.code() == PARTITION_EOF else 0


def from_confluent(partition: ConfluentPartition) -> TopicPartition:
    return TopicPartition(partition.topic, partition.partition)


def to_confluent(partition: TopicPartition, offset: int = OFFSET_INVALID) -> ConfluentPartition:
    return ConfluentPartition(partition.topic, partition.partition, offset)
