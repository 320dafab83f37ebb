"""Which partitions this member works on: of the first input those it was given, and the same numbers of all others.

State is kept per partition number, so whoever has partition 7 of one input must have partition 7 of all of them. The
group's assignment gives that only while all members subscribe to the same topics, each with as many partitions. While a
department is being added, members with and without it live side by side; a topic with a partition more is spread over
the members in other places than the rest. But all members subscribe to the first input, and each of its partitions is
given to one of them: so the owner of that one owns the number, whoever was given the others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from shared.streaming.records import TopicPartition

_DIGEST_CHARACTERS = 8


def owned(assigned: Iterable[TopicPartition], input_topics: Sequence[str], partitions: int) -> list[TopicPartition]:
    """All inputs of the numbers this member owns; numbers from ``partitions`` on are nobody's."""
    first = input_topics[0]
    numbers = sorted(place.partition for place in assigned if place.topic == first and place.partition < partitions)
    return [TopicPartition(topic, number) for topic in input_topics for number in numbers]


def member_name(instance_id: str, input_topics: Iterable[str]) -> str:
    """The static member's name: another one when the subscription changes.

    A static member that comes back in time is given its old partitions without anybody looking at what it subscribes
    to now (KIP-345), so topics that are new would belong to nobody.
    """
    subscription = " ".join(sorted(input_topics)).encode()
    return f"{instance_id}-{hashlib.sha256(subscription).hexdigest()[:_DIGEST_CHARACTERS]}"
