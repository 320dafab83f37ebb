"""Whether the consumer groups have read all there is: asked of the broker, not of the services.

A transaction's end marker takes an offset, so a group that has read everything still stands one or more short of the
end. What counts is whether a committed record lies between its offset and the end. While many offsets lie there nobody
need look: reading what a group is behind by would only hold it up.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from shared.events.clients import SERVICES, subscriptions
from shared.events.topics import PARTITIONS

CALM_CHECKS = 2
CHECK_INTERVAL_SECONDS = 0.5
READ_WITHIN_SECONDS = 30.0
MANY_OFFSETS = 5_000


def inputs_of_groups(departments: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Consumer groups and the topics each must have read before the bus counts as idle."""
    return subscriptions(SERVICES, departments)


def wait_drained(
    bootstrap: str, inputs: Mapping[str, Sequence[str]], timeout_seconds: float, progress: Callable[[str], None]
) -> dict[str, int]:
    """Wait until no group has unread records in several looks in a row; what is left unread when time is up."""
    deadline = time.monotonic() + timeout_seconds
    calm = 0
    while True:
        left = backlog(bootstrap, inputs)
        calm = 0 if left else calm + 1
        if calm >= CALM_CHECKS or time.monotonic() >= deadline:
            return left
        progress(f"draining: {left or 'nothing left'}")
        time.sleep(CHECK_INTERVAL_SECONDS)


def backlog(bootstrap: str, inputs: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Committed records each group has not finished with, or offsets if they are many; idle groups are left out.

    A group whose coordinator is moving, or whose offsets wait for a transaction's marker, is counted as one behind.
    """
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    counts: dict[str, int] = {}
    for group, topics in inputs.items():
        try:
            counts[group] = _unread(bootstrap, admin, _committed(admin, group, topics))
        except (KafkaException, TimeoutError):
            counts[group] = 1
    return {group: count for group, count in counts.items() if count}


def _offsets_left(admin: AdminClient, positions: Sequence[TopicPartition]) -> int:
    """Offsets from the positions to the ends of the logs, markers and aborted records included."""
    latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
    wanted = {TopicPartition(each.topic, each.partition): latest for each in positions}
    ends = {(place.topic, place.partition): answer for place, answer in admin.list_offsets(wanted).items()}
    return sum(ends[each.topic, each.partition].result(timeout=20).offset - each.offset for each in positions)


def _committed(admin: AdminClient, group: str, topics: Sequence[str]) -> list[TopicPartition]:
    """Where the group stands. KafkaException: not known now, for one of the partitions or more."""
    wanted = [TopicPartition(topic, partition) for topic in topics for partition in range(PARTITIONS)]
    request = [ConsumerGroupTopicPartitions(group, wanted)]
    answer = admin.list_consumer_group_offsets(request, require_stable=True)[group].result(timeout=20)
    found = answer.topic_partitions or []
    for place in found:
        if place.error is not None:
            raise KafkaException(place.error)
    return [TopicPartition(place.topic, place.partition, max(place.offset, 0)) for place in found]


def _unread(bootstrap: str, admin: AdminClient, positions: list[TopicPartition]) -> int:
    left = _offsets_left(admin, positions)
    if left > MANY_OFFSETS:
        return left
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "torture-drain-unused",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "log_level": 0,
        }
    )
    try:
        consumer.assign(positions)
        return _count_to_the_ends(consumer, len(positions))
    finally:
        consumer.close()


def _count_to_the_ends(consumer: Consumer, partitions: int) -> int:
    ended: set[tuple[str | None, int | None]] = set()
    count = 0
    deadline = time.monotonic() + READ_WITHIN_SECONDS
    while len(ended) < partitions:
        if time.monotonic() > deadline:
            return max(count, 1)  # an end that cannot be reached is not an end: an open transaction holds it
        for message in consumer.consume(1000, timeout=0.2):
            error = message.error()
            if error is None:
                count += 1
            elif error.code() == KafkaError._PARTITION_EOF:
                ended.add((message.topic(), message.partition()))
            elif not error.retriable():
                raise KafkaException(error)
    return count
