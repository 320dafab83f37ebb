"""Both brokers pass the same suite; what passes on memory alone proves nothing about Kafka."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from deploy.topics.provision import provision
from shared.events.topics import Topic
from shared.settings import KafkaSettings
from shared.streaming.kafka import KafkaBroker
from shared.streaming.memory import MemoryBroker
from tests.contract.broker_conformance import Bench, BrokerConformance


class TestMemoryBroker(BrokerConformance):
    """The broker of unit tests and simulation."""

    @pytest.fixture
    def bench(self) -> Bench:
        return Bench(MemoryBroker({"in": 2, "out": 2}), "in", "out", "group")


@pytest.mark.kafka
class TestKafkaBroker(BrokerConformance):
    """The real one."""

    @pytest.fixture
    def bench(self, kafka_bootstrap: str, unique_name: Callable[[str], str]) -> Bench:
        source, target = unique_name("in"), unique_name("out")
        topics = [Topic(name, "test", (), "test", (), partitions=2) for name in (source, target)]
        provision(kafka_bootstrap, topics, 1)
        broker = KafkaBroker(KafkaSettings(bootstrap_servers=kafka_bootstrap, session_timeout_seconds=6))
        return Bench(broker, source, target, unique_name("group"))
