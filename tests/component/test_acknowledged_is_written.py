"""What counts as acknowledged is on the log, also where the client library takes for written what no broker has.

librdkafka reports success for a refused batch once a later one of the same partition was accepted. Usually the broker
has both. A broker that has just become leader, and never heard of the producer, accepts the later one alone (Kafka
4.3.1 with librdkafka 2.16: in transactions as well).
"""

from __future__ import annotations

from collections.abc import Iterator
from queue import Queue

import pytest

from deploy.local.kafka import KafkaCluster
from deploy.topics.provision import provision
from shared.errors import BrokerUnavailable, TransactionDoubt
from shared.events import topics
from shared.settings import KafkaSettings
from shared.streaming.kafka import KafkaBroker
from shared.streaming.records import ProducerRecord, TopicPartition
from tests.support.leader_change_proxy import LeaderChangeProxy

pytestmark = pytest.mark.kafka

WITHIN_SECONDS = 30.0
ELSEWHERE = 11


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LeaderChangeProxy]:
    broker = ("127.0.0.1", 0)
    with LeaderChangeProxy(lambda: broker) as proxy:
        directory = tmp_path_factory.mktemp("leader-change") / "kafka"
        with KafkaCluster(directory, advertised={1: proxy.address}) as cluster:
            host, _, port = cluster.nodes[0].address.bootstrap.partition(":")
            broker = (host, int(port))
            provision(cluster.bootstrap_servers, topics.bus_topics([]), cluster.replication_factor)
            yield proxy


@pytest.fixture
def broker(proxy: LeaderChangeProxy) -> KafkaBroker:
    return KafkaBroker(KafkaSettings(bootstrap_servers=proxy.address, delivery_timeout_seconds=20))


def record(value: bytes, partition: int) -> ProducerRecord:
    return ProducerRecord(topics.RECEIVED, b"key", value, [], partition)


def values_on(broker: KafkaBroker, partition: int) -> list[bytes | None]:
    place = TopicPartition(topics.RECEIVED, partition)
    return [each.value for batch in broker.read_to_end({place: 0}) for each in batch]


def test_an_edge_is_not_told_that_a_lost_record_is_durable(proxy: LeaderChangeProxy, broker: KafkaBroker) -> None:
    producer = broker.producer()
    reports: dict[bytes, Queue[Exception | None]] = {value: Queue() for value in (b"warm", b"first", b"second")}

    def send(value: bytes, partition: int) -> None:
        producer.send(record(value, partition), reports[value].put)

    send(b"warm", ELSEWHERE)
    assert reports[b"warm"].get(timeout=WITHIN_SECONDS) is None
    proxy.change_leader(topics.RECEIVED)
    send(b"first", 0)
    assert proxy.has_refused.wait(WITHIN_SECONDS)
    send(b"second", 0)
    said = {value: reports[value].get(timeout=WITHIN_SECONDS) for value in (b"first", b"second")}
    producer.close()
    written = values_on(broker, 0)
    assert said[b"second"] is None
    assert b"second" in written
    assert isinstance(said[b"first"], BrokerUnavailable) or b"first" in written


def test_a_transaction_that_lost_a_record_is_not_committed(proxy: LeaderChangeProxy, broker: KafkaBroker) -> None:
    producer = broker.transactional_producer("leader-change")
    producer.initialise()
    producer.begin()
    producer.produce(record(b"warm", ELSEWHERE))
    producer.flush()
    proxy.change_leader(topics.RECEIVED)
    producer.produce(record(b"first", 1))
    assert proxy.has_refused.wait(WITHIN_SECONDS)
    producer.produce(record(b"second", 1))
    try:
        producer.flush()
        producer.commit()
    except TransactionDoubt:
        producer.discard()
        successor = broker.transactional_producer("leader-change")  # aborts what was left open
        successor.initialise()
        successor.discard()
    written = values_on(broker, 1)
    assert (b"first" in written) is (b"second" in written), "all of the transaction, or nothing"
