"""State of a partition brought up to the committed truth before any record of it is handled (engine rule 5).

In this order, or a hole opens: committed offsets first (which waits until no transaction is open), then the end of
the changelog, then the rows up to it.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

from shared.errors import ClusterMismatch, LostProgress
from shared.events.topics import state_topic
from shared.observability.logging import get_logger
from shared.observability.metrics import STATE_RESTORE_SECONDS, product_version
from shared.processing import HasTimerSettings, Processor, StateT
from shared.state.sqlite import PartitionStore, Row
from shared.streaming.broker import Broker, Consumer, LogBounds, Offsets
from shared.streaming.records import ConsumerRecord, TopicPartition
from shared.streaming.rows import decode_row
from shared.streaming.unread_gaps import UnreadGaps

_LOG = get_logger()
_SAMPLE = 100
"""Rows looked at per partition."""
_FEWEST = 20
_SHARE_ELSEWHERE = 0.25
"""A single row may have been written astray; with another number of partitions it is half of them, or most."""


class Restorer:
    """Opens partition stores and replays their changelog."""

    def __init__(self, processor: Processor[StateT], broker: Broker, directory: Path) -> None:
        """``directory`` is this process's own: one that was away must not write into what its successor reads."""
        self._processor = processor
        self._broker = broker
        self._directory = directory
        self.gaps = UnreadGaps(processor, broker)
        self.stores: dict[int, PartitionStore] = {}

    def assign(self, consumer: Consumer, partitions: Sequence[TopicPartition]) -> Offsets:
        """Bring the state of ``partitions`` up to date; where to start reading each.

        Raises LostProgress when what the state was made of, or how far that was, is not known any more.
        """
        offsets = consumer.committed(partitions)
        started = time.monotonic()
        self._restore(partitions)
        self._require_committed(consumer, partitions)
        self._require_placed()
        offsets = self.gaps.step_over(consumer, offsets)
        STATE_RESTORE_SECONDS.labels(self._processor.name).observe(time.monotonic() - started)
        return offsets

    def _require_committed(self, consumer: Consumer, partitions: Sequence[TopicPartition]) -> None:
        """Every row was committed with an offset of its number: rows without one mean that the broker forgot it."""
        kept = [number for number, store in self.stores.items() if not store.is_empty()]
        uncommitted = consumer.never_committed(partitions) if kept else set()
        for number in kept:
            if uncommitted.issuperset(partition for partition in partitions if partition.partition == number):
                raise LostProgress(
                    f"group {self._processor.name} has no committed offset of partition {number}, yet there is state "
                    f"made of it in {state_topic(self._processor.name)}: reading it all again would count it twice. "
                    "Did the service rest for longer than the broker's offsets.retention.minutes? Set the offsets by "
                    "hand (kafka-consumer-groups.sh --reset-offsets), or delete the state to begin anew"
                )

    def _require_placed(self) -> None:
        """State made with another number of partitions lies elsewhere: what is read now would not find it."""
        topic = state_topic(self._processor.name)
        count = self._broker.recorded_partitions(topic)
        if count is None:
            return
        keys = [(number, key) for number, store in self.stores.items() for key in store.some_keys(_SAMPLE)]
        elsewhere = sum(self._broker.partition_of(key, count) != number for number, key in keys)
        if len(keys) >= _FEWEST and elsewhere > len(keys) * _SHARE_ELSEWHERE:
            raise ClusterMismatch(
                f"{topic}: expected rows where their keys belong among {count} partitions, "
                f"found {elsewhere} of {len(keys)} elsewhere: this state was made with another number. Run "
                "the version that made it, or delete the state topic and the group's offsets to begin anew"
            )

    def _changelog(self, number: int) -> TopicPartition:
        return TopicPartition(state_topic(self._processor.name), number)

    def release(self) -> None:
        """Close all stores; another member may own the partitions now."""
        for store in self.stores.values():
            store.close()
        self.stores.clear()

    def _restore(self, partitions: Sequence[TopicPartition]) -> None:
        """All of them with one reader: one client each would make a member that gets many of them late."""
        changelogs = [self._changelog(number) for number in sorted({each.partition for each in partitions})]
        for changelog, bounds in self._broker.log_bounds(changelogs).items():
            self._open(changelog, bounds)
        starts = {changelog: self.stores[changelog.partition].changelog_offset for changelog in changelogs}
        rows = Counter[int]()
        for records in self._broker.read_to_end(starts):
            rows.update(self._apply(records))
        for topic, number in changelogs:
            _LOG.info("state_restored", topic=topic, partition=number, count=rows[number])

    def _open(self, changelog: TopicPartition, bounds: LogBounds) -> None:
        number = changelog.partition
        store = self.stores.get(number)
        if store is None:
            path = self._directory / f"{number}.sqlite"
            store = self.stores[number] = PartitionStore(path, self._broker.cluster_id())
            store.keep_derived_by(self._settings(), partial(decode_row, self._processor))
        if store.changelog_offset > bounds.end:
            _LOG.error("state_discarded", topic=changelog.topic, partition=number, reason="the changelog is shorter")
            store.clear()
        if store.changelog_offset < bounds.start:
            raise LostProgress(
                f"{changelog} begins at {bounds.start}, and the state here stands at {store.changelog_offset}: what "
                "lay between is gone. A changelog has cleanup.policy=compact and its records must not be deleted; "
                "restore the topic from a copy, or delete the state and the group's offsets to begin anew"
            )

    def _apply(self, records: Iterable[ConsumerRecord]) -> dict[int, int]:
        """Rows written per partition number."""
        latest: defaultdict[int, dict[bytes, ConsumerRecord]] = defaultdict(dict)
        for record in records:
            if record.key is not None:
                latest[record.partition][record.key] = record
        for number, rows in latest.items():
            reached = max(record.offset for record in rows.values()) + 1
            self.stores[number].apply({key: self._row(record) for key, record in rows.items()}, reached)
        return {number: len(rows) for number, rows in latest.items()}

    def _row(self, record: ConsumerRecord) -> Row:
        return decode_row(self._processor, record.value)

    def _settings(self) -> str:
        """What is derived from the rows depends on more than them: on settings, and on the code."""
        own = self._processor.timer_settings if isinstance(self._processor, HasTimerSettings) else ""
        return f"{product_version()} {own}"
