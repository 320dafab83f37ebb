"""The cluster in memory with the clients it makes: the Broker port."""

from __future__ import annotations

from shared.streaming.memory.cluster import MemoryCluster
from shared.streaming.memory.consumer import MemoryConsumer
from shared.streaming.memory.producer import MemoryProducer, MemoryTransactionalProducer


class MemoryBroker(MemoryCluster):
    """A cluster that makes clients. All made by one object see the same log."""

    def consumer(self, group_id: str, instance_id: str | None) -> MemoryConsumer:
        return MemoryConsumer(self, group_id, instance_id)

    def transactional_producer(self, transactional_id: str) -> MemoryTransactionalProducer:
        return MemoryTransactionalProducer(self, transactional_id)

    def producer(self) -> MemoryProducer:
        return MemoryProducer(self)
