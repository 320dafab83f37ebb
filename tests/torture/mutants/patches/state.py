"""Rules about state and timers, switched off (design, engine rules 4, 5 and 6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from confluent_kafka import IsolationLevel
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from shared.state.sqlite import PartitionStore, Row
from shared.streaming.batch import Batch
from shared.streaming.broker import Consumer, GroupMetadata, Offsets, TransactionalProducer
from shared.streaming.kafka import broker
from shared.streaming.kafka.conversion import from_confluent, to_confluent
from shared.streaming.loop import ProcessorLoop
from shared.streaming.records import ConsumerRecord, TopicPartition
from shared.streaming.restore import Restorer
from tests.torture.mutants.patches.replacing import replace


def state_before_commit() -> None:
    """Rows reach SQLite before the transaction that may fail."""
    commit = ProcessorLoop._commit

    def rows_first(
        loop: ProcessorLoop[Any], producer: TransactionalProducer, batch: Batch[Any], group: GroupMetadata
    ) -> None:
        for number, rows in batch.states.rows().items():
            store = loop._restorer.stores[number]
            store.apply(rows, store.changelog_offset)
        commit(loop, producer, batch, group)

    replace(ProcessorLoop, "_commit", rows_first)


def timers_in_memory() -> None:
    """What is restored, from the disk or from the changelog, has no timer until something happens to it."""
    connect = PartitionStore._connect

    def without_timers(store: PartitionStore) -> None:
        connect(store)
        store._db.execute("UPDATE state SET due_ms = NULL")

    def row(_: Restorer, record: ConsumerRecord) -> Row:
        return Row(record.value, None)

    replace(PartitionStore, "_connect", without_timers)
    replace(Restorer, "_row", row)


def restore_before_offsets() -> None:
    """State up to what can be seen now, then the offsets: what is committed in between is in neither."""

    def assign(restorer: Restorer, consumer: Consumer, partitions: Sequence[TopicPartition]) -> Offsets:
        restorer._restore(partitions)
        return consumer.committed(partitions)

    def visible_ends(admin: AdminClient, partitions: Sequence[TopicPartition]) -> Offsets:
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        asked = {to_confluent(partition): latest for partition in partitions}
        answers = admin.list_offsets(asked, isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=5)
        return {from_confluent(place): answer.result().offset for place, answer in answers.items()}

    replace(Restorer, "assign", assign)
    replace(broker, "list_end_offsets", visible_ends)
