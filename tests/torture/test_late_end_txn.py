"""The late EndTxn (KAFKA-17754): a copy of a commit or abort that arrives in the middle of the next transaction.

A proxy holds the EndTxn of one transaction, cuts its connection, lets the client end that transaction with the copy
it sends by itself and begin the next, and delivers the first copy in the middle of that. Each attack runs on the tiny
processor with its guard taken out (where it must do harm, or it proves nothing) and with the engine's guard. Account
and measurements: ``docs/late-end-txn.md``.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.local.kafka import KafkaCluster
from deploy.local.polling import DeadlineExceeded
from deploy.local.service_process import ServiceProcess
from deploy.topics.provision import provision
from tests.component.engine.counter_bench import TOPICS, CounterBench
from tests.component.engine.counter_process import NAME
from tests.support.kafka_proxy import ApiKey, EndTxn, HeldRequest, KafkaProxy, error_code

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.slow,
]

UNGUARDED, ENGINE = "carry_on_process", "counter_process"
WITHIN_SECONDS = 10.0
NO_ERROR, INVALID_PRODUCER_EPOCH, PRODUCER_FENCED = 0, 47, 90
Attack = Callable[["Stage", str], int]
ATTEMPTS = 12  # how a transaction's records fall into requests is the client's; now and then nothing is torn
BATCH = 10  # as many urges as one transaction takes


class Stage(CounterBench):
    """A bench behind the proxy."""

    def __init__(self, cluster: KafkaCluster, directory: Path, proxy: KafkaProxy) -> None:
        super().__init__(cluster, directory)
        self.proxy = proxy

    def play(self, module: str) -> ServiceProcess:
        """Start one of the processes."""
        process = ServiceProcess(
            NAME,
            log_directory=self.directory / "log",
            instance="a",
            module=f"tests.component.engine.{module}",
            environment=self._environment("a"),
        )
        process.start()
        self._processes.append(process)
        return process

    def hold(self, api_key: ApiKey, nth: int = 1) -> HeldRequest:
        """Hold the ``nth`` request of this kind from now on."""
        seen = Counter[int]()

        def is_wanted(_: object) -> bool:
            seen[api_key] += 1
            return seen[api_key] == nth

        return self.proxy.hold(api_key, is_wanted)

    def wait_for_the_end(self) -> None:
        """Until every urge is counted, or for ever lost; then stop."""
        with contextlib.suppress(DeadlineExceeded):  # what is missing, the test finds
            self.wait_for(self._urges, timeout_seconds=6.0)
        self.stop_all()

    def is_exactly_once(self) -> bool:
        try:
            self.assert_exactly_once()
        except AssertionError:
            return False
        return True

    def missing_and_repeated(self) -> tuple[int, int]:
        """How many urges never reached the case log, and how many records in it are repeats."""
        found = Counter(record.event_id for records in self.outcome().values() for record in records)
        return self._urges - len(found), found.total() - len(found)


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[KafkaCluster, KafkaProxy]]:
    """One broker behind a proxy. It does not time transactions out, or it would do the guard's work."""
    broker: list[tuple[str, int]] = [("127.0.0.1", 1)]  # nobody, until the broker is there
    with KafkaProxy(lambda: broker[0]) as proxy:
        cluster = KafkaCluster(
            tmp_path_factory.mktemp("kafka"),
            advertised={1: proxy.address},
            properties={"transaction.abort.timed.out.transaction.cleanup.interval.ms": "600000"},
        )
        with cluster:
            address = cluster.nodes[0].address
            broker[0] = address.host, address.client_port
            provision(cluster.bootstrap_servers, TOPICS, cluster.replication_factor)
            yield cluster, proxy


@pytest.fixture
def stage(proxied: tuple[KafkaCluster, KafkaProxy], tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(proxied[0], tmp_path, proxied[1])
    try:
        yield stage
    finally:
        stage.kill_all()


# ---- the attacks; each returns the broker's answer to the late copy ------------------------------------------------


def hold_a_commit(stage: Stage) -> HeldRequest:
    """One transaction is done, the EndTxn of the second is held, records for the third are there."""
    stage.feed(BATCH)
    stage.wait_for_all()
    late = stage.hold(ApiKey.END_TXN)
    stage.feed(BATCH)
    assert EndTxn.parse(late.wait(WITHIN_SECONDS)).committed
    stage.feed(BATCH)
    return late


def commit_late_then_kill(stage: Stage, module: str) -> int:
    """The late commit comes when all output of the next transaction is written and its offsets are not; then SIGKILL.

    The output is committed without the offsets, so the next process makes it again.
    """
    process = stage.play(module)
    late = hold_a_commit(stage)
    offsets = stage.hold(ApiKey.ADD_OFFSETS_TO_TXN)
    late.cut()
    offsets.wait(WITHIN_SECONDS)
    answer = error_code(late.deliver())
    process.kill()
    offsets.release()
    stage.play(module)
    return answer


def commit_late_between_two_writes(stage: Stage, module: str) -> int:
    """The late commit comes after the first write of the next transaction and before the second: half is committed.

    Nobody dies. Which half it is depends on the partition that was written first.
    """
    stage.play(module)
    late = hold_a_commit(stage)
    write = stage.hold(ApiKey.PRODUCE, nth=2)
    late.cut()
    write.wait(WITHIN_SECONDS)
    answer = error_code(late.deliver())
    write.release()
    return answer


def abort_late(stage: Stage, module: str) -> int:
    """The late abort of a failed transaction comes when all output of its second try is written.

    The output is aborted; the offsets, which come after it, are committed. Nobody dies and nobody sees an error.
    """
    stage.play(module)
    stage.feed(BATCH)
    stage.wait_for_all()
    offsets = stage.hold(ApiKey.ADD_OFFSETS_TO_TXN)
    late = stage.hold(ApiKey.END_TXN)
    stage.feed(BATCH)
    offsets.wait(WITHIN_SECONDS)
    # The client waits its three seconds for the offsets, then aborts, on a connection of its own.
    assert not EndTxn.parse(late.wait(WITHIN_SECONDS)).committed
    again = stage.hold(ApiKey.ADD_OFFSETS_TO_TXN)
    late.cut()
    again.wait(WITHIN_SECONDS)
    answer = error_code(late.deliver())
    again.release()
    return answer


COMMIT_ATTACKS = pytest.mark.parametrize("attack", [commit_late_then_kill, commit_late_between_two_writes])


# ---- without the guard ---------------------------------------------------------------------------------------------


@COMMIT_ATTACKS
def test_without_the_guard_a_late_commit_tears_the_next_transaction(stage: Stage, attack: Attack) -> None:
    for _ in range(ATTEMPTS):
        assert attack(stage, UNGUARDED) == NO_ERROR
        stage.wait_for_the_end()
        if not stage.is_exactly_once():
            return
    pytest.fail(f"{ATTEMPTS} late commits did no harm: the tests with the guard prove nothing")


def test_without_the_guard_a_late_abort_loses_a_batch_in_silence(stage: Stage) -> None:
    assert abort_late(stage, UNGUARDED) == NO_ERROR
    stage.wait_for_the_end()
    missing, _ = stage.missing_and_repeated()
    assert missing > 0


# ---- with it -------------------------------------------------------------------------------------------------------


@COMMIT_ATTACKS
def test_with_the_guard_a_late_commit_is_refused_and_nothing_is_torn(stage: Stage, attack: Attack) -> None:
    answer = attack(stage, ENGINE)
    stage.wait_for_the_end()
    assert answer in (INVALID_PRODUCER_EPOCH, PRODUCER_FENCED)
    stage.assert_exactly_once()


def test_the_engine_never_sends_an_abort_that_could_be_late(stage: Stage) -> None:
    stage.play(ENGINE)
    stage.feed(BATCH)
    stage.wait_for_all()
    offsets = stage.hold(ApiKey.ADD_OFFSETS_TO_TXN)
    abort = stage.proxy.hold(ApiKey.END_TXN, lambda request: not EndTxn.parse(request).committed)
    stage.feed(BATCH)
    offsets.wait(WITHIN_SECONDS)
    stage.wait_for_all()  # the offsets never come through; a new producer does the work
    stage.stop_all()
    assert not abort.is_caught
    stage.assert_exactly_once()
