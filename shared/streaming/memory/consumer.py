"""A group member in memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from shared.errors import BrokerUnavailable, FatalError
from shared.streaming.broker import GroupMetadata, Offsets
from shared.streaming.memory.cluster import MemoryCluster
from shared.streaming.memory.groups import Member, Membership
from shared.streaming.records import ConsumerRecord, TopicPartition


def _nothing(_partitions: Sequence[TopicPartition]) -> Offsets:
    return {}


class MemoryConsumer:
    """Reads committed records of its partitions; learns of rebalances at ``poll``."""

    def __init__(self, broker: MemoryCluster, group_id: str, instance_id: str | None) -> None:
        self._broker = broker
        self._group = broker.group(group_id)
        self._instance_id = instance_id
        self._member: Member | None = None
        self._positions: dict[TopicPartition, int] = {}
        self._paused: set[TopicPartition] = set()
        self._on_assigned: Callable[[Sequence[TopicPartition]], Offsets] = _nothing
        self._on_revoked: Callable[[Sequence[TopicPartition]], object] = _nothing

    def subscribe(
        self,
        topics: Sequence[str],
        on_assigned: Callable[[Sequence[TopicPartition]], Offsets],
        on_revoked: Callable[[Sequence[TopicPartition]], None],
    ) -> None:
        with self._broker.changed:
            self._on_assigned, self._on_revoked = on_assigned, on_revoked
            self._member = self._group.join(self._instance_id, topics)

    def poll(self, max_records: int, timeout_seconds: float) -> list[ConsumerRecord]:
        deadline = time.monotonic() + timeout_seconds
        with self._broker.changed:
            while True:
                self._follow_rebalance()
                records = self._take(max_records) if self._broker.available else []
                remaining = deadline - time.monotonic()
                if records or remaining <= 0:
                    return records
                self._broker.changed.wait(remaining)

    def committed(self, partitions: Sequence[TopicPartition]) -> Offsets:
        """Unlike Kafka's, this does not wait for an open transaction but asks to be called again."""
        with self._broker.changed:
            self._broker.require_available()
            if self._broker.has_pending_offsets(self._group.group_id, partitions):
                raise BrokerUnavailable("a transaction with offsets of these partitions is open")
            return {partition: self._group.committed.get(partition, 0) for partition in partitions}

    def never_committed(self, partitions: Sequence[TopicPartition]) -> set[TopicPartition]:
        with self._broker.changed:
            self._broker.require_available()
            return set(partitions) - self._group.committed.keys()

    def end_offsets(self, partitions: Sequence[TopicPartition]) -> Offsets:
        with self._broker.changed:
            self._broker.require_available()
            return {partition: self._broker.log_end(partition) for partition in partitions}

    def positions(self) -> Offsets:
        return self._positions

    def seek(self, offsets: Offsets) -> None:
        self._positions.update(offsets)
        self._paused.clear()

    def pause(self, partitions: Sequence[TopicPartition]) -> None:
        self._paused.update(partitions)

    def resume(self, partitions: Sequence[TopicPartition]) -> None:
        self._paused.difference_update(partitions)

    def commit(self, offsets: Offsets) -> None:
        with self._broker.changed:
            self._broker.require_available()
            if self._member is None or not self._group.is_current(self._membership()):
                raise BrokerUnavailable("the group has moved on; these partitions belong to another member")
            self._group.committed.update(offsets)

    def group_metadata(self) -> GroupMetadata:
        return self._membership()

    def close(self) -> None:
        with self._broker.changed:
            if self._member is not None:
                self._group.leave(self._member)
                self._member = None

    def expire(self) -> None:
        """Test hook: the session times out, as if the process had been stopped for too long."""
        with self._broker.changed:
            if self._member is not None:
                self._group.leave(self._member)

    def _membership(self) -> Membership:
        member = self._member
        if member is None or not self._group.has(member):
            return Membership(self._group.group_id, "", -1)
        return Membership(self._group.group_id, member.member_id, member.seen_generation)

    def _follow_rebalance(self) -> None:
        member = self._member
        if member is None:
            return
        if member.fenced:
            raise FatalError("another process joined with this instance id")
        held_partitions = member.seen_generation > 0
        if not self._group.has(member):  # its session expired: what it held is lost, then it joins anew
            member = self._member = self._group.join(self._instance_id, member.topics)
        if member.seen_generation == self._group.generation:
            return
        if held_partitions:
            self._on_revoked(list(self._positions))
            member.holds = False
            self._broker.changed.notify_all()
        self._positions = {}
        self._await_the_others(member)
        member.seen_generation = self._group.generation
        self._paused.clear()
        member.holds = True
        self._positions = dict(self._on_assigned(list(member.partitions)))

    def _await_the_others(self, member: Member) -> None:
        """Until nobody holds what is given anew, or the broker's patience is over; others go on meanwhile."""
        until = time.monotonic() + self._broker.rebalance_patience_seconds
        while self._group.is_held_by_others(member) and (remaining := until - time.monotonic()) > 0:
            self._broker.changed.wait(remaining)

    def _take(self, max_records: int) -> list[ConsumerRecord]:
        taken: list[ConsumerRecord] = []
        for partition in self._served(self._readable()):
            position = self._positions[partition]
            records = self._broker.read(partition, position)[: max_records - len(taken)]
            taken.extend(records)
            cut = len(taken) >= max_records
            self._positions[partition] = records[-1].offset + 1 if cut and records else self._end(partition, position)
            if cut:
                break
        return taken

    def _readable(self) -> list[TopicPartition]:
        """Partitions with something to hand over or a marker to step over, as they were assigned."""
        ends = self._broker.stable_end
        return [tp for tp, position in self._positions.items() if position < ends(tp) and tp not in self._paused]

    def _served(self, readable: list[TopicPartition]) -> Sequence[TopicPartition]:
        """Test hook: those of ``readable`` that one poll serves, first served first."""
        return readable

    def _end(self, partition: TopicPartition, position: int) -> int:
        """Everything visible was handed over: step over markers too."""
        return max(position, self._broker.stable_end(partition))
