"""The cluster in memory: what its clients ask of it, and what a test may see of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from shared.errors import BrokerUnavailable, ProducerFenced, TransactionDoubt
from shared.streaming.broker import FoundTopic, GroupStanding, LogBounds, Offsets
from shared.streaming.memory.groups import Group
from shared.streaming.memory.log import Logs, Transaction, TransactionStatus, place
from shared.streaming.records import ConsumerRecord, ProducerRecord, TopicPartition

_NONE: Mapping[str, int] = MappingProxyType({})


class MemoryCluster:
    """A cluster. All clients made by one object see the same log; safe to use from several threads."""

    def __init__(
        self,
        partitions_by_topic: Mapping[str, int],
        surplus: Mapping[str, int] = _NONE,
        rebalance_patience_seconds: float = 0.0,
    ) -> None:
        """``surplus``: how many of a topic's partitions are more than writers reckon with.

        ``rebalance_patience_seconds``: how long a member that is given partitions waits for those who hold them, as in
        Kafka's eager protocol; at 0 it is given them at once, and whoever held them finds out later, like a zombie.
        """
        self._surplus = surplus
        self.rebalance_patience_seconds = rebalance_patience_seconds
        self.changed = threading.Condition(threading.RLock())
        self.available = True
        self._logs = Logs(partitions_by_topic.items(), surplus)
        self._groups: dict[str, Group] = {}
        self._epochs: dict[str, int] = {}
        self._open: dict[str, Transaction] = {}

    # -- of the Broker port, all but making clients --------------------------------------------------------------

    def read_to_end(self, starts: Offsets) -> Iterator[Iterable[ConsumerRecord]]:
        with self.changed:
            self.require_available()
            for partition, start in starts.items():
                log = self._logs[partition]
                if log.stable_end < log.end:
                    raise BrokerUnavailable(f"{partition}: a transaction is still open")
                yield list(log.read(start, log.end))

    def log_bounds(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, LogBounds]:
        with self.changed:
            self.require_available()
            return {partition: LogBounds(0, self._logs[partition].end) for partition in partitions}

    def partitions_of(self, topics: Iterable[str]) -> list[TopicPartition]:
        with self.changed:
            self.require_available()
            return [partition for topic in topics for partition in self._logs.partitions_of(topic)]

    def describe(self, topics: Sequence[str]) -> dict[str, FoundTopic]:
        with self.changed:
            self.require_available()
            return {topic: FoundTopic(len(self._logs.partitions_of(topic))) for topic in topics}

    def recorded_partitions(self, topic: str) -> int | None:
        return (len(self._logs.partitions_of(topic)) - self._surplus.get(topic, 0)) or None

    def partition_of(self, key: bytes, partitions: int) -> int:
        return place(key, partitions)

    def consumer_groups(self) -> dict[str, GroupStanding]:
        with self.changed:
            self.require_available()
            return {name: GroupStanding(group.size, dict(group.committed)) for name, group in self._groups.items()}

    def cluster_id(self) -> str:
        self.require_available()
        return f"memory-{id(self):x}"

    def ping(self, timeout_seconds: float) -> None:  # nothing to wait for
        self.require_available()

    # -- for tests: what an independent reader sees --------------------------------------------------------------

    def records(self, topic: str, *, committed_only: bool = True) -> list[ConsumerRecord]:
        """All records of ``topic``, partition by partition."""
        with self.changed:
            found: list[ConsumerRecord] = []
            for partition in self._logs.partitions_of(topic):
                log = self._logs[partition]
                end = log.stable_end if committed_only else log.end
                found.extend(log.read(0, end, committed_only=committed_only))
            return found

    # -- for its clients -----------------------------------------------------------------------------------------

    def require_available(self) -> None:
        """Raise BrokerUnavailable while the cluster plays dead."""
        if not self.available:
            raise BrokerUnavailable("the broker is away")

    def group(self, group_id: str) -> Group:
        return self._groups.setdefault(group_id, Group(group_id, self._logs.partitions_of))

    def stable_end(self, partition: TopicPartition) -> int:
        return self._logs[partition].stable_end

    def log_end(self, partition: TopicPartition) -> int:
        return self._logs[partition].end

    def read(self, partition: TopicPartition, start: int) -> list[ConsumerRecord]:
        log = self._logs[partition]
        return list(log.read(start, log.stable_end))

    def append(self, record: ProducerRecord, transaction: Transaction | None) -> tuple[TopicPartition, int]:
        self.require_available()
        partition = self._logs.partition_for(record)
        offset = self._logs[partition].append(record, transaction, int(time.time() * 1000))
        if transaction is not None:
            transaction.written.add(partition)
        self.changed.notify_all()
        return partition, offset

    def has_pending_offsets(self, group_id: str, partitions: Iterable[TopicPartition]) -> bool:
        """True while an open transaction carries offsets of these partitions."""
        wanted = {(group_id, partition) for partition in partitions}
        return any(wanted & transaction.offsets.keys() for transaction in self._open.values())

    def initialise(self, transactional_id: str) -> int:
        """A new epoch: older producers are fenced, what they left open is aborted."""
        self.require_available()
        if transactional_id in self._open:
            self.end(transactional_id, self._epochs[transactional_id], TransactionStatus.ABORTED)
        self._epochs[transactional_id] = self._epochs.get(transactional_id, 0) + 1
        return self._epochs[transactional_id]

    def begin(self, transactional_id: str, epoch: int) -> Transaction:
        self.require_epoch(transactional_id, epoch)
        transaction = self._open[transactional_id] = Transaction()
        return transaction

    def require_epoch(self, transactional_id: str, epoch: int) -> None:
        """Raise ProducerFenced for a producer that has been replaced."""
        self.require_available()
        if self._epochs.get(transactional_id) != epoch:
            raise ProducerFenced(f"{transactional_id}: a newer producer is at work")

    def end(self, transactional_id: str, epoch: int, outcome: TransactionStatus) -> None:
        """Commit or abort the open transaction: offsets, markers and visibility change together."""
        self.require_epoch(transactional_id, epoch)
        transaction = self._open.pop(transactional_id, None)
        if transaction is None:
            raise TransactionDoubt(f"{transactional_id}: no transaction is open")
        transaction.outcome = outcome
        for partition in transaction.written:
            self._logs[partition].append_marker(transaction)
        if outcome is TransactionStatus.COMMITTED:
            for (group_id, partition), offset in transaction.offsets.items():
                self.group(group_id).committed[partition] = offset
        self.changed.notify_all()
