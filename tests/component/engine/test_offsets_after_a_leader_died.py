"""A leader died: what a partition holds, and where it ends, is still told rightly, or not at all.

A client that knew the dead leader asks it first. Silence must not be taken for an empty changelog (everything in it
would happen twice) or for inputs read to their end (timers would fire early).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.kafka import KafkaCluster
from deploy.topics.provision import provision
from shared.errors import BrokerUnavailable
from shared.settings import KafkaSettings
from shared.streaming.kafka import KafkaBroker
from shared.streaming.records import ProducerRecord, TopicPartition
from tests.component.local_stack.topics import SampleTopic

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

TOPIC = "changelog.v1"
PARTITIONS = [TopicPartition(TOPIC, number) for number in range(3)]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[KafkaCluster]:
    with KafkaCluster(tmp_path / "kafka", nodes=3) as running:
        provision(running.bootstrap_servers, [SampleTopic(TOPIC, len(PARTITIONS))], running.replication_factor)
        yield running


def write(broker: KafkaBroker, count: int) -> None:
    """``count`` records into each partition, durable."""
    producer, reports = broker.producer(), list[Exception | None]()
    for partition in PARTITIONS:
        for _ in range(count):
            producer.send(ProducerRecord(TOPIC, b"key", b"value", [], partition.partition), reports.append)
    assert producer.flush(60) == 0
    producer.close()
    assert set(reports) == {None}


def read(broker: KafkaBroker, partition: TopicPartition) -> int:
    """How many records there are."""
    return sum(len(list(records)) for records in broker.read_to_end({partition: 0}))


def test_after_its_leader_died_a_partition_is_read_to_its_real_end(cluster: KafkaCluster) -> None:
    settings = KafkaSettings(bootstrap_servers=cluster.bootstrap_servers, delivery_timeout_seconds=60)
    broker = KafkaBroker(settings)
    consumer = broker.consumer("group", None)
    write(broker, 10)
    assert [read(broker, partition) for partition in PARTITIONS] == [10, 10, 10]  # now it knows the leaders

    cluster.leader(TOPIC, 0).kill()
    write(broker, 5)

    assert consumer.end_offsets(PARTITIONS) == dict.fromkeys(PARTITIONS, 15)
    assert [read(broker, partition) for partition in PARTITIONS] == [15, 15, 15]
    consumer.close()


def test_without_any_broker_nothing_is_said(cluster: KafkaCluster) -> None:
    broker = KafkaBroker(KafkaSettings(bootstrap_servers=cluster.bootstrap_servers))
    consumer = broker.consumer("group", None)
    write(broker, 1)
    assert read(broker, PARTITIONS[0]) == 1
    for node in cluster.nodes:
        node.pause()
    try:
        with pytest.raises(BrokerUnavailable):
            consumer.end_offsets(PARTITIONS)
        with pytest.raises(BrokerUnavailable):
            read(broker, PARTITIONS[0])
        with pytest.raises(BrokerUnavailable):
            consumer.committed(PARTITIONS)
    finally:
        for node in cluster.nodes:
            node.resume()
        consumer.close()
