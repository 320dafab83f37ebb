"""The auditor beside real routers, clocks and letters on the in-memory broker: what is lost is healed."""

from __future__ import annotations

import shutil
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.auditor.adapters.departments_file import department_ids
from services.auditor.adapters.reinjection import GROUP, NEEDS, Reinjection
from services.auditor.bootstrap import build
from services.auditor.domain.case_audit import CaseAudit
from services.auditor.domain.ledger import LedgerLine, hourly
from services.auditor.settings import AuditorSettings
from services.notifier.adapters.config_files import load_departments
from services.notifier.bootstrap import correspondence_policy
from services.notifier.composer import Composer
from services.notifier.settings import NotifierSettings
from services.router.bootstrap import build_processor
from services.router.settings import RouterSettings
from services.sla.adapters.config_files import load_calendars, load_policy
from services.sla.processor import SlaProcessor
from shared import crash_points
from shared.clock import ManualClock
from shared.errors import BrokerUnavailable
from shared.events import ids, registry, topics
from shared.events.audit import HoleKind
from shared.events.base import Event
from shared.events.complaint import Complainant, Complaint, Narrative
from shared.events.departments import AssignmentDispatched, MessageRefused
from shared.events.envelope import format_instant
from shared.events.received import ComplaintSubmitted, ComplaintSupplemented, ComplaintWithdrawn
from shared.observability import metrics
from shared.processing import Processor
from shared.streaming.broker import Offsets
from shared.streaming.cluster_check import ClusterCheck
from shared.streaming.engine_settings import EngineSettings
from shared.streaming.loop import ProcessorLoop
from shared.streaming.memory import MemoryBroker
from shared.streaming.records import ConsumerRecord, ProducerRecord, TopicPartition
from tests.torture.nemesis.copies import ask_for_copies

CONFIG = Path(__file__).parents[3] / "deploy/config"
DEPARTMENTS = department_ids(CONFIG / "departments.yaml")
START = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
ENGINE = EngineSettings(poll_seconds=0.001, timer_grace=timedelta(0))


def sla_processor() -> SlaProcessor:
    calendars = load_calendars(CONFIG / "calendars")
    return SlaProcessor(load_policy(CONFIG / "sla" / "policy.yaml", calendars), calendars)


def composer() -> Composer:
    settings = NotifierSettings(development=True, config_dir=CONFIG)
    return Composer(correspondence_policy(settings, load_departments(CONFIG / "departments.yaml").triage.id))


PROCESSORS: dict[str, Callable[[], Processor[Any]]] = {
    "router": lambda: build_processor(RouterSettings(config_dir=CONFIG)),
    "sla": sla_processor,
    "notifier": composer,
}


def reinjection(cluster: MemoryBroker) -> Reinjection:
    return Reinjection(cluster, "0", 60_000, threading.Event(), ClusterCheck(cluster, GROUP, NEEDS, 0))


class Bench:
    """A bus in memory with an auditor, and any other services the test starts."""

    def __init__(self, directory: Path) -> None:
        self.cluster = MemoryBroker({topic.name: 2 for topic in topics.bus_topics(DEPARTMENTS)})
        self.clock = ManualClock(START)
        self.directory = directory
        self.loops: list[ProcessorLoop[Any]] = []
        self.start_auditor()
        self.reinjection = reinjection(self.cluster)

    def start_auditor(self) -> None:
        settings = AuditorSettings(config_dir=CONFIG, state_dir=self.directory, engine=ENGINE)
        self.auditor = build(settings, broker=self.cluster, clock=self.clock)
        self.loops.append(self.auditor.service.loop)

    def restart_auditor(self) -> None:
        self.loops.remove(self.auditor.service.loop)
        self.auditor.service.loop.close()
        self.start_auditor()

    def start(self, *services: str) -> None:
        for service in services:
            settings = RouterSettings(config_dir=CONFIG, state_dir=self.directory, engine=ENGINE)
            self.loops.append(ProcessorLoop(PROCESSORS[service](), self.cluster, self.clock, settings))

    def run(self, rounds: int = 8, **time: float) -> None:
        """Let time pass, then let everybody work."""
        self.clock.set(self.clock.now() + timedelta(**time))
        for _ in range(rounds):
            for loop in self.loops:
                loop.run_once()
            self.reinjection.run_once()

    def submit(self, number: int, value: bytes | None = None, received_at: datetime | None = None) -> str:
        identifier = ids.complaint_id("web", str(number))
        at = self.clock.now()
        event = ComplaintSubmitted(
            complaint=Complaint(
                complaint_id=identifier,
                ticket_number=ids.ticket_number(identifier, at),
                channel="web",
                channel_message_id=str(number),
                content_digest=f"{number:064d}",
                received_at=received_at or at,
                ingested_at=at,
                complainant=Complainant(name="Zhang Example", email="zhang@example.com"),
                narrative=Narrative(text="The kettle leaks and I want my money back."),
            )
        )
        event_id = ids.event_id(identifier, event.event_type, str(number))
        encoded, headers = registry.encode(
            event, event_id=event_id, source="/t", subject=identifier, time=at, traceparent=None
        )
        self.write(ProducerRecord(topics.RECEIVED, identifier.encode(), value or encoded, headers))
        return identifier

    def say(self, identifier: str, event: Event, name: str) -> None:
        """A later message of the complainant."""
        event_id = ids.event_id(identifier, event.event_type, name)
        at = self.clock.now()
        value, headers = registry.encode(
            event, event_id=event_id, source="/t", subject=identifier, time=at, traceparent=None
        )
        self.write(ProducerRecord(topics.RECEIVED, identifier.encode(), value, headers))

    def all_of(self, topic: str) -> list[Any]:
        """Every event on a topic."""
        return [registry.decode(record.headers, record.value)[1] for record in self.cluster.records(topic)]

    def write(self, record: ProducerRecord) -> None:
        producer = self.cluster.producer()
        producer.send(record, lambda _error: None)
        assert producer.flush(5) == 0

    def lose_everything_received_so_far(self) -> None:
        """What a torn transaction leaves: the router's offsets are past the records, their effects are nowhere."""
        for partition in range(2):
            place = TopicPartition(topics.RECEIVED, partition)
            self.cluster.group("router").committed[place] = self.cluster.stable_end(place)

    def rows(self) -> list[CaseAudit]:
        latest = {record.key: record.value for record in self.cluster.records("auditor.state.v1")}
        return [CaseAudit.model_validate_json(value) for value in latest.values() if value is not None]

    def ledger(self) -> LedgerLine:
        (line,) = hourly(self.rows())
        return line

    def tasks(self) -> Counter[tuple[str, str]]:
        """How often each complaint was given to each department."""
        found: Counter[tuple[str, str]] = Counter()
        for department in DEPARTMENTS:
            for record in self.cluster.records(topics.department_topic(department)):
                envelope, event = registry.decode(record.headers, record.value)
                found[(envelope.subject, department)] += isinstance(event, AssignmentDispatched)
        return found

    def said(self) -> Counter[str]:
        records = self.cluster.records(topics.AUDIT_EVENTS)
        return Counter(registry.decode(record.headers, record.value)[0].type for record in records)

    def copies(self) -> int:
        records = self.cluster.records(topics.RECEIVED)
        return sum(("reinjected-by", b"auditor") in record.headers for record in records)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_bus_at_work_balances(bench: Bench) -> None:
    bench.start("router", "sla", "notifier")
    for number in range(20):
        bench.submit(number)
    bench.submit(7)
    bench.submit(21, value=b"{ not JSON")
    bench.run()
    bench.run(hours=2)
    line = bench.ledger()
    assert line.is_balanced
    assert line.pending == 0
    assert [line.entries[name] for name in ("received", "registered", "duplicate", "dead_lettered")] == [22, 20, 1, 1]
    assert line.entries["dispatched"] == line.entries["clocked_cycles"] == 20
    assert line.entries["decided_tasks"] == line.entries["queued_tasks"] == bench.tasks().total() >= 20
    assert bench.said() == {}


def test_a_case_that_no_clock_counts_for_is_a_hole(bench: Bench) -> None:
    """Dated before the first calendar, by a writer without a door: routed and answered, but never late."""
    bench.start("router", "sla", "notifier")
    bench.submit(1, received_at=datetime(1969, 12, 31, 16, 0, tzinfo=UTC))
    bench.submit(2)
    bench.run()
    bench.run(hours=1)
    lines = hourly(bench.rows())
    assert [line.holes for line in lines] == [{HoleKind.UNCLOCKED: 1}, {}]
    assert sum(line.entries["dispatched"] for line in lines) == 2


def test_what_a_withdrawn_case_cannot_take_reaches_people_and_the_ledger_balances(bench: Bench) -> None:
    """Acknowledged at the door, turned away by the router: a task and a letter, once however often it is written."""
    bench.start("router", "sla", "notifier")
    identifier = bench.submit(1)
    bench.run()
    withdrawn = ComplaintWithdrawn(complaint_id=identifier, received_at=bench.clock.now())
    bench.say(identifier, withdrawn, "w")
    text = Narrative(text="漏电，孩子被电到")
    for _ in range(2):
        bench.say(
            identifier, ComplaintSupplemented(complaint_id=identifier, received_at=START, narrative=text), "supplement"
        )
    bench.run()
    requested = [event for event in bench.all_of(topics.NOTIFICATION_REQUESTS) if event.template == "message_refused"]
    assert [event.parameters["danger"] for event in requested] == ["yes"]
    tasks = [event for name in DEPARTMENTS for event in bench.all_of(topics.department_topic(name))]
    urgent = [event for event in tasks if isinstance(event, MessageRefused)]
    assert urgent
    assert {event.priority for event in urgent} == {0}
    assert len({event.message_event_id for event in urgent}) == 1
    (letter,) = bench.cluster.records(topics.dead_letter_topic("router"))
    assert dict(letter.headers)["dlq_reason"] == b"duplicate_message"
    bench.run(hours=2)
    assert bench.rows()[0].holes.keys() == {HoleKind.UNNOTIFIED}, "no sender runs here: the letters are on their way"


def sent_copies() -> float:
    """As counted by this process so far."""
    return metrics.REGISTRY.get_sample_value("complaintbus_audit_reinjections_total", {"result": "sent"}) or 0.0


def test_a_lost_complaint_is_found_put_back_and_dispatched_once(bench: Bench) -> None:
    sent_before = sent_copies()
    bench.start("sla", "notifier")
    lost = {bench.submit(number) for number in range(5)}
    bench.lose_everything_received_so_far()
    bench.start("router")
    kept = {bench.submit(number) for number in range(5, 10)}
    bench.run()
    bench.run(minutes=4)
    assert bench.said() == {}
    bench.run(minutes=2)
    bench.run()
    assert bench.said() == {
        "audit.hole_found.v1": 5,
        "audit.reinjection_requested.v1": 5,
        "audit.hole_closed.v1": 5,
    }
    assert bench.copies() == 5
    assert bench.ledger().is_balanced
    assert bench.ledger().entries["registered"] == 10
    assert {complaint for complaint, _ in bench.tasks()} == lost | kept
    assert set(bench.tasks().values()) == {1}
    assert sent_copies() - sent_before == 5


def test_a_copy_written_twice_is_dropped_as_a_duplicate(bench: Bench) -> None:
    """The crash between writing the copy and committing the request."""
    bench.submit(1)
    bench.lose_everything_received_so_far()
    bench.start("router", "sla", "notifier")
    bench.run()
    bench.run(minutes=6)
    copy = bench.cluster.records(topics.RECEIVED)[-1]
    bench.write(ProducerRecord(topics.RECEIVED, copy.key, copy.value, copy.headers))
    bench.run()
    bench.run(hours=3)
    assert set(bench.tasks().values()) == {1}
    assert bench.ledger().is_balanced
    assert [bench.ledger().entries[name] for name in ("received", "reinjected", "registered", "duplicate")] == [
        1,
        2,
        1,
        1,
    ]


class Death(BaseException):
    """Instead of SIGKILL."""


@pytest.mark.parametrize(("point", "copies"), [("reinjection.before-copy", 1), ("reinjection.after-copy", 2)])
def test_who_dies_at_a_copy_is_followed_by_one_who_writes_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, point: str, copies: int
) -> None:
    """Asked for although nothing is lost, as the torture harness does."""
    bench.start("router", "sla", "notifier")
    bench.submit(1, value=b"{ not JSON")
    bench.submit(1)
    bench.run()
    ask_for_copies(bench.cluster, bench.clock.now(), partitions=2)

    def die() -> None:
        raise Death

    monkeypatch.setattr(crash_points, "_die", die)
    monkeypatch.setattr(crash_points, "_remaining", 1)
    monkeypatch.setattr(crash_points, "_name", point)
    with pytest.raises(Death):
        bench.run()
    monkeypatch.setattr(crash_points, "_name", None)
    bench.reinjection.close()
    bench.reinjection = reinjection(bench.cluster)
    bench.run()
    bench.run(hours=3)
    assert bench.copies() == copies
    assert set(bench.tasks().values()) == {1}
    assert bench.said() == {"audit.reinjection_requested.v1": 1}
    counted = [bench.ledger().entries[name] for name in ("received", "reinjected", "registered", "duplicate")]
    assert counted == [2, copies, 1, copies]


def test_partitions_given_while_the_broker_is_away_are_read_once_it_answers(bench: Bench) -> None:
    """At a rolling restart of brokers groups are formed anew, and nobody tells where to go on."""
    consumer = bench.reinjection._consumer
    committed, answers = consumer.committed, iter([BrokerUnavailable("away")] * 3)

    def away_at_first(partitions: Sequence[TopicPartition]) -> Offsets:
        for error in answers:
            raise error
        return committed(partitions)

    consumer.committed = away_at_first  # type: ignore[method-assign]
    bench.reinjection._stopping.wait = lambda timeout=None: False  # type: ignore[method-assign]
    bench.submit(1)
    bench.lose_everything_received_so_far()
    bench.start("router")
    bench.run()
    bench.run(minutes=6)
    bench.run()
    assert bench.copies() == 1


def test_a_request_that_could_not_be_answered_is_answered_later(bench: Bench) -> None:
    bench.submit(1)
    bench.lose_everything_received_so_far()
    bench.start("router")
    bench.run()
    bench.clock.set(bench.clock.now() + timedelta(minutes=6))
    for _ in range(8):
        bench.auditor.service.loop.run_once()
    assert bench.said()["audit.reinjection_requested.v1"] == 1
    submissions = bench.reinjection._submissions
    was_passed, answers = submissions.was_passed, iter([BrokerUnavailable("away")])

    def away_once(partition: int, offset: int) -> bool:
        for error in answers:
            raise error
        return was_passed(partition, offset)

    submissions.was_passed = away_once  # type: ignore[method-assign]
    bench.reinjection._stopping = _Hasty()
    bench.reinjection.run_once()
    assert bench.copies() == 0
    bench.run()
    assert bench.copies() == 1


def test_what_came_right_while_its_request_waited_is_not_written_again(bench: Bench) -> None:
    bench.submit(1)
    bench.submit(2)
    work(bench.auditor.service.loop)
    bench.clock.set(bench.clock.now() + timedelta(minutes=6))
    work(bench.auditor.service.loop)
    assert bench.said()["audit.reinjection_requested.v1"] == 2
    bench.start("router")
    work(bench.loops[-1])
    bench.submit(3)  # the auditor goes on with everything the router said
    work(bench.auditor.service.loop)
    assert bench.said()["audit.hole_closed.v1"] == 2
    before = unneeded()
    bench.reinjection.run_once()
    assert bench.copies() == 0
    assert unneeded() == before + 2


def unneeded() -> float:
    return metrics.REGISTRY.get_sample_value("complaintbus_audit_reinjections_total", {"result": "unneeded"}) or 0.0


def work(loop: ProcessorLoop[Any]) -> None:
    for _ in range(8):
        loop.run_once()


class _Hasty(threading.Event):
    """Does not wait."""

    def wait(self, timeout: float | None = None) -> bool:
        return self.is_set()


def test_a_router_that_is_away_makes_holes_but_no_copies(bench: Bench) -> None:
    """Late is not lost: the records are still before the router."""
    for number in range(5):
        bench.submit(number)
    bench.run()
    bench.run(minutes=6)
    assert bench.said()["audit.hole_found.v1"] == 5
    assert bench.copies() == 0
    assert not bench.ledger().is_balanced
    bench.start("router", "sla", "notifier")
    bench.run()
    assert bench.said()["audit.hole_closed.v1"] == 5
    assert bench.copies() == 0
    assert bench.ledger().is_balanced


def test_an_auditor_that_was_away_raises_no_alarm_for_its_own_backlog(bench: Bench) -> None:
    auditor = bench.loops.pop()
    bench.start("router", "sla", "notifier")
    for number in range(30):
        bench.submit(number)
    bench.run()
    bench.run(days=1)
    bench.loops.append(auditor)
    bench.run()
    bench.run(hours=1)
    assert bench.said() == {}
    assert bench.ledger().entries["registered"] == 30


def test_an_auditor_without_its_files_goes_on_counting_where_it_was(bench: Bench) -> None:
    bench.start("router", "sla", "notifier")
    lost_state = bench.loops.pop(0)
    for number in range(5):
        bench.submit(number)
    lost_state.run_once()
    lost_state.run_once()
    bench.run()
    lost_state.close()
    shutil.rmtree(bench.directory / "auditor")
    bench.start_auditor()
    bench.submit(5)
    bench.run()
    bench.run(hours=1)
    entries = bench.ledger().entries
    assert (entries["received"], entries["registered"], bench.said()) == (6, 6, {})


def test_a_complaint_older_than_the_log_is_not_judged_whichever_record_is_read_first(
    bench: Bench, tmp_path: Path
) -> None:
    """A new auditor on an old bus: the department was given the case again lately, its submission is gone."""
    bench.start("router")
    bench.submit(1)
    bench.run()
    log = bench.cluster.records(topics.LIFECYCLE)
    queues = map(topics.department_topic, DEPARTMENTS)
    (task,) = (record for queue in queues for record in bench.cluster.records(queue))
    later = Bench(tmp_path / "another auditor")
    later.clock.set(START + timedelta(days=35))
    later.write(_copy(task, time=later.clock.now()))
    later.run()
    for record in log:
        later.write(_copy(record))
    later.run(hours=2)
    later.run(hours=2)
    (row,) = later.rows()
    assert (row.registered, row.received, row.holes) == (1, 0, {})


def _copy(record: ConsumerRecord, time: datetime | None = None) -> ProducerRecord:
    """The record for another log; ``time``: as if written then."""
    headers = dict(record.headers)
    if time is not None:
        headers["ce_time"] = format_instant(time)
    return ProducerRecord(record.topic, record.key, record.value, list(headers.items()))


def test_open_holes_are_counted_by_kind(bench: Bench) -> None:
    bench.submit(1)
    bench.run()
    bench.run(minutes=6)
    bench.submit(2)
    bench.restart_auditor()
    bench.run()
    sample = metrics.REGISTRY.get_sample_value
    assert sample("complaintbus_audit_holes", {"kind": "unaccounted"}) == 1
    assert sample("complaintbus_audit_holes", {"kind": "unclocked"}) == 0


def test_counters_watched_by_alerts_begin_at_zero(tmp_path: Path) -> None:
    """Prometheus takes a series that begins at 1 for one that has not risen: the first find would raise no alert."""
    metrics.AUDIT_HOLES_FOUND_TOTAL.clear()
    metrics.AUDIT_REINJECTIONS_TOTAL.clear()
    Bench(tmp_path)
    sample = metrics.REGISTRY.get_sample_value
    assert {sample("complaintbus_audit_holes_found_total", {"kind": kind}) for kind in HoleKind} == {0}
    results = ("sent", "waiting", "expired")
    assert {sample("complaintbus_audit_reinjections_total", {"result": result}) for result in results} == {0}
