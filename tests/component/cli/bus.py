"""Writing on a real bus, and running ``cbus`` against it."""

from __future__ import annotations

import json
from contextlib import closing
from typing import Any

from confluent_kafka import Producer
from typer.testing import CliRunner, Result

from deploy.topics.provision import provision
from services.cli.app import app
from services.cli.bus.kafka_access import open_reader, open_writer, scan, to_kafka
from shared.events.topics import bus_topics
from shared.settings import KafkaSettings
from shared.streaming.records import ConsumerRecord, ProducerRecord, TopicPartition

_BY_KEY = -1


class Bus:
    """The topics of one department, and the shared ones, on the session's broker."""

    def __init__(self, bootstrap: str, department: str) -> None:
        self.bootstrap = bootstrap
        self.department = department
        self.settings = KafkaSettings(bootstrap_servers=bootstrap)
        provision(bootstrap, bus_topics([department]), 1)

    def write(self, *records: ConsumerRecord | ProducerRecord) -> None:
        """Write records as they are, placed by their keys, and wait until they are durable."""
        with closing(open_writer(self.settings)) as writer:
            for record in records:
                writer.send(record.topic, key=record.key, value=record.value, headers=list(record.headers)).get(10)

    def write_anything(self, record: ConsumerRecord | ProducerRecord, partition: int | None = None) -> None:
        """Write as a department may, with another client: headers without a value, any partition."""
        producer = Producer({"bootstrap.servers": self.bootstrap, "partitioner": "murmur2_random"})
        place = _BY_KEY if partition is None else partition
        producer.produce(record.topic, record.value, record.key, partition=place, headers=list(record.headers))
        assert producer.flush(10) == 0

    def records(self, topic: str) -> list[ConsumerRecord]:
        """Everything on a topic."""
        with closing(open_reader(self.settings)) as reader:
            partitions = [TopicPartition(topic, number) for number in sorted(reader.partitions_for_topic(topic))]
            return list(scan(reader, partitions))

    def end(self, topic: str, partition: int) -> int:
        """The end of a partition."""
        with closing(open_reader(self.settings)) as reader:
            tp = to_kafka(TopicPartition(topic, partition))
            return int(reader.end_offsets([tp])[tp])

    def cbus(self, *arguments: str) -> Result:
        """Run ``cbus`` with these arguments against this bus."""
        return CliRunner().invoke(app, [*arguments, "--bootstrap", self.bootstrap], catch_exceptions=False)

    def cbus_json(self, *arguments: str) -> Any:
        """Run with ``--json``; must succeed."""
        result = self.cbus(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)
