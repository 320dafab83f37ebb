"""Asking for the ends of partitions, and for what a group has committed. "Nobody answered" is never an offset here.

librdkafka 2.16 answers a request for offsets that ran out of time with success and the offset -1001, and leaves it to
the caller to look. Taken for an end, it makes a changelog look empty and everything in it happen twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from confluent_kafka import Consumer as ConfluentConsumer
from confluent_kafka import IsolationLevel, KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from shared.streaming.broker import Offsets
from shared.streaming.kafka.conversion import from_confluent, to_confluent
from shared.streaming.kafka.faults import unavailable, unheard
from shared.streaming.records import TopicPartition

REQUEST_TIMEOUT_SECONDS = 5.0
_FIRST_TRY_SECONDS = 1.0
"""After a change of leader the first question goes to the old one; if that is dead, nobody answers."""


def list_end_offsets(admin: AdminClient, partitions: Sequence[TopicPartition]) -> Offsets:
    """High watermark of each partition, in one request per broker.

    librdkafka asks the leader it remembers, with the leader epoch it remembers. After a change of leader (a broker's
    restart is one) nobody answers, or it is refused, again and again, until something makes the client fetch metadata:
    so this does, and asks once more. BrokerUnavailable: still no answer, for one partition or more.
    """
    return _list_offsets(admin, partitions, OffsetSpec.latest())  # type: ignore[no-untyped-call]


def list_start_offsets(admin: AdminClient, partitions: Sequence[TopicPartition]) -> Offsets:
    """The first offset that is kept of each partition; otherwise as ``list_end_offsets``."""
    return _list_offsets(admin, partitions, OffsetSpec.earliest())  # type: ignore[no-untyped-call]


def _list_offsets(admin: AdminClient, partitions: Sequence[TopicPartition], which: Any) -> Offsets:
    with unavailable("asking for offsets"):
        with unheard():
            return _ask(admin, partitions, which, _FIRST_TRY_SECONDS)
        admin.list_topics(timeout=REQUEST_TIMEOUT_SECONDS)
        return _ask(admin, partitions, which, REQUEST_TIMEOUT_SECONDS)


def _ask(admin: AdminClient, partitions: Sequence[TopicPartition], which: Any, timeout_seconds: float) -> Offsets:
    futures = admin.list_offsets(
        {to_confluent(partition): which for partition in partitions},
        isolation_level=IsolationLevel.READ_UNCOMMITTED,
        request_timeout=timeout_seconds,
    )
    found = {from_confluent(key): future.result().offset for key, future in futures.items()}
    unknown = [partition for partition in partitions if found.get(partition, -1) < 0]
    if unknown:
        raise KafkaException(KafkaError(KafkaError._TIMED_OUT, f"no offset of {', '.join(map(str, unknown))}"))  # noqa: SLF001
    return found


def committed_offsets(
    consumer: ConfluentConsumer, partitions: Sequence[TopicPartition]
) -> dict[TopicPartition, int | None]:
    """What the consumer's group has committed; None: nothing yet. BrokerUnavailable: not known for all of them."""
    with unavailable("reading committed offsets"):
        found = consumer.committed([to_confluent(p) for p in partitions], timeout=REQUEST_TIMEOUT_SECONDS * 4)
        for partition in found:
            if partition.error is not None:
                raise KafkaException(partition.error)
    return {from_confluent(each): None if each.offset < 0 else int(each.offset) for each in found}
