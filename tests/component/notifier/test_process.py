"""The notifier as a process on a real broker: composer and sender together, killed at every point of the sender.

What the mail sink took is the truth; what the events say must agree with it: every complainant is told, and a message
that arrived twice is one that is marked as a possible repeat.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deploy.local.kafka import KafkaCluster
from deploy.local.polling import wait_until
from deploy.local.service_process import ServiceProcess
from deploy.local.smtp_sink_process import SmtpSink
from deploy.topics.provision import provision
from services.notifier.domain.notification import Template, notification_id
from shared.events import topics
from shared.events.ids import complaint_id, event_id, ticket_number
from shared.events.lifecycle import ComplaintRegistered
from shared.events.notifications import NotificationOutcome, NotificationSent
from shared.events.registry import decode, encode
from shared.settings import KafkaSettings
from shared.streaming.kafka import KafkaBroker
from shared.streaming.records import ProducerRecord, TopicPartition
from tests.unit.notifier.cases import NOON, a_complaint

pytestmark = pytest.mark.kafka

SESSION_SECONDS = 6


class ProcessBench:
    """A broker, a mail sink, and notifiers that are started, killed and paused."""

    def __init__(self, directory: Path, bootstrap: str, sink: SmtpSink) -> None:
        self.sink = sink
        self.broker = KafkaBroker(KafkaSettings(bootstrap_servers=bootstrap))
        self._directory = directory
        self._bootstrap = bootstrap
        self._events_seen: list[NotificationOutcome] = []
        self._events_read = dict.fromkeys(range(topics.PARTITIONS), 0)

    def notifier(self, instance: str = "0", crash_point: str = "") -> ServiceProcess:
        """A notifier that dies at ``crash_point``."""
        return ServiceProcess(
            "notifier",
            instance=instance,
            log_directory=self._directory / "logs",
            environment={
                "CBUS_DEVELOPMENT": "true",
                "CBUS_KAFKA__BOOTSTRAP_SERVERS": self._bootstrap,
                "CBUS_KAFKA__SESSION_TIMEOUT_SECONDS": str(SESSION_SECONDS),
                "CBUS_SMTP__HOST": self.sink.host,
                "CBUS_SMTP__PORT": str(self.sink.port),
                "CBUS_SENDER__RETRY_AFTER_SECONDS": "[1, 1, 1]",
                "CBUS_SENDER__RECONNECT_AFTER_SECONDS": "0.5",
                "CBUS_STATE_DIR": str(self._directory / "state" / instance),
                "CBUS_CRASH_POINT": crash_point,
            },
        )

    def register(self, run: str, numbers: Iterable[int]) -> list[str]:
        """Register complaints; the ids of the acknowledgements that must follow."""
        producer = self.broker.producer()
        expected = []
        for number in numbers:
            complaint = complaint_id("web", f"{run}-{number}")
            ticket = ticket_number(complaint, NOON)
            body = a_complaint(email=f"{run}-{number}@example.com")
            registered = ComplaintRegistered(
                complaint_id=complaint,
                ticket_number=ticket,
                cycle=1,
                sequence=1,
                happened_at=NOON,
                complaint=body.model_copy(update={"complaint_id": complaint, "ticket_number": ticket}),
            )
            cause = event_id(complaint, registered.event_type)
            now = datetime.now(UTC)
            value, headers = encode(
                registered, event_id=cause, source="/test", subject=complaint, time=now, traceparent=None
            )
            producer.send(ProducerRecord(topics.LIFECYCLE, complaint.encode(), value, headers), lambda error: None)
            expected.append(notification_id(cause, Template.ACKNOWLEDGEMENT))
        assert producer.flush(30) == 0
        producer.close()
        return expected

    def outcomes(self) -> list[NotificationOutcome]:
        """Everything on the events topic so far."""
        for number, start in self._events_read.items():
            for records in self.broker.read_to_end({TopicPartition(topics.NOTIFICATION_EVENTS, number): start}):
                for record in records:
                    _, event = decode(record.headers, record.value)
                    assert isinstance(event, NotificationOutcome)
                    self._events_seen.append(event)
                    self._events_read[number] = record.offset + 1
        return self._events_seen

    def sent(self, expected: Iterable[str]) -> dict[str, list[NotificationSent]]:
        """The ``sent`` events of these messages."""
        found: dict[str, list[NotificationSent]] = {name: [] for name in expected}
        for event in self.outcomes():
            if isinstance(event, NotificationSent) and event.notification_id in found:
                found[event.notification_id].append(event)
        return found

    def wait_until_sent(self, expected: list[str], timeout_seconds: float = 60.0) -> None:
        """Until there is a ``sent`` for each."""
        wait_until(
            lambda: all(self.sent(expected).values()),
            f"{len(expected)} messages to be sent",
            timeout_seconds=timeout_seconds,
            interval_seconds=0.3,
        )

    def require_agreement(self, expected: list[str]) -> Counter[int]:
        """Every message arrived, and those that arrived twice are marked; how many arrived how often."""
        arrived = Counter(mail["message_id"].strip("<>").partition("@")[0] for mail in self.sink.accepted())
        for name, events in self.sent(expected).items():
            assert arrived[name] >= 1, f"{name} is said to be sent, but never arrived"
            if arrived[name] > 1:
                assert any(event.possible_repeat for event in events), f"{name} arrived {arrived[name]} times, unmarked"
        return Counter(arrived[name] for name in expected)


@pytest.fixture(scope="module")
def process_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProcessBench]:
    directory = tmp_path_factory.mktemp("notifier")
    cluster = KafkaCluster(directory / "kafka")
    cluster.start()
    try:
        provision(cluster.bootstrap_servers, topics.bus_topics([]), cluster.replication_factor)
        with SmtpSink(directory / "smtp") as sink:
            yield ProcessBench(directory, cluster.bootstrap_servers, sink)
    finally:
        cluster.kill()


def run_until_killed(process: ServiceProcess, timeout_seconds: float = 40.0) -> None:
    """Start it and wait for it to kill itself."""
    process.start()
    wait_until(
        lambda: not process.is_alive, f"{process.name} to reach its crash point", timeout_seconds=timeout_seconds
    )
    assert process.exit_code == -9, process.log_tail()


def watch(process: ServiceProcess, seconds: float) -> None:
    """Give a process that was woken time to do harm."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert process.is_alive, process.log_tail()
        time.sleep(0.2)


def test_a_registered_complaint_is_acknowledged_and_the_process_stops_in_order(process_bench: ProcessBench) -> None:
    expected = process_bench.register("orderly", range(20))
    process = process_bench.notifier()
    process.start()
    try:
        process.wait_ready()
        process_bench.wait_until_sent(expected)
    finally:
        assert process.terminate() == 0, process.log_tail()
    assert process_bench.require_agreement(expected) == {1: 20}


@pytest.mark.slow
@pytest.mark.parametrize(
    "point", ["after-connect", "after-attempt", "after-dot", "after-send", "after-outcome", "after-commit"]
)
def test_a_kill_anywhere_in_the_sender_loses_nothing_and_repeats_nothing_unmarked(
    process_bench: ProcessBench, point: str
) -> None:
    passage, count = 7, 60
    if point == "after-commit":
        passage, count = 2, 400  # sixty can be done before the second commit
    elif point == "after-connect":
        passage = 2  # each lane connects once
    expected = process_bench.register(point, range(count))
    run_until_killed(process_bench.notifier(crash_point=f"sender.{point}:{passage}"))
    process = process_bench.notifier()
    process.start()
    try:
        process_bench.wait_until_sent(expected)
    finally:
        process.terminate()
    arrivals = process_bench.require_agreement(expected)
    marked = sum(any(event.possible_repeat for event in events) for events in process_bench.sent(expected).values())
    lanes = 4  # at most one message per lane was in hand
    assert marked <= lanes
    assert sum(count for times, count in arrivals.items() if times > 1) <= lanes
    if point == "after-commit":
        return
    if point in ("after-dot", "after-send"):
        assert arrivals[2] >= 1, "the kill after the hand-over must have made a repeat, or this test proves nothing"


@pytest.mark.slow
def test_a_process_that_slept_through_its_session_does_not_send_what_others_have_sent(
    process_bench: ProcessBench,
) -> None:
    sleeper, other = process_bench.notifier("sleeper"), process_bench.notifier("other")
    sink = process_bench.sink
    before = len(sink.accepted())
    sink.misbehave({"recipient": "sleeper", "action": "slow", "seconds": 0.2})
    expected = process_bench.register("sleeper", range(120))
    sleeper.start()
    try:
        wait_until(lambda: len(sink.accepted()) >= before + 8, "the first mails", timeout_seconds=40)
        sleeper.pause()
        assert len(sink.accepted()) < before + 60, "it slept too late: little was left to be sent twice"
        sink.misbehave()
        other.start()
        process_bench.wait_until_sent(expected)
        sleeper.resume()
        watch(sleeper, SESSION_SECONDS / 2)
    finally:
        sink.misbehave()
        sleeper.terminate()
        other.terminate()
    process_bench.require_agreement(expected)
