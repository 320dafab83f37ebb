"""Writing a few records and reading a whole topic back, for tests of the servers themselves."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition


class NotAcknowledged(Exception):
    """Records the broker refused, or did not acknowledge in time; ``reasons`` are the client's error names."""

    def __init__(self, reasons: set[str]) -> None:
        super().__init__(", ".join(sorted(reasons)))
        self.reasons = reasons


def produce(bootstrap: str, topic: str, values: Iterable[str], *, timeout_seconds: float = 30.0) -> None:
    """Write ``values`` with acks=all and wait for every acknowledgement; raises ``NotAcknowledged``."""
    reasons: set[str] = set()

    def delivered(error: KafkaError | None, message: Message) -> None:
        if error is not None:
            reasons.add(error.name())

    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "enable.idempotence": True,
            "delivery.timeout.ms": int(timeout_seconds * 1000),
            "log_level": 0,
        }
    )
    for value in values:
        producer.produce(topic, value.encode(), on_delivery=delivered)
    if producer.flush(timeout_seconds + 5) > 0:
        reasons.add("still waiting")
    if reasons:
        raise NotAcknowledged(reasons)


def read_all(bootstrap: str, topic: str, *, partitions: int = 1, timeout_seconds: float = 30.0) -> list[str]:
    """Every value in the topic from the beginning to the end of each partition."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": uuid.uuid4().hex,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "enable.partition.eof": True,
            "log_level": 0,
        }
    )
    consumer.assign([TopicPartition(topic, partition, 0) for partition in range(partitions)])
    values: list[str] = []
    ended: set[int] = set()
    try:
        while len(ended) < partitions:
            message = consumer.poll(timeout_seconds)
            assert message is not None, f"no end of {topic} within {timeout_seconds} s"
            error = message.error()
            if error is None:
                values.append((message.value() or b"").decode())
            elif error.code() == KafkaError._PARTITION_EOF:
                ended.add(message.partition() or 0)
    finally:
        consumer.close()
    return values
