"""Bouts on the counter: the engine with a tiny processor on a real broker, frozen where the race is.

For rules whose loss needs a process to sleep between two certain lines; in the whole bus that happens too seldom.
Every urge must be counted once and in order, and every case closed at most once.
"""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from deploy.local.kafka import KafkaCluster
from deploy.local.polling import DeadlineExceeded, wait_until
from deploy.local.ports import LOOPBACK
from deploy.local.service_process import ServiceProcess
from deploy.topics.provision import provision
from shared.events.ids import event_id
from shared.events.lifecycle import ComplaintClosed, UrgeRegistered
from tests.component.engine.counter_bench import LONG_DUE, TOPICS, CounterBench, is_frozen, urge_id
from tests.component.engine.counter_process import NAME
from tests.e2e.independent_reader import Read
from tests.support.kafka_proxy import ApiKey, KafkaProxy
from tests.torture.mutants.mutant import Mutant
from tests.torture.mutants.outcome import TrialOutcome
from tests.torture.mutants.patch_failure import patch_failure
from tests.torture.mutants.process import MUTANT_VARIABLE, SERVICE_VARIABLE

COUNTER_MODULE = "tests.component.engine.counter_process"
WITHIN_SECONDS = 30.0
REACT_SECONDS = 4.0
BATCH = 10  # as many urges as one transaction takes


class MutatedBench(CounterBench):
    """A bench whose processes carry the mutant, if there is one."""

    def __init__(self, cluster: KafkaCluster, proxy: KafkaProxy, directory: Path, mutant: Mutant | None) -> None:
        super().__init__(cluster, directory)
        self.proxy = proxy
        self._mutant = mutant

    def start(self, instance: str = "a", **variables: str) -> ServiceProcess:
        environment = self._environment(instance) | {f"CBUS_{name}": value for name, value in variables.items()}
        module = COUNTER_MODULE
        if self._mutant is not None:
            environment |= {MUTANT_VARIABLE: self._mutant.name, SERVICE_VARIABLE: COUNTER_MODULE}
            module = "tests.torture.mutants.process"
        process = ServiceProcess(
            NAME,
            log_directory=self.directory / "log",
            instance=instance,
            module=module,
            environment=environment,
        )
        process.start()
        self._processes.append(process)
        return process

    def start_and_let_freeze(self, instance: str, **variables: str) -> ServiceProcess:
        """Start a process that stops itself where ``variables`` say, and wait until it did."""
        process = self.start(instance, **variables)
        wait_until(lambda: is_frozen(process), "the process to freeze itself", timeout_seconds=WITHIN_SECONDS)
        return process

    def problems(self) -> dict[str, str]:
        """What is wrong with the case log, by kind, each with its first offender."""
        found: dict[str, str] = {}
        outcome = self.outcome()
        for place, case in enumerate(self.cases):
            fed = [urge_id(case, number) for number in range(place, self._urges, len(self.cases))]
            for kind, what in _wrong_with(fed, outcome[case]):
                found.setdefault(kind, f"{case}: {what}")
        return found


def _wrong_with(fed: Sequence[str], log: Sequence[Read]) -> Iterator[tuple[str, str]]:
    """Kinds of harm in the log of one case; ``fed`` are the ids of its urges, in order."""
    counted = [record for record in log if record.event_type == UrgeRegistered.event_type]
    times = Counter(record.event_id for record in counted)
    numbers = [record.data["urge_count"] for record in counted]
    closings = sum(record.event_type == ComplaintClosed.event_type for record in log)
    if missing := {event_id(urge, UrgeRegistered.event_type) for urge in fed} - times.keys():
        yield "lost", f"{len(missing)} of {len(fed)} urges are in no log"
    if len(counted) > len(times):
        yield "repeated", f"{len(counted)} records of {len(times)} urges"
    if numbers != list(range(1, len(numbers) + 1)):
        yield "misnumbered", f"counted {numbers[:30]}"
    if closings > 1:
        yield "fired twice", f"closed {closings} times"


def zombie_fires_timers(bench: MutatedBench, _: int) -> None:
    """One process falls asleep while it fires its first timer; another fires them all; the first wakes up."""
    cases = len(bench.cases)
    bench.feed(cases, at=LONG_DUE)
    zombie = bench.start_and_let_freeze("a", FREEZE_AT="reduce", FREEZE_PASSAGE=str(cases + 1))
    bench.start("b")
    bench.wait_for(2 * cases)
    zombie.resume()
    with contextlib.suppress(DeadlineExceeded):  # nothing more is what must come
        bench.wait_for(2 * cases + 1, timeout_seconds=REACT_SECONDS)


def zombie_works_on(bench: MutatedBench, seed: int) -> None:
    """One process falls asleep over a batch; another takes over and counts all; the first wakes up and commits."""
    urges = 40
    bench.feed(urges)
    zombie = bench.start_and_let_freeze("a", FREEZE_AT="reduce", FREEZE_PASSAGE=str(1 + seed % BATCH))
    bench.start("b")
    bench.wait_for(urges)
    zombie.resume()
    with contextlib.suppress(DeadlineExceeded):  # nothing more is what must come
        bench.wait_for(urges + 1, timeout_seconds=REACT_SECONDS)


def takeover_of_an_open_transaction(bench: MutatedBench, seed: int) -> None:
    """One process falls asleep before a commit whose offsets are accepted, and wakes up while another takes over."""
    bench.feed(40)
    late = bench.start_and_let_freeze(
        "a", FREEZE_AT="commit", FREEZE_PASSAGE=str(1 + seed % 3), KAFKA__TRANSACTION_TIMEOUT_SECONDS="60"
    )
    bench.start("b")
    wait_until(lambda: bench.members() == {"b"}, "the frozen one to be put out", timeout_seconds=WITHIN_SECONDS)
    time.sleep(REACT_SECONDS)  # as long as it wants to restore; in the right order it does not begin to
    late.resume()
    with contextlib.suppress(DeadlineExceeded):  # what is missing, the judge finds
        bench.wait_for(40, timeout_seconds=WITHIN_SECONDS)


def late_commit(bench: MutatedBench, _: int) -> None:
    """A copy of one transaction's EndTxn arrives when all output of the next is written; then SIGKILL and restart.

    The attack of ``tests/torture/test_late_end_txn.py`` (KAFKA-17754) that needs the least luck.
    """
    patient = {"KAFKA__TRANSACTION_TIMEOUT_SECONDS": "60"}  # else the broker's own abort may come first
    process = bench.start("a", **patient)
    bench.feed(BATCH)
    bench.wait_for_all()
    late = bench.proxy.hold(ApiKey.END_TXN)
    bench.feed(BATCH)
    late.wait(WITHIN_SECONDS)
    bench.feed(BATCH)
    offsets = bench.proxy.hold(ApiKey.ADD_OFFSETS_TO_TXN)
    late.cut()
    offsets.wait(WITHIN_SECONDS)
    late.deliver()
    process.kill()
    offsets.release()
    bench.start("a", **patient)
    with contextlib.suppress(DeadlineExceeded):
        bench.wait_for(3 * BATCH, timeout_seconds=WITHIN_SECONDS)


Bout = Callable[[MutatedBench, int], None]

BOUTS: Mapping[str, Bout] = {
    "late-commit": late_commit,
    "zombie-fires-timers": zombie_fires_timers,
    "zombie-works-on": zombie_works_on,
    "takeover-of-an-open-transaction": takeover_of_an_open_transaction,
}
"""By name."""


def try_on_the_counter(mutant: Mutant | None, bout: Bout, seed: int, directory: Path) -> TrialOutcome:
    """One bout on a broker of its own, behind a proxy."""
    started = time.monotonic()
    with _proxied_cluster(directory / "kafka") as (cluster, proxy):
        bench = MutatedBench(cluster, proxy, directory, mutant)
        try:
            bout(bench, seed)
            bench.stop_all()
            found = bench.problems()
        finally:
            bench.kill_all()
    seconds = round(time.monotonic() - started, 1)
    if fault := patch_failure(directory / "log"):
        return TrialOutcome(seed, seconds, problem=f"the patch itself failed: {fault}")
    return TrialOutcome(seed, seconds, tuple(found), next(iter(found.values()), ""))


@contextlib.contextmanager
def _proxied_cluster(directory: Path) -> Iterator[tuple[KafkaCluster, KafkaProxy]]:
    broker: list[tuple[str, int]] = [(LOOPBACK, 1)]  # nobody, until the broker is there
    with (
        KafkaProxy(lambda: broker[0]) as proxy,
        KafkaCluster(directory, advertised={1: proxy.address}) as cluster,
    ):
        address = cluster.nodes[0].address
        broker[0] = address.host, address.client_port
        provision(cluster.bootstrap_servers, TOPICS, cluster.replication_factor)
        yield cluster, proxy
