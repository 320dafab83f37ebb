"""A bench for the tiny processor on a real cluster: feeds it, starts and freezes its processes, reads what came of it.

Reading is done with kafka-python, committed records only: not the client that wrote them.
"""

from __future__ import annotations

import subprocess
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

from deploy.local.kafka import KafkaCluster
from deploy.local.polling import wait_until
from deploy.local.service_process import ServiceProcess
from shared.events import topics
from shared.events.ids import complaint_id, event_id
from shared.events.lifecycle import ComplaintClosed, UrgeRegistered
from shared.events.received import ComplaintUrged
from shared.events.registry import encode
from shared.settings import KafkaSettings
from shared.streaming.records import ProducerRecord
from tests.component.engine.counter_process import NAME, PARTITIONS, small_cluster
from tests.e2e.independent_reader import Read, read_all

COUNTER = "tests.component.engine.counter_process"
SESSION_SECONDS = 2
DEADLINE_SECONDS = 60.0
TOPICS = tuple(
    replace(topic, partitions=PARTITIONS)
    for topic in topics.bus_topics([])
    if topic.name in (topics.RECEIVED, topics.LIFECYCLE, topics.state_topic(NAME), topics.dead_letter_topic(NAME))
)
NEVER_DUE = datetime(2200, 1, 1, tzinfo=UTC)
LONG_DUE = datetime(2026, 3, 2, tzinfo=UTC)


class Follower:
    """Reads a topic on and on, from the beginning: how far the counter has come."""

    def __init__(self, bootstrap_servers: str, topic: str) -> None:
        self._consumer = KafkaConsumer(
            bootstrap_servers=bootstrap_servers,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        self._consumer.assign([TopicPartition(topic, number) for number in range(PARTITIONS)])
        self._keys: list[str] = []

    def count(self, keys: Iterable[str]) -> int:
        """How many records with one of ``keys`` there are by now."""
        for records in self._consumer.poll(timeout_ms=100, max_records=10_000).values():
            self._keys.extend(record.key.decode() for record in records)
        wanted = set(keys)
        return sum(key in wanted for key in self._keys)

    def close(self) -> None:
        self._consumer.close()


class CounterBench:
    """What one test needs: cases nobody else has, a state directory, processes that are ended with the test."""

    def __init__(self, cluster: KafkaCluster, directory: Path, module: str = COUNTER) -> None:
        """``module``: what runs as a process."""
        self.module = module
        self.cluster = cluster
        self.directory = directory
        self.cases = [complaint_id("web", uuid.uuid4().hex) for _ in range(4)]
        self._follower: Follower | None = None
        self._urges = 0
        self._processes: list[ServiceProcess] = []

    def feed(self, urges: int, at: datetime = NEVER_DUE) -> None:
        """Write this many urges, spread over the cases, and wait until they are durable."""
        producer = small_cluster(KafkaSettings(bootstrap_servers=self.cluster.bootstrap_servers)).producer()
        reports: list[Exception | None] = []
        for _ in range(urges):
            case = self.cases[self._urges % len(self.cases)]
            producer.send(urge(case, self._urges, at), reports.append)
            self._urges += 1
        producer.close()
        assert reports == [None] * urges

    def start(self, instance: str = "a", **variables: str) -> ServiceProcess:
        """Start a counter; ``variables`` are settings without their prefix."""
        process = ServiceProcess(
            NAME,
            log_directory=self.directory / "log",
            instance=instance,
            module=self.module,
            environment=self._environment(instance) | {f"CBUS_{name}": value for name, value in variables.items()},
        )
        process.start()
        self._processes.append(process)
        return process

    def _environment(self, instance: str) -> dict[str, str]:
        return {
            "CBUS_KAFKA__BOOTSTRAP_SERVERS": self.cluster.bootstrap_servers,
            "CBUS_KAFKA__SESSION_TIMEOUT_SECONDS": str(SESSION_SECONDS),
            "CBUS_KAFKA__TRANSACTION_TIMEOUT_SECONDS": "3",
            "CBUS_STATE_DIR": str(self.state_dir(instance)),
            "CBUS_ENGINE__MAX_RECORDS": "10",
            "CBUS_CRASH_POINT": "",
        }

    def state_dir(self, instance: str = "a") -> Path:
        """The disk of one instance."""
        return self.directory / f"state-{instance}"

    def wait_for(self, urges: int, *, timeout_seconds: float = DEADLINE_SECONDS) -> int:
        """Until at least so many of this bench's records are in the case log; how many are."""
        follower = self._follower = self._follower or Follower(self.cluster.bootstrap_servers, topics.LIFECYCLE)
        return wait_until(
            lambda: count if (count := follower.count(self.cases)) >= urges else None,
            f"{urges} urges to be counted; logs are in {self.directory / 'log'}",
            timeout_seconds=timeout_seconds,
        )

    def wait_for_all(self) -> None:
        """Until every urge fed so far is counted."""
        self.wait_for(self._urges)

    def stop_following(self) -> None:
        """Before the broker is killed: kafka-python leaves a socket open when a connection breaks."""
        if self._follower is not None:
            self._follower.close()
            self._follower = None

    def members(self) -> set[str]:
        """Instances the group coordinator knows; their names there end with a mark of what they subscribe to."""
        admin = KafkaAdminClient(bootstrap_servers=self.cluster.bootstrap_servers)
        try:
            group = admin.describe_groups([NAME])[NAME]
        finally:
            admin.close()
        names = [str(member["group_instance_id"]) for member in group["members"]]
        return {name.removeprefix(f"{NAME}-").rpartition("-")[0] for name in names}

    def stop_all(self) -> None:
        """End every process in an orderly way."""
        for process in self._processes:
            process.terminate()

    def kill_all(self) -> None:
        """Whatever happened, nothing is left running."""
        for process in self._processes:
            process.kill()
        self.stop_following()

    def outcome(self) -> dict[str, list[Read]]:
        """After everything has ended: the case log of each case, in order, read anew from the beginning."""
        found: dict[str, list[Read]] = defaultdict(list)
        for record in read_all(self.cluster.bootstrap_servers, [topics.LIFECYCLE])[topics.LIFECYCLE]:
            if record.key in self.cases:
                found[record.key].append(record)
        return found

    def assert_exactly_once(self) -> None:
        """Each urge in its case's log once, in the order written, numbered without a gap; nothing dead-lettered."""
        outcome = self.outcome()
        for place, case in enumerate(self.cases):
            numbers = range(place, self._urges, len(self.cases))
            counted = [record for record in outcome[case] if record.event_type == UrgeRegistered.event_type]
            assert [record.event_id for record in counted] == [
                event_id(urge_id(case, number), UrgeRegistered.event_type) for number in numbers
            ]
            assert [record.data["urge_count"] for record in counted] == list(range(1, len(numbers) + 1))
        letters = topics.dead_letter_topic(NAME)
        refused = read_all(self.cluster.bootstrap_servers, [letters])[letters]
        assert [letter for letter in refused if letter.key in self.cases] == []

    def closings(self) -> dict[str, int]:
        """How often each case was closed."""
        return {
            case: sum(record.event_type == ComplaintClosed.event_type for record in records)
            for case, records in self.outcome().items()
        }


@contextmanager
def counter_bench(cluster: KafkaCluster, directory: Path, module: str = COUNTER) -> Iterator[CounterBench]:
    """A bench whose processes end with it."""
    bench = CounterBench(cluster, directory, module)
    try:
        yield bench
    finally:
        bench.kill_all()


def urge_id(case: str, number: int) -> str:
    """The ``ce_id`` of one urge."""
    return f"{case}/{number}"


def urge(case: str, number: int, at: datetime) -> ProducerRecord:
    """One urge as intake would write it."""
    value, headers = encode(
        ComplaintUrged(complaint_id=case, received_at=at),
        event_id=urge_id(case, number),
        source="/test",
        subject=case,
        time=at,
        traceparent=None,
    )
    return ProducerRecord(topics.RECEIVED, case.encode(), value, headers)


def is_frozen(process: ServiceProcess) -> bool:
    """Whether the process has stopped itself (SIGSTOP)."""
    state = subprocess.run(["ps", "-o", "state=", "-p", str(process.pid)], capture_output=True, text=True)
    return state.stdout.strip().startswith("T")
