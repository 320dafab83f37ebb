"""The engine as real processes on a real broker: killed, frozen, robbed of its disk and its broker.

Whatever happens, every urge is counted exactly once and in order. The rules themselves are tested one by one, without
processes, in ``test_engine_rules``.
"""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.kafka import KafkaCluster
from deploy.local.polling import wait_until
from deploy.local.service_process import ServiceProcess
from deploy.topics.provision import provision
from shared.events import topics
from tests.component.engine.counter_bench import (
    LONG_DUE,
    TOPICS,
    CounterBench,
    Follower,
    counter_bench,
    is_frozen,
)
from tests.component.engine.counter_process import NAME

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaCluster]:
    """A cluster of this module's own, since it is killed and paused."""
    with KafkaCluster(tmp_path_factory.mktemp("kafka")) as running:
        provision(running.bootstrap_servers, TOPICS, running.replication_factor)
        yield running


@pytest.fixture(scope="module")
def follower(cluster: KafkaCluster) -> Iterator[Follower]:
    follower = Follower(cluster.bootstrap_servers, topics.LIFECYCLE)
    yield follower
    follower.close()


@pytest.fixture
def bench(cluster: KafkaCluster, follower: Follower, tmp_path: Path) -> Iterator[CounterBench]:
    with counter_bench(cluster, follower, tmp_path) as bench:
        yield bench


def wait_for_death(process: ServiceProcess) -> None:
    """Until the process died by SIGKILL, as it was told to."""
    wait_until(lambda: not process.is_alive, f"the crash; its log is {process.log_path}", timeout_seconds=20)
    assert process.exit_code == -signal.SIGKILL, process.log_tail()


# ---- SIGKILL at every point of a pass --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "point",
    ["after-poll", "after-begin", "mid-produce", "before-offsets", "after-offsets", "mid-commit", "after-commit"],
)
def test_a_process_killed_anywhere_in_a_transaction_counts_every_urge_once(bench: CounterBench, point: str) -> None:
    bench.feed(60)
    wait_for_death(bench.start(CRASH_POINT=f"{NAME}.{point}:3"))
    bench.start()
    bench.wait_for_all()
    bench.stop_all()
    bench.assert_exactly_once()


def test_a_process_killed_while_it_gives_up_its_partitions_counts_every_urge_once(bench: CounterBench) -> None:
    leaving = bench.start(CRASH_POINT=f"{NAME}.in-revoke")
    bench.feed(20)
    bench.wait_for_all()
    leaving.ask_to_stop()
    wait_for_death(leaving)
    bench.feed(20)
    bench.start()
    bench.wait_for_all()
    bench.stop_all()
    bench.assert_exactly_once()


def test_a_process_killed_between_a_doubt_and_its_repair_counts_every_urge_once(bench: CounterBench) -> None:
    """The broker falls silent in the middle of transactions; a commit slower than a second is a doubt."""
    bench.feed(4000)
    doubting = bench.start(CRASH_POINT=f"{NAME}.after-doubt-before-rewind")
    bench.wait_for(100)
    node = bench.cluster.nodes[0]
    node.pause()
    try:
        with pytest.raises(TimeoutError):
            wait_until(lambda: not doubting.is_alive, "the doubt to show in the silence", timeout_seconds=1.5)
    finally:
        node.resume()
    wait_for_death(doubting)
    bench.start(ENGINE__MAX_RECORDS="1000")
    bench.wait_for_all()
    bench.stop_all()
    bench.assert_exactly_once()


@pytest.mark.parametrize("point", ["before-fire", "after-fire-before-commit"])
def test_a_process_killed_around_a_timer_fires_it_once(bench: CounterBench, point: str) -> None:
    bench.feed(len(bench.cases), at=LONG_DUE)
    wait_for_death(bench.start(CRASH_POINT=f"{NAME}.{point}:2"))
    bench.start()
    bench.wait_for(2 * len(bench.cases))
    bench.stop_all()
    bench.assert_exactly_once()
    assert bench.closings() == dict.fromkeys(bench.cases, 1)


# ---- SIGSTOP: the zombie ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["reduce", "offsets", "commit"])
def test_a_process_that_slept_through_its_session_commits_nothing_when_it_wakes(bench: CounterBench, step: str) -> None:
    bench.feed(40)
    zombie = bench.start("a", FREEZE_AT=step, FREEZE_PASSAGE="2")
    wait_until(lambda: is_frozen(zombie), "the process to freeze itself", timeout_seconds=20)
    bench.start("b")
    bench.wait_for_all()
    bench.feed(40)
    zombie.resume()
    bench.wait_for_all()
    wait_until(lambda: knows_it_was_away(zombie), "the zombie to find out", timeout_seconds=20)
    bench.stop_all()
    bench.assert_exactly_once()


def test_a_transaction_whose_offsets_were_accepted_in_time_still_counts_and_the_next_owner_waits_for_it(
    bench: CounterBench,
) -> None:
    bench.feed(40)
    late = bench.start("a", FREEZE_AT="commit", FREEZE_PASSAGE="2", KAFKA__TRANSACTION_TIMEOUT_SECONDS="30")
    wait_until(lambda: is_frozen(late), "the process to freeze itself", timeout_seconds=20)
    bench.start("b")
    wait_until(lambda: bench.members() == {"b"}, "the frozen member to be put out", timeout_seconds=20)
    late.resume()
    bench.wait_for_all()
    bench.stop_all()
    bench.assert_exactly_once()


def knows_it_was_away(process: ServiceProcess) -> bool:
    """Its transaction was refused: it recovered, or it ended because another took its place."""
    return not process.is_alive or "transaction_in_doubt" in process.log_path.read_text()


# ---- the broker and the disk -----------------------------------------------------------------------------------------


def test_the_broker_killed_and_restarted_in_the_middle_costs_time_and_nothing_else(bench: CounterBench) -> None:
    bench.feed(6000)
    bench.start()
    counted = bench.wait_for(300)
    node = bench.cluster.nodes[0]
    node.kill()
    assert counted < 6000, "it was all over before the broker died"
    node.restart()
    bench.wait_for_all()
    bench.stop_all()
    bench.assert_exactly_once()


def test_a_state_directory_that_is_lost_is_rebuilt_from_the_changelog(bench: CounterBench) -> None:
    bench.feed(20)
    first = bench.start()
    bench.wait_for_all()
    first.kill()
    shutil.rmtree(bench.state_dir())
    bench.feed(20)
    bench.start()
    bench.wait_for_all()
    bench.stop_all()
    bench.assert_exactly_once()


def test_an_old_copy_of_the_state_directory_is_brought_up_to_date(bench: CounterBench, tmp_path: Path) -> None:
    for _ in range(2):
        bench.feed(20)
        running = bench.start()
        bench.wait_for_all()
        running.terminate()
        if not (tmp_path / "copy").exists():
            shutil.copytree(bench.state_dir(), tmp_path / "copy")
    shutil.rmtree(bench.state_dir())
    shutil.copytree(tmp_path / "copy", bench.state_dir())
    bench.feed(20)
    bench.start()
    bench.wait_for_all()
    bench.stop_all()
    bench.assert_exactly_once()
