"""Where the only broker is killed: while transactions may be open, but none is decided and not marked."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from kafka.admin import KafkaAdminClient, TransactionState

from deploy.local.polling import wait_until
from deploy.local.service_process import ServiceProcess
from deploy.topics.provision import provision
from shared.events.topics import Topic
from shared.settings import KafkaSettings
from shared.streaming.broker import TransactionalProducer
from shared.streaming.kafka import KafkaBroker
from shared.streaming.records import ProducerRecord
from tests.support.between_commits import between_commits, half_done, is_paused

pytestmark = pytest.mark.kafka


def begun(bootstrap: str, topic: str) -> TransactionalProducer:
    """A producer with an open transaction that wrote one record."""
    provision(bootstrap, [Topic(topic, "test", (), "test", (), partitions=12)], 1)
    settings = KafkaSettings(bootstrap_servers=bootstrap, transaction_timeout_seconds=60)
    producer = KafkaBroker(settings).transactional_producer(topic)
    producer.initialise()
    producer.begin()
    producer.produce(ProducerRecord(topic, b"key", b"value", [], 0))
    producer.flush()
    return producer


def test_an_open_transaction_is_not_half_done(kafka_bootstrap: str, unique_name: Callable[[str], str]) -> None:
    topic = unique_name("open")
    producer = begun(kafka_bootstrap, topic)
    admin = KafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    try:
        states = {each.transactional_id: each.state for all_of in admin.list_transactions().values() for each in all_of}
        assert states[topic] is TransactionState.ONGOING
        assert topic not in half_done(admin)
    finally:
        admin.close()
        producer.commit()


@pytest.fixture
def sleepers(tmp_path: Path) -> list[ServiceProcess]:
    """Three processes that do nothing; the first was paused by somebody else, the second has ended."""
    started = [
        ServiceProcess("sleeper", instance=str(number), module="tests.support.sleeper", log_directory=tmp_path)
        for number in range(3)
    ]
    for process in started:
        process.start()
    started[0].pause()
    started[1].kill()
    wait_until(lambda: is_paused(started[0]), "the pause", timeout_seconds=10)
    return started


def test_only_what_ran_is_held_and_let_go_again(kafka_bootstrap: str, sleepers: list[ServiceProcess]) -> None:
    """Whatever happens inside, nobody stays held; who was paused on purpose stays paused."""
    paused_before, dead, running = sleepers
    try:
        with suppress(ZeroDivisionError), between_commits(sleepers, kafka_bootstrap):
            assert is_paused(running)
            raise ZeroDivisionError
        wait_until(lambda: not is_paused(running), "it to go on", timeout_seconds=10)
        assert is_paused(paused_before)
        assert not dead.is_alive
    finally:
        for process in sleepers:
            process.kill()
