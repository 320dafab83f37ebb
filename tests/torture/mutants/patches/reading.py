"""Rules about reading and about records nobody can read, switched off (design, engine rules 7 and 8)."""

from __future__ import annotations

from typing import Any

from shared.events.topics import recorded_partitions
from shared.processing import Refusal
from shared.streaming.batch import Batch
from shared.streaming.dead_letters import dead_letter
from shared.streaming.kafka import consumer
from shared.streaming.kafka.broker import KafkaBroker
from shared.streaming.kafka.offsets import list_end_offsets
from shared.streaming.kafka.partitioning import Partitioner
from shared.streaming.kafka.producer import KafkaProducer
from shared.streaming.loop import ProcessorLoop
from shared.streaming.records import ConsumerRecord
from shared.streaming.reducing import RecordReducer
from tests.torture.mutants.patches.replacing import replace

_LINGER_MS = 1000


def latest_reset() -> None:
    """Where nothing is committed, reading starts at the end."""

    replace(consumer, "list_start_offsets", list_end_offsets)


def dead_letter_not_awaited() -> None:
    """Dead letters leave by a producer that gathers them for a second; the transaction does not know of them."""
    initialise = ProcessorLoop.__init__
    letters: list[KafkaProducer] = []

    def with_a_letter_box(loop: ProcessorLoop[Any], processor: Any, broker: KafkaBroker, *others: Any) -> None:
        initialise(loop, processor, broker, *others)
        config = broker._producer_config() | {"linger.ms": _LINGER_MS}
        letters.append(KafkaProducer(config, Partitioner(recorded_partitions), broker._faults))

    def refuse(reducer: RecordReducer[Any], record: ConsumerRecord, refusal: Refusal, batch: Batch[Any]) -> None:
        topic = reducer._processor.dead_letter_topic(record.topic)
        letter = dead_letter(record, topic, refusal, reducer._processor.name, batch.now)
        letters[0].send(letter, lambda _: None)
        batch.refusals.append((record.topic, refusal.reason))

    replace(ProcessorLoop, "__init__", with_a_letter_box)
    replace(RecordReducer, "_refuse", refuse)
