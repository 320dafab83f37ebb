"""Asking for the ends of partitions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from confluent_kafka import IsolationLevel, KafkaException
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from shared.streaming.broker import Offsets
from shared.streaming.kafka.conversion import from_confluent, to_confluent
from shared.streaming.kafka.faults import unavailable
from shared.streaming.records import TopicPartition

REQUEST_TIMEOUT_SECONDS = 5.0


def list_end_offsets(admin: AdminClient, partitions: Sequence[TopicPartition], isolation: IsolationLevel) -> Offsets:
    """End of each partition in one request per broker: last stable offset or high watermark, by ``isolation``.

    librdkafka asks with the leader epoch it remembers. After a change of leader (a broker's restart is one) it is
    refused, again and again, until something makes the client fetch metadata: so this does, and asks once more.
    """
    with unavailable("asking for end offsets"):
        try:
            return _list_end_offsets(admin, partitions, isolation)
        except KafkaException:
            admin.list_topics(timeout=REQUEST_TIMEOUT_SECONDS)
            return _list_end_offsets(admin, partitions, isolation)


def _list_end_offsets(admin: AdminClient, partitions: Sequence[TopicPartition], isolation: IsolationLevel) -> Offsets:
    latest: Any = OffsetSpec.latest()  # type: ignore[no-untyped-call]
    futures = admin.list_offsets(
        {to_confluent(partition): latest for partition in partitions},
        isolation_level=isolation,
        request_timeout=REQUEST_TIMEOUT_SECONDS,
    )
    return {from_confluent(key): future.result().offset for key, future in futures.items()}
