"""One transaction: output events, changelog rows and input offsets, all or nothing (engine rule 1)."""

from __future__ import annotations

import time
from collections.abc import Mapping

from shared.crash_points import crash_during, crash_point
from shared.errors import TransactionDoubt
from shared.processing import StateT
from shared.state.sqlite import Row
from shared.streaming.batch import Batch
from shared.streaming.broker import GroupMetadata, TransactionalProducer
from shared.streaming.records import TopicPartition
from shared.streaming.rows import changelog_records

SLOW_COMMIT_SECONDS = 1.0
"""A commit slower than this may have been retried inside the client; its twin may still be on its way (rule 2)."""


def write(
    producer: TransactionalProducer, batch: Batch[StateT], rows: Mapping[int, Mapping[bytes, Row]], group: GroupMetadata
) -> Mapping[TopicPartition, int]:
    """Write ``batch`` atomically; next offset of each partition written to.

    Raises TransactionDoubt when anything failed or is unknown; the caller must recycle the producer and rewind.
    """
    service = batch.processor.name
    producer.begin()
    crash_point(f"{service}.after-begin")
    for record in batch.outputs:
        producer.produce(record)
    crash_point(f"{service}.mid-produce")
    for record in changelog_records(service, rows):
        producer.produce(record)
    next_offsets = dict(producer.flush())
    crash_point(f"{service}.before-offsets")
    producer.send_offsets(batch.offsets, group)
    crash_point(f"{service}.after-offsets")
    crash_during(f"{service}.mid-commit")
    _commit(producer)
    return next_offsets


def _commit(producer: TransactionalProducer) -> None:
    started = time.monotonic()
    producer.commit()
    taken = time.monotonic() - started
    if taken > SLOW_COMMIT_SECONDS:
        raise TransactionDoubt(f"the commit took {taken:.1f} s; a late copy of it could hit the next transaction")
