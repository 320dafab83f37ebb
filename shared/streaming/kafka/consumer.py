"""Group membership, reading and positions."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

from confluent_kafka import Consumer as ConfluentConsumer
from confluent_kafka import KafkaException
from confluent_kafka import TopicPartition as ConfluentPartition
from confluent_kafka.admin import AdminClient

from shared.streaming.broker import GroupMetadata, Offsets
from shared.streaming.kafka.conversion import from_confluent, next_offset, to_confluent, to_record
from shared.streaming.kafka.faults import PARTITION_EOF, ToldErrors, raise_consumer_error, unavailable
from shared.streaming.kafka.offsets import committed_offsets, list_end_offsets, list_start_offsets
from shared.streaming.records import ConsumerRecord, TopicPartition


class KafkaConsumer:
    """A group member. Keeps its own positions, since librdkafka's do not step over transaction markers."""

    def __init__(self, config: dict[str, Any], admin: AdminClient) -> None:
        self._consumer = ConfluentConsumer(config)
        self._admin = admin
        self._positions: dict[TopicPartition, int] = {}
        self._told = ToldErrors()

    def subscribe(
        self,
        topics: Sequence[str],
        on_assigned: Callable[[Sequence[TopicPartition]], Offsets],
        on_revoked: Callable[[Sequence[TopicPartition]], None],
    ) -> None:
        def assigned(consumer: ConfluentConsumer, partitions: list[ConfluentPartition]) -> None:
            offsets = on_assigned([from_confluent(partition) for partition in partitions])
            self._positions = dict(offsets)
            self._assign(offsets)

        def revoked(consumer: ConfluentConsumer, partitions: list[ConfluentPartition]) -> None:
            on_revoked([from_confluent(partition) for partition in partitions])
            self._positions = {}
            consumer.unassign()

        self._consumer.subscribe(list(topics), on_assign=assigned, on_revoke=revoked, on_lost=revoked)

    def poll(self, max_records: int, timeout_seconds: float) -> list[ConsumerRecord]:
        first = self._consumer.poll(timeout_seconds)
        if first is None:
            return []
        assignment = self._positions
        messages = [first, *self._consumer.consume(max_records - 1, 0.0)]
        if self._positions is not assignment:  # given anew meanwhile: the first is of the old reading
            del messages[0]
        records, moved = read(messages, self._positions, self._told)
        self._positions.update(moved)
        return records

    def committed(self, partitions: Sequence[TopicPartition]) -> Offsets:
        found = committed_offsets(self._consumer, partitions)
        unknown = [partition for partition, offset in found.items() if offset is None]
        starts = list_start_offsets(self._admin, unknown) if unknown else {}
        return {partition: starts[partition] if offset is None else offset for partition, offset in found.items()}

    def never_committed(self, partitions: Sequence[TopicPartition]) -> set[TopicPartition]:
        found = committed_offsets(self._consumer, partitions)
        return {partition for partition, offset in found.items() if offset is None}

    def end_offsets(self, partitions: Sequence[TopicPartition]) -> Offsets:
        return list_end_offsets(self._admin, partitions)

    def positions(self) -> Offsets:
        return self._positions

    def seek(self, offsets: Offsets) -> None:
        with unavailable("rewinding"):
            self._positions.update(offsets)
            self._assign(self._positions)

    def _assign(self, offsets: Offsets) -> None:
        partitions = [to_confluent(partition, offset) for partition, offset in offsets.items()]
        self._consumer.assign(partitions)
        self._consumer.resume(partitions)  # a pause outlives an assignment in librdkafka

    def pause(self, partitions: Sequence[TopicPartition]) -> None:
        with unavailable("pausing"):
            self._consumer.pause([to_confluent(partition) for partition in partitions])

    def resume(self, partitions: Sequence[TopicPartition]) -> None:
        with unavailable("resuming"):
            self._consumer.resume([to_confluent(partition) for partition in partitions])

    def commit(self, offsets: Offsets) -> None:
        with unavailable("committing offsets"):
            self._consumer.commit(offsets=[to_confluent(p, o) for p, o in offsets.items()], asynchronous=False)

    def group_metadata(self) -> GroupMetadata:
        return self._consumer.consumer_group_metadata()

    def close(self) -> None:
        with contextlib.suppress(RuntimeError, KafkaException):
            self._consumer.close()


def read(
    messages: Sequence[Any], positions: Offsets, told: ToldErrors | None = None
) -> tuple[list[ConsumerRecord], dict[TopicPartition, int]]:
    """Records of what librdkafka handed over, and where reading stands after them.

    All or nothing: when one message is an error that ends the process, no position has moved past the others. Any
    other error moves nothing; ``told`` knows which of them have their line in the log.
    """
    told = told or ToldErrors()
    records: list[ConsumerRecord] = []
    moved: dict[TopicPartition, int] = {}
    for message in messages:
        error = message.error()
        partition = TopicPartition(message.topic(), message.partition())
        if error is not None and error.code() != PARTITION_EOF:
            raise_consumer_error(error, f"{partition}@{message.offset()}")
            told.tell(error, partition)
            continue
        position = moved.get(partition, positions.get(partition))
        if position is None or message.offset() < position:
            continue  # revoked or rewound while it was on its way
        if error is None:
            records.append(to_record(message))
        moved[partition] = next_offset(message)
    if records:
        told.forget(moved)
    return records, moved
