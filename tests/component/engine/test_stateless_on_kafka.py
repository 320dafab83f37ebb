"""A processor without state as real processes on a real broker, judged by the counter's bench: nothing lost or doubled.

The cluster has no changelog for it, and a second input with other partitions.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.local.kafka import KafkaCluster
from deploy.local.polling import wait_until
from deploy.topics.provision import provision
from shared.events import topics
from tests.component.engine.counter_bench import DEADLINE_SECONDS, TOPICS, CounterBench, counter_bench
from tests.component.engine.counter_process import NAME
from tests.component.engine.test_engine_on_kafka import IN_A_TRANSACTION, wait_for_death

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

MODULE = "tests.component.engine.relay_process"
STATELESS_TOPICS = (
    *(topic for topic in TOPICS if topic.name != topics.state_topic(NAME)),
    *(replace(topic, partitions=3) for topic in topics.bus_topics([]) if topic.name == topics.SLA_EVENTS),
)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaCluster]:
    with KafkaCluster(tmp_path_factory.mktemp("kafka")) as running:
        provision(running.bootstrap_servers, STATELESS_TOPICS, running.replication_factor)
        yield running


@pytest.fixture
def bench(cluster: KafkaCluster, tmp_path: Path) -> Iterator[CounterBench]:
    with counter_bench(cluster, tmp_path, MODULE) as bench:
        yield bench


def test_killed_at_every_point_of_a_transaction_in_turn_every_urge_is_told_once(bench: CounterBench) -> None:
    for point in IN_A_TRANSACTION:
        bench.feed(30)
        wait_for_death(bench.start(CRASH_POINT=f"{NAME}.{point}:2"))
    bench.start()
    bench.wait_for_all()
    bench.stop_all()
    bench.assert_exactly_once()
    assert not list(bench.state_dir().rglob("*.sqlite"))


def test_a_member_that_slept_through_its_session_commits_nothing_when_it_wakes(bench: CounterBench) -> None:
    bench.feed(40)
    zombie = bench.start("a")
    bench.wait_for_all()
    zombie.pause()
    bench.start("b")
    bench.feed(40)
    bench.wait_for_all()
    zombie.resume()
    bench.feed(40)
    bench.wait_for_all()
    bench.stop_all()
    bench.assert_exactly_once()


def test_killed_while_giving_up_its_partitions_the_next_goes_on(bench: CounterBench) -> None:
    bench.feed(20)
    leaving = bench.start(CRASH_POINT=f"{NAME}.in-revoke")
    bench.wait_for_all()
    leaving.ask_to_stop()
    wait_until(lambda: not leaving.is_alive, "the end of the first", timeout_seconds=DEADLINE_SECONDS)
    assert leaving.exit_code == -signal.SIGKILL
    bench.feed(20)
    bench.start()
    bench.wait_for_all()
    bench.stop_all()
    bench.assert_exactly_once()
