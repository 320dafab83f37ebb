"""Where the bus's own writers put a key: where the number of partitions on record says, whatever there is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.errors import UnknownTopicOrPartitionError
from kafka.partitioner.default import murmur2 as murmur2_in_python

from services.cli.bus.kafka_access import RecordedPartitions
from shared.events.topics import PARTITIONS, RECEIVED, bus_topics, department_updates_topic, recorded_partitions
from shared.streaming.kafka.partitioning import BY_THE_LIBRARY, Partitioner

PARTITION_OF = Partitioner(recorded_partitions)


class Cluster:
    """As many partitions as the test says."""

    def __init__(self, partitions: int) -> None:
        self._partitions = partitions

    def partitions_for_topic(self, _topic: str) -> set[int]:
        return set(range(self._partitions))


@given(key=st.binary(max_size=80), surplus=st.integers(0, 5))
def test_both_clients_put_a_key_where_java_does_and_never_into_a_surplus_partition(key: bytes, surplus: int) -> None:
    expected = (murmur2_in_python(key) & 0x7FFFFFFF) % PARTITIONS
    cluster: Any = Cluster(PARTITIONS + surplus)
    assert PARTITION_OF(RECEIVED, key, b"value") == expected
    assert RecordedPartitions().partition(RECEIVED, None, key, None, None, cluster) == expected


@given(value=st.none() | st.binary(max_size=40))
def test_a_record_without_a_key_stays_within_them_too(value: bytes | None) -> None:
    assert PARTITION_OF(department_updates_topic("logistics"), None, value) in range(PARTITIONS)


def test_every_topic_of_the_bus_is_on_record_and_no_other() -> None:
    for topic in bus_topics(["logistics", "a-department-that-comes-later"]):
        assert recorded_partitions(topic.name) == topic.partitions
    assert recorded_partitions("somebody.elses.v1") is None
    assert PARTITION_OF("somebody.elses.v1", b"key", b"value") == BY_THE_LIBRARY


def test_a_topic_with_too_few_is_named() -> None:
    cluster: Any = Cluster(1)
    with pytest.raises(UnknownTopicOrPartitionError, match=r"a\.v1 has no partition \d+; it should have 12"):
        RecordedPartitions().partition("a.v1", None, b"foobar", None, None, cluster)
