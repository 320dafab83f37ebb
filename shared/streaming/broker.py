"""The ports of the engine: what it needs from a broker, and nothing more.

Two implementations pass the same conformance suite: ``kafka`` (confluent-kafka) and ``memory``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from shared.errors import FatalError
from shared.streaming.records import ConsumerRecord, ProducerRecord, TopicPartition

Offsets = Mapping[TopicPartition, int]
"""Next offset to read, per partition."""

GroupMetadata = object
"""Opaque proof of membership (generation, member id), passed from a consumer to a transaction (engine rule 10)."""


class LogBounds(NamedTuple):
    """What a partition holds: records from ``start`` up to, but without, ``end`` (the high watermark)."""

    start: int
    end: int


class GroupStanding(NamedTuple):
    """How many members a consumer group has, and what it has committed. 0 members: nobody works on it."""

    members: int
    committed: Offsets


class FoundTopic(NamedTuple):
    """A topic as the cluster has it, and what this client may do with it. 0 partitions: there is none.

    ``stamped_by_writers``: the writer's clock gives records their timestamps; False also where that may not be asked.
    """

    partitions: int
    may_see: bool = True
    may_read: bool = True
    may_write: bool = True
    stamped_by_writers: bool = False


class Consumer(Protocol):
    """A member of a consumer group that reads committed records only and never commits by itself."""

    def subscribe(
        self,
        topics: Sequence[str],
        on_assigned: Callable[[Sequence[TopicPartition]], Offsets],
        on_revoked: Callable[[Sequence[TopicPartition]], None],
    ) -> None:
        """Join the group. ``on_assigned`` restores state and returns where to start; both run inside ``poll``."""
        ...

    def poll(self, max_records: int, timeout_seconds: float) -> list[ConsumerRecord]:
        """Records in partition order; returns as soon as there is any, or empty after the timeout."""
        ...

    def committed(self, partitions: Sequence[TopicPartition]) -> Offsets:
        """Committed offsets; waits until no transaction that carries offsets is open. None committed: log start."""
        ...

    def never_committed(self, partitions: Sequence[TopicPartition]) -> set[TopicPartition]:
        """Those of ``partitions`` for which the group has no offset: never committed, or forgotten by the broker."""
        ...

    def end_offsets(self, partitions: Sequence[TopicPartition]) -> Offsets:
        """High watermarks: the end of what is on the log now, open transactions and what lies behind them included.

        The last stable offset would be too early an end: records committed behind an open transaction are on the log
        and cannot be read yet (engine rule 6).
        """
        ...

    def positions(self) -> Offsets:
        """Up to where each assigned partition was handed over, transaction markers stepped over."""
        ...

    def seek(self, offsets: Offsets) -> None:
        """Continue reading at these offsets; an abort does not rewind by itself (engine rule 3)."""
        ...

    def pause(self, partitions: Sequence[TopicPartition]) -> None:
        """Hand over nothing from these until ``resume``; membership goes on. An assignment or ``seek`` undoes it."""
        ...

    def resume(self, partitions: Sequence[TopicPartition]) -> None:
        """Go on where ``pause`` stopped."""
        ...

    def commit(self, offsets: Offsets) -> None:
        """Commit outside a transaction, synchronously; for edges, after the work is done."""
        ...

    def group_metadata(self) -> GroupMetadata:
        """Membership as of now; take it right after the poll whose records the transaction covers."""
        ...

    def close(self) -> None:
        """Leave the group."""
        ...


class TransactionalProducer(Protocol):
    """Writes records and offsets atomically. After any TransactionDoubt only ``discard`` may be called."""

    def initialise(self) -> None:
        """Fence older producers with the same transactional id and abort what they left open.

        BrokerUnavailable: no answer yet; call it again on this same producer.
        """
        ...

    def begin(self) -> None:
        """Open a transaction."""
        ...

    def produce(self, record: ProducerRecord) -> None:
        """Add a record."""
        ...

    def flush(self) -> Mapping[TopicPartition, int]:
        """Wait until every record is acknowledged; next offset after the last record of each partition written to."""
        ...

    def send_offsets(self, offsets: Offsets, group: GroupMetadata) -> None:
        """Add the input offsets; a stale ``group`` raises TransactionDoubt, which is what fences zombies."""
        ...

    def commit(self) -> None:
        """Make all of it visible at once."""
        ...

    def discard(self) -> None:
        """Let go of the producer without waiting; never raises."""
        ...


class Producer(Protocol):
    """An idempotent producer (acks=all) for edges: at-least-once with stable ids."""

    def send(self, record: ProducerRecord, on_delivery: Callable[[Exception | None], None]) -> None:
        """Queue a record; ``on_delivery`` is called from another thread with None once it is durable.

        Raises BrokerUnavailable when the local queue is full, FatalError when it can never send again.
        """
        ...

    def watch_majority(self, notice: Callable[[bool], None]) -> None:
        """From now on ``notice`` is called, from another thread, with True when most brokers are out of reach.

        And with False when they are back. Nothing is said of what was the case before.
        """
        ...

    def watch_failure(self, notice: Callable[[FatalError], None]) -> None:
        """``notice`` is called, perhaps from another thread and more than once, when it can never send again."""
        ...

    def flush(self, timeout_seconds: float) -> int:
        """Wait for deliveries; how many are still open."""
        ...

    def close(self) -> None:
        """Flush briefly and let go."""
        ...


class Broker(Protocol):
    """Makes clients. One per process."""

    def consumer(self, group_id: str, instance_id: str | None) -> Consumer:
        """A group member; ``instance_id`` makes it a static one that takes over at once after a crash."""
        ...

    def transactional_producer(self, transactional_id: str) -> TransactionalProducer:
        """A producer for one slot; the id must be stable over restarts."""
        ...

    def producer(self) -> Producer:
        """A producer for an edge."""
        ...

    def read_to_end(self, starts: Offsets) -> Iterator[Iterable[ConsumerRecord]]:
        """Committed records from ``starts`` (or the log start, if later), in batches, up to the logs' ends of now.

        In order within a partition; a batch may hold records of several, and some that came after the question.
        The end is the high watermark, not the last stable offset: commit markers reach partitions one by one, so
        a transaction whose offsets are already visible may still be invisible here; reading waits for its marker.
        BrokerUnavailable: there is more, but for a while nothing came; the batches handed over until then are whole.
        """
        ...

    def log_bounds(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, LogBounds]:
        """What these partitions hold now."""
        ...

    def partitions_of(self, topics: Iterable[str]) -> list[TopicPartition]:
        """Every partition of those of ``topics`` that exist."""
        ...

    def describe(self, topics: Sequence[str]) -> Mapping[str, FoundTopic]:
        """What there is of these topics. BrokerUnavailable: not known for all of them."""
        ...

    def recorded_partitions(self, topic: str) -> int | None:
        """The number of partitions writers reckon with, whatever the cluster has; None: as many as there are."""
        ...

    def partition_of(self, key: bytes, partitions: int) -> int:
        """Where a record of this key is written that names no partition, in a topic of so many."""
        ...

    def consumer_groups(self) -> Mapping[str, GroupStanding]:
        """Every group the cluster shows us, by its id; those of other software on the cluster, too."""
        ...

    def cluster_id(self) -> str:
        """Which cluster this is; state kept locally for another one is worthless.

        Every process asks before it relies on the cluster, so UnsafeCluster is raised here (engine rule 7).
        """
        ...

    def ping(self, timeout_seconds: float) -> None:
        """Ask the cluster for metadata; raises BrokerUnavailable when it does not answer in time."""
        ...
