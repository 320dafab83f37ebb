"""On a real broker: committed records are read, aborted ones reported, an open transaction is found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from tests.torture.check.history import History
from tests.torture.check.kafka_reading import read_bus
from tests.torture.check.rules.settled import settled
from tests.torture.check.run_files import Run
from tests.unit.torture_check.synthetic import uuid_of

pytestmark = pytest.mark.kafka


@pytest.fixture
def topic(kafka_bootstrap: str, topic_prefix: str) -> str:
    name = f"{topic_prefix}.events"
    admin = AdminClient({"bootstrap.servers": kafka_bootstrap})  # must live until the answer is there
    admin.create_topics([NewTopic(name, 2)])[name].result(30)
    return name


@contextmanager
def transaction_of(bootstrap: str, name: str) -> Iterator[Producer]:
    producer = Producer({"bootstrap.servers": bootstrap, "transactional.id": name})
    producer.init_transactions(30)
    producer.begin_transaction()
    yield producer
    producer.flush(30)


def read(bootstrap: str, topic: str) -> History:
    return read_bus(History(Run(bootstrap, (topic,), (), Path(), 1.0, 10.0)))


def write(producer: Producer, topic: str, *names: str) -> None:
    for name in names:
        headers: list[tuple[str, str | bytes | None]] = [("ce_type", name.encode()), ("ce_id", uuid_of(name).encode())]
        producer.produce(topic, b"{}", uuid_of(name), headers=headers)


def test_committed_records_are_read_and_aborted_ones_are_only_reported(kafka_bootstrap: str, topic: str) -> None:
    with transaction_of(kafka_bootstrap, f"{topic}-a") as producer:
        write(producer, topic, "one", "two")
        producer.commit_transaction(30)
        producer.begin_transaction()
        write(producer, topic, "three")
        producer.flush(30)
        producer.abort_transaction(30)
    history = read(kafka_bootstrap, topic)
    assert {record.event_type for record in history.all_records()} == {"one", "two"}
    assert [record.event_type for record in history.aborted] == ["three"]
    assert settled(history).passed


def test_a_transaction_left_open_is_found_and_what_is_in_it_is_not_read(kafka_bootstrap: str, topic: str) -> None:
    with transaction_of(kafka_bootstrap, f"{topic}-b") as producer:
        write(producer, topic, "waiting")
        producer.flush(30)
        history = read(kafka_bootstrap, topic)
        producer.abort_transaction(30)
    assert list(history.all_records()) == []
    assert [record.event_type for record in history.aborted] == ["waiting"]
    assert settled(history).breaches == 1
