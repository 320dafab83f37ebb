"""Which partitions of the requests this process owns, and how far each may be committed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from services.notifier.sending.bookmarks import Bookmarks
from services.notifier.sending.delivery import Finished, OwnedPartition
from services.notifier.sending.recovery import events_partition, read_progress
from shared.streaming.broker import Broker, Consumer, Offsets
from shared.streaming.records import ConsumerRecord, TopicPartition


class Ownership:
    """Used by the reading thread alone."""

    def __init__(self, broker: Broker, consumer: Consumer, reach: int) -> None:
        """``reach``: how many uncommitted requests of a partition an owner may have worked on."""
        self._broker = broker
        self._consumer = consumer
        self._reach = reach
        self._owned: dict[TopicPartition, OwnedPartition] = {}

    def __getitem__(self, partition: TopicPartition) -> OwnedPartition | None:
        return self._owned.get(partition)

    @property
    def partitions(self) -> Collection[TopicPartition]:
        """What is owned now."""
        return self._owned.keys()

    @property
    def pending(self) -> int:
        """Unfinished requests over all partitions."""
        return sum(len(owned.window) for owned in self._owned.values())

    def take_over(self, partitions: Sequence[TopicPartition]) -> Offsets:
        """Own ``partitions`` with everything earlier owners left; where to start. BrokerUnavailable: try again."""
        if not partitions:
            return {}
        events = [events_partition(partition) for partition in partitions]
        committed = self._consumer.committed([*partitions, *events])
        ends = self._consumer.end_offsets([*partitions, *events])
        self._owned = {partition: self._take_over(partition, committed, ends) for partition in partitions}
        return {partition: committed[partition] for partition in partitions}

    def _take_over(self, partition: TopicPartition, committed: Offsets, ends: Offsets) -> OwnedPartition:
        start, events = committed[partition], events_partition(partition)
        if start >= ends[partition]:  # nothing is open, so nothing that was said matters any more
            return OwnedPartition(partition, Bookmarks(start, ends[events], start), {}, committed=start)
        progress = read_progress(self._broker, partition, start, committed[events], self._reach)
        return OwnedPartition(
            partition, Bookmarks(start, committed[events], ends[partition]), progress, committed=start
        )

    def give_up(self) -> list[OwnedPartition]:
        """Own nothing any more; what was owned."""
        lost = list(self._owned.values())
        for owned in lost:
            owned.is_owned = False
        self._owned = {}
        return lost

    def note_read(self, records: Iterable[ConsumerRecord]) -> None:
        """Nothing is done about these yet: before any is looked at, so that a failure at one passes no other over."""
        for record in records:
            owned = self._owned.get(TopicPartition(record.topic, record.partition))
            if owned is not None:
                owned.window.accept(record.offset)

    def finish(self, finished: Finished) -> None:
        """Note that nothing more will be done about a request; reports about lost partitions change nothing."""
        owned, offset = finished
        owned.window.finish(offset)

    def bookmark(self) -> None:
        """Note where the events end now, for partitions that have moved on. BrokerUnavailable: try again later."""
        positions = self._consumer.positions()
        due = [owned for p, owned in self._owned.items() if owned.bookmarks.is_due(positions.get(p, 0))]
        if not due:
            return
        ends = self._consumer.end_offsets([events_partition(owned.partition) for owned in due])
        for owned in due:
            owned.bookmarks.add(positions[owned.partition], ends[events_partition(owned.partition)])

    def committed(self) -> Offsets:
        """What is committed already."""
        return {partition: owned.committed for partition, owned in self._owned.items()}

    def committable(
        self, positions: Offsets, partitions: Iterable[OwnedPartition] | None = None
    ) -> dict[TopicPartition, int]:
        """Offsets to commit for partitions (default: owned ones) with progress: of requests, and of their events."""
        offsets: dict[TopicPartition, int] = {}
        for owned in self._owned.values() if partitions is None else partitions:
            upto = owned.window.committable(positions.get(owned.partition, owned.committed))
            if upto > owned.committed:
                offsets[owned.partition] = upto
                offsets[events_partition(owned.partition)] = owned.bookmarks.events_start(upto)
        return offsets

    def mark_committed(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Remember what is committed."""
        for partition, owned in self._owned.items():
            owned.committed = offsets.get(partition, owned.committed)

    def spans(self) -> dict[TopicPartition, int]:
        """Per partition: how far reading is beyond the oldest unfinished request, in offsets."""
        positions = self._consumer.positions()
        return {
            partition: position - owned.window.committable(position)
            for partition, owned in self._owned.items()
            if (position := positions.get(partition)) is not None
        }
