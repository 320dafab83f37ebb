"""Writing a few records and reading a whole topic back, for tests of the servers themselves."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from contextlib import suppress

from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from deploy.local.polling import wait_until
from shared.errors import BrokerUnavailable
from shared.streaming.kafka.offsets import list_end_offsets
from shared.streaming.records import TopicPartition as Place


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
    """Every value in a topic without transactions, up to where each partition ended when this began.

    The ends are asked for: a leader that has just started tells readers of the "end of the partition" at the high
    watermark it last wrote to disk, seconds behind, but refuses to say where the log ends until it knows (KIP-207).
    """
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": uuid.uuid4().hex,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "log_level": 0,
        }
    )
    try:
        ends = _end_offsets(bootstrap, topic, partitions, timeout_seconds)
        consumer.assign([TopicPartition(topic, partition, 0) for partition in ends])
        values: list[str] = []
        unread = {partition for partition, end in ends.items() if end > 0}
        while unread:
            message = consumer.poll(timeout_seconds)
            assert message is not None, f"{topic}: nothing within {timeout_seconds} s; not at their end: {unread}"
            assert message.error() is None, message.error()
            values.append((message.value() or b"").decode())
            partition, offset = message.partition() or 0, message.offset() or 0
            if offset + 1 >= ends[partition]:
                unread.discard(partition)
    finally:
        consumer.close()
    return values


def _end_offsets(bootstrap: str, topic: str, partitions: int, timeout_seconds: float) -> dict[int, int]:
    """Where each partition ends; asked again while a leader does not know."""
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    ends: dict[int, int] = {}

    def known() -> bool:
        with suppress(BrokerUnavailable):
            found = list_end_offsets(admin, [Place(topic, partition) for partition in range(partitions)])
            ends.update({place.partition: end for place, end in found.items()})
        return bool(ends)

    wait_until(known, f"the ends of {topic} to be known", timeout_seconds=timeout_seconds)
    return ends
