"""The engine as real processes on a real broker: killed, frozen, robbed of its disk and its broker.

Whatever happens, every urge is counted exactly once and in order. The rules themselves are tested one by one, without
processes, in ``test_engine_rules``.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer
from kafka import KafkaAdminClient, KafkaConsumer
from kafka.admin import ConfigResource, ConfigResourceType

from deploy.local.kafka import KafkaCluster
from deploy.local.polling import wait_until
from deploy.local.service_process import ServiceProcess
from deploy.topics.provision import provision
from shared.errors import ClusterMismatch, FatalError
from shared.events import topics
from shared.settings import KafkaSettings
from shared.streaming.broker import GroupMetadata, TransactionalProducer
from shared.streaming.records import ProducerRecord, TopicPartition
from tests.component.engine.counter_bench import (
    DEADLINE_SECONDS,
    LONG_DUE,
    TOPICS,
    CounterBench,
    counter_bench,
    is_frozen,
)
from tests.component.engine.counter_process import NAME, small_cluster
from tests.e2e.independent_reader import read_all

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaCluster]:
    """A cluster of this module's own, since it is killed and paused."""
    with KafkaCluster(tmp_path_factory.mktemp("kafka")) as running:
        provision(running.bootstrap_servers, TOPICS, running.replication_factor)
        yield running


@pytest.fixture
def bench(cluster: KafkaCluster, tmp_path: Path) -> Iterator[CounterBench]:
    with counter_bench(cluster, tmp_path) as bench:
        yield bench


def wait_for_death(process: ServiceProcess) -> None:
    """Until the process died by SIGKILL, as it was told to."""
    wait_until(
        lambda: not process.is_alive, f"the crash; its log is {process.log_path}", timeout_seconds=DEADLINE_SECONDS
    )
    assert process.exit_code == -signal.SIGKILL, process.log_tail()


# ---- SIGKILL at every point of a pass --------------------------------------------------------------------------------

IN_A_TRANSACTION = (
    "after-poll",
    "after-begin",
    "mid-produce",
    "before-offsets",
    "after-offsets",
    "mid-commit",
    "after-commit",
)


def test_killed_at_every_point_of_a_transaction_in_turn_every_urge_is_counted_once(bench: CounterBench) -> None:
    """Each process finds what the one before left behind, and dies at the next point, at its second passage."""
    for point in IN_A_TRANSACTION:
        bench.feed(30)
        wait_for_death(bench.start(CRASH_POINT=f"{NAME}.{point}:2"))
    bench.start()
    bench.wait_for_all()
    bench.stop_all()
    bench.assert_exactly_once()


def test_killed_around_firing_a_timer_it_fires_once(bench: CounterBench) -> None:
    bench.feed(len(bench.cases), at=LONG_DUE)
    for point in ("before-fire:2", "after-fire-before-commit"):
        wait_for_death(bench.start(CRASH_POINT=f"{NAME}.{point}"))
    bench.start()
    bench.wait_for(2 * len(bench.cases))
    bench.stop_all()
    bench.assert_exactly_once()
    assert bench.closings() == dict.fromkeys(bench.cases, 1)


def test_killed_while_giving_up_its_partitions_and_its_disk_lost_every_urge_is_counted_once(
    bench: CounterBench,
) -> None:
    bench.feed(20)
    leaving = bench.start(CRASH_POINT=f"{NAME}.in-revoke")
    bench.wait_for_all()
    leaving.ask_to_stop()
    wait_for_death(leaving)
    shutil.rmtree(bench.state_dir())
    bench.feed(20)
    bench.start()
    bench.wait_for_all()
    bench.stop_all()
    bench.assert_exactly_once()


# ---- SIGSTOP: the zombie ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "step",
    ["reduce", "offsets", "commit"],
    ids=["before its transaction", "in its transaction", "with its offsets accepted"],
)
def test_a_process_that_slept_through_its_session_commits_nothing_when_it_wakes(bench: CounterBench, step: str) -> None:
    bench.feed(40)
    zombie = bench.start("a", FREEZE_AT=step, FREEZE_PASSAGE="2")
    wait_until(lambda: is_frozen(zombie), "the process to freeze itself", timeout_seconds=DEADLINE_SECONDS)
    bench.start("b")
    bench.wait_for_all()
    bench.feed(40)
    zombie.resume()
    bench.wait_for_all()
    wait_until(lambda: knows_it_was_away(zombie), "the zombie to find out", timeout_seconds=DEADLINE_SECONDS)
    bench.stop_all()
    bench.assert_exactly_once()


def test_offsets_accepted_before_the_session_ended_count_and_the_next_owner_waits_for_them(
    bench: CounterBench,
) -> None:
    bench.feed(40)
    late = bench.start("a", FREEZE_AT="commit", FREEZE_PASSAGE="2", KAFKA__TRANSACTION_TIMEOUT_SECONDS="60")
    wait_until(lambda: is_frozen(late), "the process to freeze itself", timeout_seconds=DEADLINE_SECONDS)
    bench.start("b")
    wait_until(lambda: bench.members() == {"b"}, "the frozen one to be put out", timeout_seconds=DEADLINE_SECONDS)
    late.resume()
    bench.wait_for_all()
    bench.stop_all()
    bench.assert_exactly_once()


def knows_it_was_away(process: ServiceProcess) -> bool:
    """Its transaction was refused: it recovers, or it ended because another took its place."""
    return not process.is_alive or "transaction_in_doubt" in process.log_path.read_text()


# ---- the broker and the disk -----------------------------------------------------------------------------------------


def test_the_broker_killed_and_restarted_costs_time_and_nothing_else(bench: CounterBench) -> None:
    """Once in the middle of a transaction, the process killed in the repair too; once while there is nothing to do."""
    patient = {"KAFKA__SESSION_TIMEOUT_SECONDS": "30", "KAFKA__TRANSACTION_TIMEOUT_SECONDS": "30"}
    bench.feed(60)
    doubting = bench.start(
        FREEZE_AT="offsets", FREEZE_PASSAGE="3", CRASH_POINT=f"{NAME}.after-doubt-before-rewind", **patient
    )
    wait_until(lambda: is_frozen(doubting), "the process to freeze itself", timeout_seconds=DEADLINE_SECONDS)
    kill_and_restart_broker(bench)
    doubting.resume()
    wait_for_death(doubting)
    surviving = bench.start(**patient)
    bench.wait_for_all()
    kill_and_restart_broker(bench)
    bench.feed(60)
    bench.wait_for_all()
    assert surviving.is_alive, surviving.log_tail()
    bench.stop_all()
    bench.assert_exactly_once()


def kill_and_restart_broker(bench: CounterBench) -> None:
    """SIGKILL; the same data and port again."""
    bench.stop_following()
    node = bench.cluster.nodes[0]
    node.kill()
    node.restart()


def test_an_old_copy_of_the_disk_is_brought_up_to_date(bench: CounterBench, tmp_path: Path) -> None:
    disk, copy = bench.state_dir(), tmp_path / "copy"
    count_some_and_die(bench)
    shutil.copytree(disk, copy)
    count_some_and_die(bench)
    shutil.rmtree(disk)
    shutil.copytree(copy, disk)
    bench.feed(20)
    bench.start()
    bench.wait_for_all()
    bench.stop_all()
    bench.assert_exactly_once()


def count_some_and_die(bench: CounterBench) -> None:
    """A process that counts twenty urges and is killed."""
    bench.feed(20)
    running = bench.start()
    bench.wait_for_all()
    running.kill()


# ---- what somebody may write -----------------------------------------------------------------------------------------


def test_a_record_as_large_as_the_broker_takes_becomes_a_dead_letter_and_stops_nobody(bench: CounterBench) -> None:
    """Its letter is larger still; refused, it would be read again for ever."""
    servers = bench.cluster.bootstrap_servers
    case, value = bench.cases[0], b'"%s"' % (b"x" * 1_048_000)
    producer = Producer({"bootstrap.servers": servers, "message.max.bytes": 2_000_000})
    producer.produce(topics.RECEIVED, value, case)
    assert producer.flush(10) == 0
    bench.feed(20)
    bench.start()
    bench.wait_for_all()
    bench.stop_all()
    assert dead_letter_of(bench, case).value == value


def dead_letter_of(bench: CounterBench, case: str) -> Any:
    """The first dead letter of ``case``."""
    letters = topics.dead_letter_topic(NAME)
    servers = bench.cluster.bootstrap_servers
    reader = KafkaConsumer(letters, bootstrap_servers=servers, auto_offset_reset="earliest", consumer_timeout_ms=10_000)
    try:
        return next(record for record in reader if record.key == case.encode())
    finally:
        reader.close()


def test_a_record_that_only_compression_made_small_enough_is_put_aside_without_its_value(bench: CounterBench) -> None:
    """A broker limits what it stores, compressed; the library what it is given: the letter could never be sent."""
    case, value = bench.cases[0], b'"%s"' % (b"x" * 2_000_000)
    producer = Producer(
        {
            "bootstrap.servers": bench.cluster.bootstrap_servers,
            "message.max.bytes": 5_000_000,
            "compression.type": "gzip",
        }
    )
    producer.produce(topics.RECEIVED, value, case, headers={"x": b"kept"})
    assert producer.flush(10) == 0
    bench.feed(20)
    bench.start()
    bench.wait_for_all()
    bench.stop_all()
    letter = dead_letter_of(bench, case)
    assert letter.value is None
    assert dict(letter.headers)["x"] == b"kept"
    assert dict(letter.headers)["dlq_value_bytes"] == b"2000002"


def test_a_topic_that_takes_less_than_the_bus_writes_ends_the_process_with_the_reason(bench: CounterBench) -> None:
    """Nobody but a person can mend that, hence EX_CONFIG (docs/decisions/0011); until then nothing is lost, and nothing
    is half visible.
    """
    bench.feed(20)
    with largest_record(bench.cluster, topics.LIFECYCLE, 100):
        stopped = bench.start()
        wait_until(lambda: not stopped.is_alive, "the process to give up", timeout_seconds=DEADLINE_SECONDS)
        assert stopped.exit_code == ClusterMismatch.exit_code == 78
        assert "MSG_SIZE_TOO_LARGE" in stopped.log_path.read_text()
        assert "max.message.bytes" in stopped.log_path.read_text()
        assert not bench.outcome()
    bench.start()
    bench.wait_for_all()
    bench.stop_all()
    bench.assert_exactly_once()


def finish(producer: TransactionalProducer, group: GroupMetadata) -> None:
    """What the engine does once the records are written."""
    producer.flush()
    producer.send_offsets({TopicPartition(topics.RECEIVED, 0): 1}, group)
    producer.commit()


@contextmanager
def largest_record(cluster: KafkaCluster, topic: str, size_bytes: int) -> Iterator[None]:
    """While it lasts, the broker refuses what is larger."""
    admin = KafkaAdminClient(bootstrap_servers=cluster.bootstrap_servers)
    resource = ConfigResource(ConfigResourceType.TOPIC, topic, {"max.message.bytes": str(size_bytes)})
    default = ConfigResource(ConfigResourceType.TOPIC, topic, {"max.message.bytes": "1048588"})
    try:
        admin.alter_configs([resource])
        yield
    finally:
        admin.alter_configs([default])
        admin.close()


# ---- rule 2 with the real client -------------------------------------------------------------------------------------


def test_rule_2_of_a_transaction_with_a_failed_delivery_nothing_becomes_visible(bench: CounterBench) -> None:
    """The broker refuses one record of two, and no retry helps."""
    broker = small_cluster(KafkaSettings(bootstrap_servers=bench.cluster.bootstrap_servers))
    key = bench.cases[0].encode()
    consumer = broker.consumer("rule-2", None)
    producer = broker.transactional_producer(f"rule-2-{key.decode()}")
    producer.initialise()
    with largest_record(bench.cluster, topics.LIFECYCLE, 1_000):
        producer.begin()
        producer.produce(ProducerRecord(topics.RECEIVED, key, b"{}", []))
        producer.produce(ProducerRecord(topics.LIFECYCLE, key, os.urandom(5_000), []))
        with pytest.raises(FatalError, match="MSG_SIZE_TOO_LARGE"):
            finish(producer, consumer.group_metadata())
    producer.discard()
    successor = broker.transactional_producer(f"rule-2-{key.decode()}")
    successor.initialise()
    successor.discard()
    consumer.close()
    found = read_all(bench.cluster.bootstrap_servers, [topics.RECEIVED, topics.LIFECYCLE])
    assert [record for records in found.values() for record in records if record.key == key.decode()] == []
