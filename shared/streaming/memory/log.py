"""Partitions in memory: records and transaction markers at offsets, visible up to the last stable one."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

from shared.streaming.records import ConsumerRecord, ProducerRecord, TopicPartition


class TransactionStatus(Enum):
    """What became of a transaction."""

    OPEN = "open"
    COMMITTED = "committed"
    ABORTED = "aborted"


@dataclass(slots=True, eq=False)
class Transaction:
    """One transaction: what it wrote to, the offsets it carries, and its outcome."""

    outcome: TransactionStatus = TransactionStatus.OPEN
    written: set[TopicPartition] = field(default_factory=set)
    offsets: dict[tuple[str, TopicPartition], int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Entry:
    record: ConsumerRecord | None  # None: a transaction marker
    transaction: Transaction | None


class PartitionLog:
    """The log of one partition."""

    def __init__(self, partition: TopicPartition) -> None:
        self._partition = partition
        self._entries: list[_Entry] = []
        self._first_open: dict[Transaction, int] = {}

    @property
    def end(self) -> int:
        """High watermark: the next offset to be written."""
        return len(self._entries)

    @property
    def stable_end(self) -> int:
        """Last stable offset: the first offset of an open transaction, or the end."""
        return min(self._first_open.values()) if self._first_open else len(self._entries)

    def append(self, record: ProducerRecord, transaction: Transaction | None, timestamp_ms: int) -> int:
        """Write a record; its offset."""
        offset = self.end
        stored = ConsumerRecord(
            self._partition.topic,
            self._partition.partition,
            offset,
            record.key,
            record.value,
            list(record.headers),
            timestamp_ms,
        )
        self._entries.append(_Entry(stored, transaction))
        if transaction is not None:
            self._first_open.setdefault(transaction, offset)
        return offset

    def append_marker(self, transaction: Transaction) -> None:
        """Write the end-of-transaction marker, which takes an offset of its own."""
        self._entries.append(_Entry(None, None))
        del self._first_open[transaction]

    def read(self, start: int, end: int, *, committed_only: bool = True) -> Iterator[ConsumerRecord]:
        """Records from ``start`` up to ``end`` that a reader may see."""
        for entry in self._entries[start:end]:
            aborted = entry.transaction is not None and entry.transaction.outcome is not TransactionStatus.COMMITTED
            if entry.record is not None and not (committed_only and aborted):
                yield entry.record


class Logs:
    """All partitions of a cluster."""

    def __init__(self, partitions_by_topic: Iterable[tuple[str, int]], surplus: Mapping[str, int]) -> None:
        self._counts = dict(partitions_by_topic)
        self._surplus = surplus
        self._logs = {
            partition: PartitionLog(partition)
            for topic, count in self._counts.items()
            for partition in (TopicPartition(topic, number) for number in range(count))
        }

    def __getitem__(self, partition: TopicPartition) -> PartitionLog:
        return self._logs[partition]

    def partitions_of(self, topic: str) -> list[TopicPartition]:
        """All partitions of ``topic``; none when there is no such topic."""
        return [TopicPartition(topic, number) for number in range(self._counts.get(topic, 0))]

    def partition_for(self, record: ProducerRecord) -> TopicPartition:
        """Where a record goes: where it says, or where its key hashes to."""
        if record.partition is not None:
            return TopicPartition(record.topic, record.partition)
        count = self._counts[record.topic] - self._surplus.get(record.topic, 0)
        return TopicPartition(record.topic, place(record.key or b"", count))


def place(key: bytes, partitions: int) -> int:
    """Where a key hashes to. Stable, but not murmur2."""
    return zlib.crc32(key) % partitions
