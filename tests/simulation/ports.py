"""One process's view of the cluster in memory: the same cluster, every call announced as an effect."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from shared.streaming.broker import GroupMetadata, Offsets
from shared.streaming.memory import MemoryBroker
from shared.streaming.memory.consumer import MemoryConsumer
from shared.streaming.memory.groups import Membership
from shared.streaming.memory.producer import MemoryTransactionalProducer
from shared.streaming.records import ConsumerRecord, ProducerRecord, TopicPartition
from tests.simulation.serving import Serving

AboutTo = Callable[[str], None]


class SimulatedProducer(MemoryTransactionalProducer):
    """Announces every step of a transaction."""

    def __init__(self, cluster: MemoryBroker, transactional_id: str, about_to: AboutTo) -> None:
        super().__init__(cluster, transactional_id)
        self._about_to = about_to

    def initialise(self) -> None:
        self._about_to("initialise")
        super().initialise()

    def begin(self) -> None:
        self._about_to("begin")
        super().begin()

    def produce(self, record: ProducerRecord) -> None:
        self._about_to("produce")
        super().produce(record)

    def flush(self) -> Offsets:
        self._about_to("flush")
        return super().flush()

    def send_offsets(self, offsets: Offsets, group: GroupMetadata) -> None:
        self._about_to("offsets")
        super().send_offsets(offsets, group)

    def commit(self) -> None:
        self._about_to("commit")
        super().commit()
        self._about_to("answer to commit")


class SimulatedConsumer(MemoryConsumer):
    """Announces every question to the broker; what a poll hands over, and in which order, is drawn."""

    def __init__(
        self, cluster: MemoryBroker, group_id: str, instance_id: str | None, about_to: AboutTo, serving: Serving
    ) -> None:
        super().__init__(cluster, group_id, instance_id)
        self._about_to = about_to
        self._serving = serving
        self._expelled: Membership | None = None

    def poll(self, max_records: int, timeout_seconds: float) -> list[ConsumerRecord]:
        self._about_to("poll")
        records = super().poll(max_records, 0.0)
        self._expelled = self._membership_lost()
        return self._serving.mixed(records)

    def _served(self, readable: list[TopicPartition]) -> Sequence[TopicPartition]:
        return self._serving.partitions(readable)

    def group_metadata(self) -> GroupMetadata:
        metadata = self._expelled or super().group_metadata()
        self._about_to("reduce")
        return metadata

    def _membership_lost(self) -> Membership | None:
        """A membership that ended within the poll: a static member's is still checked by the broker, and stale."""
        member = self._member
        if member is None or self._group.has(member):
            return None
        return Membership(self._group.group_id, member.member_id, member.seen_generation)

    def committed(self, partitions: Sequence[TopicPartition]) -> Offsets:
        self._about_to("committed")
        return super().committed(partitions)

    def end_offsets(self, partitions: Sequence[TopicPartition]) -> Offsets:
        self._about_to("end offsets")
        return super().end_offsets(partitions)


class SimulatedBroker:
    """What a process is given as its broker."""

    def __init__(self, cluster: MemoryBroker, about_to: AboutTo, serving: Serving) -> None:
        self._cluster = cluster
        self._about_to = about_to
        self._serving = serving
        self.consumers: list[SimulatedConsumer] = []

    def transactional_producer(self, transactional_id: str) -> SimulatedProducer:
        return SimulatedProducer(self._cluster, transactional_id, self._about_to)

    def consumer(self, group_id: str, instance_id: str | None) -> SimulatedConsumer:
        consumer = SimulatedConsumer(self._cluster, group_id, instance_id, self._about_to, self._serving)
        self.consumers.append(consumer)
        return consumer

    def read_to_end(self, starts: Offsets) -> Iterator[Iterable[ConsumerRecord]]:
        for partition, start in starts.items():  # each may be the last one that is read
            self._about_to("restore")
            yield from self._cluster.read_to_end({partition: start})

    def __getattr__(self, name: str) -> object:
        return getattr(self._cluster, name)
