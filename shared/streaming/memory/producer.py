"""Producers in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from shared.errors import BrokerUnavailable, FatalError, TransactionDoubt
from shared.streaming.broker import GroupMetadata, Offsets
from shared.streaming.memory.cluster import MemoryCluster
from shared.streaming.memory.groups import Membership
from shared.streaming.memory.log import Transaction, TransactionStatus
from shared.streaming.records import ProducerRecord, TopicPartition


class MemoryTransactionalProducer:
    """Transactions with Kafka's fencing: by epoch of the transactional id and by generation of the group."""

    def __init__(self, broker: MemoryCluster, transactional_id: str) -> None:
        self._broker = broker
        self._transactional_id = transactional_id
        self._epoch = 0
        self._transaction: Transaction | None = None
        self._next_offsets: dict[TopicPartition, int] = {}

    def initialise(self) -> None:
        with self._broker.changed:
            self._epoch = self._broker.initialise(self._transactional_id)

    def begin(self) -> None:
        with self._broker.changed, _doubtful():
            self._next_offsets = {}
            self._transaction = self._broker.begin(self._transactional_id, self._epoch)

    def produce(self, record: ProducerRecord) -> None:
        with self._broker.changed, _doubtful():
            self._broker.require_epoch(self._transactional_id, self._epoch)
            partition, offset = self._broker.append(record, self._open_transaction())
            self._next_offsets[partition] = offset + 1

    def flush(self) -> Mapping[TopicPartition, int]:
        return self._next_offsets

    def send_offsets(self, offsets: Offsets, group: GroupMetadata) -> None:
        if not isinstance(group, Membership):
            raise TypeError("group metadata of another broker")
        with self._broker.changed, _doubtful():
            self._broker.require_epoch(self._transactional_id, self._epoch)
            if not self._broker.group(group.group_id).is_current(group):
                raise TransactionDoubt("stale generation: the partitions belong to another member now")
            self._open_transaction().offsets.update({(group.group_id, tp): offset for tp, offset in offsets.items()})

    def commit(self) -> None:
        self._end(TransactionStatus.COMMITTED)

    def discard(self) -> None:
        self._transaction = None

    def _end(self, outcome: TransactionStatus) -> None:
        with self._broker.changed, _doubtful():
            self._broker.end(self._transactional_id, self._epoch, outcome)
            self._transaction = None

    def _open_transaction(self) -> Transaction:
        if self._transaction is None or self._transaction.outcome is not TransactionStatus.OPEN:
            raise TransactionDoubt("no transaction is open")
        return self._transaction


class MemoryProducer:
    """Durable at once, or refused."""

    def __init__(self, broker: MemoryCluster) -> None:
        self._broker = broker

    def send(self, record: ProducerRecord, on_delivery: Callable[[Exception | None], None]) -> None:
        try:
            with self._broker.changed:
                self._broker.append(record, None)
        except BrokerUnavailable as error:
            on_delivery(error)
        else:
            on_delivery(None)

    def watch_majority(self, notice: Callable[[bool], None]) -> None:
        return None  # one broker, and it answers at once

    def watch_failure(self, notice: Callable[[FatalError], None]) -> None:
        """It never fails for good."""

    def flush(self, timeout_seconds: float) -> int:  # nothing is ever queued
        return 0

    def close(self) -> None:
        return None


class _doubtful:  # noqa: N801  # reads as a clause: with _doubtful():
    """Inside a transaction an absent broker means doubt, not "try again"."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, BrokerUnavailable):
            raise TransactionDoubt(str(error)) from error
