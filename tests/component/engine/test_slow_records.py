"""Slow records: a pass of them ends in time, and one that hangs does not end a process twice.

In memory, with a processor that really works that long; with real processes, one that hangs for ever.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from deploy.local.kafka import KafkaCluster
from deploy.local.polling import wait_until
from deploy.topics.provision import provision
from shared.errors import TransactionDoubt
from shared.events import topics
from shared.streaming.memory import MemoryBroker
from tests.component.engine.counter_bench import DEADLINE_SECONDS, counter_bench, urge_id
from tests.component.engine.counter_bench import TOPICS as BENCH_TOPICS
from tests.component.engine.counter_process import NAME
from tests.component.engine.harness import START, TOPICS, Process, closings, urge, urges_seen
from tests.e2e.independent_reader import read_all


@pytest.fixture
def broker() -> MemoryBroker:
    return MemoryBroker(TOPICS)


def work(seconds: float) -> None:
    """Use the processor for so long, as a reducer does that takes a record apart."""
    begun = time.thread_time()
    while time.thread_time() - begun < seconds:
        pass


def test_a_pass_of_slow_records_commits_in_time_and_handles_each_once(broker: MemoryBroker, tmp_path: Path) -> None:
    process = Process(broker, tmp_path, pass_seconds=0.05)
    process.run(2)
    process.faults.during_reduce = lambda: work(0.02)
    for number in range(1, 31):
        urge(broker, number)
    first = process.loop.run_once()
    assert 1 <= first <= 3, "not all thirty"
    assert urges_seen(broker) == list(range(1, first + 1)), "and they are committed"
    process.run(30)
    assert urges_seen(broker) == list(range(1, 31))


def test_what_a_pass_left_keeps_timers_waiting(broker: MemoryBroker, tmp_path: Path) -> None:
    """The case is to be closed an hour after its last urge; that one is read, and not handled yet."""
    process = Process(broker, tmp_path, pass_seconds=0.05)
    urge(broker, 1)
    process.run()
    for number in (2, 3):
        urge(broker, number, at=START + timedelta(hours=2))
    process.clock.set(START + timedelta(hours=2))
    process.faults.during_reduce = lambda: work(0.06)
    process.faults.during_fire = lambda: pytest.fail("fired before its input was handled")
    process.run(8)
    assert urges_seen(broker) == [1, 2, 3]


def test_a_record_that_cost_the_membership_becomes_a_dead_letter_when_it_comes_again(
    broker: MemoryBroker, tmp_path: Path
) -> None:
    process = Process(broker, tmp_path, too_long_seconds=0.1)
    process.run(2)
    hung = list[int]()

    def hang() -> None:
        hung.append(1)
        work(0.15)
        process.broker.consumers[0].expire()  # so long that the group gave its place to others

    process.faults.during_reduce = hang
    urge(broker, 1)
    process.loop.run_once()
    assert urges_seen(broker) == []
    process.run()
    assert len(hung) == 1
    (letter,) = broker.records(topics.dead_letter_topic("counter"))
    assert dict(letter.headers)["dlq_reason"] == b"too_slow"
    process.faults.during_reduce = lambda: None
    urge(broker, 2)
    process.run()
    assert urges_seen(broker) == [1], "the others get on"


def test_a_slow_record_that_was_committed_is_no_dead_letter(broker: MemoryBroker, tmp_path: Path) -> None:
    process = Process(broker, tmp_path, too_long_seconds=0.05)
    process.faults.during_reduce = lambda: work(0.06)
    urge(broker, 1)
    process.run()
    assert urges_seen(broker) == [1]
    process.faults.during_reduce = lambda: None
    process.faults.before_flush = fail_once(TransactionDoubt("something else"))
    urge(broker, 2)
    process.run()
    assert urges_seen(broker) == [1, 2]
    assert broker.records(topics.dead_letter_topic("counter")) == []


def test_a_timer_that_ended_a_process_is_set_aside_by_the_next_and_the_others_fire(
    broker: MemoryBroker, tmp_path: Path
) -> None:
    process = Process(broker, tmp_path, too_long_seconds=0.05)
    urge(broker, 1)
    process.run()

    def hang() -> None:
        work(0.06)
        process.loop.in_hand.look()  # the watching thread
        raise SystemExit

    process.faults.during_fire = hang
    process.clock.set(START + timedelta(hours=2))
    with pytest.raises(SystemExit):
        process.run()
    process.broker.consumers[0].expire()
    successor = Process(broker, tmp_path, too_long_seconds=0.05)
    successor.faults.during_fire = lambda: pytest.fail("tried again")
    successor.clock.set(START + timedelta(hours=2))
    urge(broker, 2)
    successor.run()
    assert urges_seen(broker) == [1, 2]
    assert closings(broker) == 0


def fail_once(error: Exception) -> Callable[[], None]:
    """A fault that happens the first time only."""
    pending = [error]

    def fault() -> None:
        if pending:
            raise pending.pop()

    return fault


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaCluster]:
    with KafkaCluster(tmp_path_factory.mktemp("kafka")) as running:
        provision(running.bootstrap_servers, BENCH_TOPICS, running.replication_factor)
        yield running


@pytest.mark.kafka
@pytest.mark.slow
@pytest.mark.parametrize("seconds", [7.0, float("inf")], ids=["put out of the group", "killed"])
def test_a_record_on_which_a_process_hangs_costs_it_its_place_once_and_never_again(
    cluster: KafkaCluster, tmp_path: Path, seconds: float
) -> None:
    """A static member keeps its place for a session beyond the poll interval: two seconds after three, here."""
    with counter_bench(cluster, tmp_path) as bench:
        bench.feed(40)
        poisoned = bench.cases[0]
        settings = {
            "POISON": urge_id(poisoned, 20),
            "POISON_SECONDS": str(seconds),
            "KAFKA__POLL_INTERVAL_SECONDS": "3",
        }
        process = bench.start(**settings)
        wait_until(
            lambda: "takes_too_long" in process.log_path.read_text(), "the note", timeout_seconds=DEADLINE_SECONDS
        )
        if seconds > DEADLINE_SECONDS:
            process.kill()  # as an orchestrator does when /live has failed for long enough
            process = bench.start(**settings)
        bench.wait_for(39)
        assert process.is_alive
        wait_until(process.is_ready, "the place to be its own again", timeout_seconds=DEADLINE_SECONDS)
        bench.stop_all()
        letters = topics.dead_letter_topic(NAME)
        (letter,) = [
            letter for letter in read_all(cluster.bootstrap_servers, [letters])[letters] if letter.key in bench.cases
        ]
        assert letter.key == poisoned
        assert {case: len(records) for case, records in bench.outcome().items()} == {
            case: 9 if case == poisoned else 10 for case in bench.cases
        }
