"""Rules about transactions and their offsets, switched off (design, engine rules 1, 2, 3 and 10)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from confluent_kafka import Consumer as ConfluentConsumer

from shared.errors import TransactionDoubt
from shared.events.topics import state_topic
from shared.state.sqlite import Row
from shared.streaming import timers, transaction
from shared.streaming.batch import Batch
from shared.streaming.broker import GroupMetadata, Offsets, TransactionalProducer
from shared.streaming.kafka import transactional_producer
from shared.streaming.kafka.broker import KafkaBroker
from shared.streaming.kafka.connection_watch import ConnectionWatch
from shared.streaming.kafka.consumer import KafkaConsumer
from shared.streaming.kafka.transactional_producer import KafkaTransactionalProducer
from shared.streaming.loop import ProcessorLoop
from shared.streaming.records import TopicPartition
from shared.streaming.rows import changelog_records
from tests.component.engine.carry_on_process import abort_and_carry_on
from tests.torture.mutants.patches.replacing import replace

Rows = Mapping[int, Mapping[bytes, Row]]


def offsets_before_produce() -> None:
    """The loop commits offsets by its consumer; the transaction then carries none."""
    commit = ProcessorLoop._commit

    def offsets_first(
        loop: ProcessorLoop[Any], producer: TransactionalProducer, batch: Batch[Any], group: GroupMetadata
    ) -> None:
        loop._consumer.commit(batch.offsets)
        commit(loop, producer, batch, group)

    replace(ProcessorLoop, "_commit", offsets_first)
    replace(KafkaTransactionalProducer, "send_offsets", lambda *_: None)


def changelog_afterwards() -> None:
    """The transaction carries no rows; they follow in the next one, behind the crash point ``after-commit``."""
    write, keep = transaction.write, ProcessorLoop._keep

    def without_rows(producer: TransactionalProducer, batch: Batch[Any], _: Rows, group: GroupMetadata) -> Offsets:
        return write(producer, batch, {}, group)

    def rows_now(loop: ProcessorLoop[Any], rows: Rows, _: Offsets) -> None:
        keep(loop, rows, _write_rows(loop, rows))

    replace(transaction, "write", without_rows)
    replace(ProcessorLoop, "_keep", rows_now)


def _write_rows(loop: ProcessorLoop[Any], rows: Rows) -> Offsets:
    if loop._producer is None or not rows:
        return {}
    loop._producer.begin()
    for record in changelog_records(loop._processor.name, rows):
        loop._producer.produce(record)
    written = dict(loop._producer.flush())
    loop._producer.commit()
    return {TopicPartition(state_topic(loop._processor.name), number): 0 for number in rows} | written


def random_transactional_id() -> None:
    """No start knows the id of the one before."""
    make = KafkaBroker.transactional_producer

    def with_a_new_id(broker: KafkaBroker, transactional_id: str) -> KafkaTransactionalProducer:
        return make(broker, f"{transactional_id}-{uuid.uuid4()}")

    replace(KafkaBroker, "transactional_producer", with_a_new_id)


def group_id_only() -> None:
    """Metadata of a consumer that never joined: the group's name, no member, no generation."""
    initialise = KafkaConsumer.__init__

    def with_a_stranger(consumer: KafkaConsumer, config: dict[str, Any], *admins: Any) -> None:
        initialise(consumer, config, *admins)
        names = ("bootstrap.servers", "group.id")
        consumer.stranger = ConfluentConsumer({name: config[name] for name in names})  # type: ignore[attr-defined]

    def strangers_metadata(consumer: KafkaConsumer) -> GroupMetadata:
        metadata: GroupMetadata = consumer.stranger.consumer_group_metadata()  # type: ignore[attr-defined]
        return metadata

    replace(KafkaConsumer, "__init__", with_a_stranger)
    replace(KafkaConsumer, "group_metadata", strangers_metadata)


def no_rewind() -> None:
    """A seek leaves every partition where it is; only those without a position get one."""

    def stay(consumer: KafkaConsumer, offsets: Offsets) -> None:
        consumer._positions = dict(offsets) | consumer._positions
        consumer._assign(consumer._positions)

    replace(KafkaConsumer, "seek", stay)


def doubtful_commit_repeated() -> None:
    """On a doubt a new producer writes the same batch again; whether the first one landed is not looked at."""
    commit = ProcessorLoop._commit

    def again(
        loop: ProcessorLoop[Any], producer: TransactionalProducer, batch: Batch[Any], group: GroupMetadata
    ) -> None:
        try:
            commit(loop, producer, batch, group)
        except TransactionDoubt:
            producer.discard()
            loop._producer = loop._broker.transactional_producer(f"{loop._processor.name}-{loop._instance_id}")
            loop._producer.initialise()
            commit(loop, loop._producer, batch, group)

    replace(ProcessorLoop, "_commit", again)


def producer_kept_after_doubt() -> None:
    """What transaction examples do: abort, rewind, carry on with the same epoch; what the library mends is no doubt."""
    replace(transaction, "SLOW_COMMIT_SECONDS", float("inf"))
    replace(transactional_producer, "DOUBTFUL", frozenset())
    replace(ConnectionWatch, "was_lost", False)
    replace(ProcessorLoop, "_distrust", abort_and_carry_on)


def timers_without_offsets() -> None:
    """A transaction of timers alone has outputs and rows, and no offset by which it could be fenced."""
    replace(timers, "_add_offsets", lambda *_: None)
    replace(Batch, "is_empty", lambda batch: not (batch.offsets or batch.outputs or batch.states._changed))
