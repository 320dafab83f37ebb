"""Consumer groups in memory: members, generations, range assignment, committed offsets."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from shared.streaming.records import TopicPartition


class Membership(NamedTuple):
    """Proof of membership, as a transaction carries it."""

    group_id: str
    member_id: str
    generation: int


@dataclass(slots=True)
class Member:
    """One member; ``seen_generation`` is the one whose assignment it has taken, ``holds`` while it works on it."""

    member_id: str
    instance_id: str | None
    topics: Sequence[str]
    partitions: list[TopicPartition] = field(default_factory=list)
    seen_generation: int = 0
    fenced: bool = False
    holds: bool = False


class Group:
    """A group. A change of members makes a new generation at once; slow members find out at their next poll."""

    def __init__(self, group_id: str, partitions_of: Callable[[str], list[TopicPartition]]) -> None:
        self.group_id = group_id
        self.generation = 0
        self.committed: dict[TopicPartition, int] = {}
        self._partitions_of = partitions_of
        self._members: dict[str, Member] = {}
        self._numbers = itertools.count(1)

    def join(self, instance_id: str | None, topics: Sequence[str]) -> Member:
        """A new member; one with the same instance id is fenced."""
        for old in [m for m in self._members.values() if instance_id is not None and m.instance_id == instance_id]:
            old.fenced = True
            del self._members[old.member_id]
        member = Member(f"member-{next(self._numbers)}", instance_id, topics)
        self._members[member.member_id] = member
        self._rebalance()
        return member

    def leave(self, member: Member) -> None:
        """Remove a member: it left, or its session expired."""
        if self._members.pop(member.member_id, None) is not None:
            self._rebalance()

    @property
    def size(self) -> int:
        """How many members it has."""
        return len(self._members)

    def has(self, member: Member) -> bool:
        """True while ``member`` belongs to the group."""
        return member.member_id in self._members

    def is_held_by_others(self, member: Member) -> bool:
        """Whether somebody else still works on what an earlier generation gave it."""
        others = (each for each in self._members.values() if each is not member)
        return any(other.holds and other.seen_generation < self.generation for other in others)

    def is_current(self, membership: Membership) -> bool:
        """True when ``membership`` is of this generation; anything else is a zombie's.

        As in Kafka, one without member and generation is not checked at all: that is what a consumer tells after it
        lost its membership, and why the engine takes the metadata right after the poll (rule 10).
        """
        if membership.generation < 0 and not membership.member_id:
            return True
        return membership.generation == self.generation and membership.member_id in self._members

    def _rebalance(self) -> None:
        self.generation += 1
        members = sorted(self._members.values(), key=lambda member: member.member_id)
        for member in members:
            member.partitions = []
        for topic in sorted({topic for member in members for topic in member.topics}):
            self._assign_range(topic, [member for member in members if topic in member.topics])

    def _assign_range(self, topic: str, members: list[Member]) -> None:
        """Partition i of all topics goes to the same member, as Kafka's range assignor does."""
        partitions = self._partitions_of(topic)
        share, extra = divmod(len(partitions), len(members))
        start = 0
        for index, member in enumerate(members):
            end = start + share + (1 if index < extra else 0)
            member.partitions.extend(partitions[start:end])
            start = end
