"""State of a partition brought up to the committed truth before any record of it is handled (engine rule 5).

In this order, or a hole opens: committed offsets first (which waits until no transaction is open), then the end of
the changelog, then the rows up to it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from shared.events.topics import state_topic
from shared.observability.logging import get_logger
from shared.observability.metrics import STATE_RESTORE_SECONDS
from shared.state.sqlite import PartitionStore, Row
from shared.streaming.batch import due_ms
from shared.streaming.broker import Broker, Consumer, Offsets
from shared.streaming.processor import Processor, StateT
from shared.streaming.records import ConsumerRecord, TopicPartition

_LOG = get_logger()


class Restorer:
    """Opens partition stores and replays their changelog."""

    def __init__(self, processor: Processor[StateT], broker: Broker, state_dir: Path) -> None:
        self._processor = processor
        self._broker = broker
        self._directory = state_dir / processor.name
        self.stores: dict[int, PartitionStore] = {}

    def assign(self, consumer: Consumer, partitions: Sequence[TopicPartition]) -> Offsets:
        """Bring the state of ``partitions`` up to date; where to start reading each."""
        offsets = consumer.committed(partitions)
        started = time.monotonic()
        for number in sorted({partition.partition for partition in partitions}):
            self._restore(number)
        STATE_RESTORE_SECONDS.labels(self._processor.name).observe(time.monotonic() - started)
        return offsets

    def release(self) -> None:
        """Close all stores; another member may own the partitions now."""
        for store in self.stores.values():
            store.close()
        self.stores.clear()

    def _restore(self, number: int) -> None:
        store = self.stores.get(number)
        if store is None:
            path = self._directory / f"{number}.sqlite"
            store = self.stores[number] = PartitionStore(path, self._broker.cluster_id())
        changelog = TopicPartition(state_topic(self._processor.name), number)
        rows = 0
        for records in self._broker.read_partition(changelog, store.changelog_offset):
            latest = {record.key: record for record in records if record.key is not None}
            if latest:
                store.apply(
                    {key: self._row(record) for key, record in latest.items()},
                    max(record.offset for record in latest.values()) + 1,
                )
                rows += len(latest)
        _LOG.info("state_restored", topic=changelog.topic, partition=number, count=rows)

    def _row(self, record: ConsumerRecord) -> Row:
        if record.value is None:
            return Row(None, None)
        state = self._processor.state_model.model_validate_json(record.value)
        return Row(record.value, due_ms(self._processor, state))
