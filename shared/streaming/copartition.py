"""Which of the assigned partitions this member may work on: only numbers of which it has every topic.

State is kept per partition number, so whoever has partition 7 of one input must have partition 7 of all of them. The
group's assignment promises that only while all members subscribe to the same topics. While a department is being added,
members with and without it live side by side, and one may be given its topic alone, for numbers another member owns.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from shared.streaming.records import TopicPartition

_DIGEST_CHARACTERS = 8


def whole_numbers(assigned: Sequence[TopicPartition], input_topics: Sequence[str]) -> list[TopicPartition]:
    """Those of ``assigned`` whose number is there for every topic that was assigned at all, and for the first input."""
    given = {partition.topic for partition in assigned} | set(input_topics[:1])
    topics_of: dict[int, set[str]] = {}
    for partition in assigned:
        topics_of.setdefault(partition.partition, set()).add(partition.topic)
    return [partition for partition in assigned if topics_of[partition.partition] == given]


def member_name(instance_id: str, input_topics: Iterable[str]) -> str:
    """The static member's name: another one when the subscription changes.

    A static member that comes back in time is given its old partitions without anybody looking at what it subscribes
    to now (KIP-345), so topics that are new would belong to nobody.
    """
    subscription = " ".join(sorted(input_topics)).encode()
    return f"{instance_id}-{hashlib.sha256(subscription).hexdigest()[:_DIGEST_CHARACTERS]}"
