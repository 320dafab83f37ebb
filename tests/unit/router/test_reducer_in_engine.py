"""The router as it is wired: shipped configuration, the engine's loop and a broker in memory."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from services.router.adapters.config_files import load_departments
from services.router.bootstrap import build
from services.router.settings import RouterSettings
from shared.clock import ManualClock
from shared.events import topics
from shared.events.base import Event
from shared.events.departments import AssignmentDispatched, DepartmentUpdate
from shared.events.received import ComplaintSubmitted
from shared.events.registry import decode, encode
from shared.observability.metrics import REGISTRY
from shared.streaming.engine_settings import EngineSettings
from shared.streaming.memory import MemoryBroker
from shared.streaming.records import ProducerRecord
from tests.unit.router.case_builders import COMPLAINT_ID, RECEIVED_AT, RESOLUTION, a_complaint, short

CONFIG = Path(__file__).parents[3] / "deploy" / "config"


class Bus:
    """One router on a cluster in memory."""

    def __init__(self, state_dir: Path) -> None:
        settings = RouterSettings(
            config_dir=CONFIG,
            state_dir=state_dir,
            engine=EngineSettings(poll_seconds=0.001),
        )
        self.clock = ManualClock(RECEIVED_AT + timedelta(seconds=8))
        self.broker = MemoryBroker(_partitions(settings))
        self._settings = settings
        self.router = build(settings, broker=self.broker, clock=self.clock)

    def restart(self) -> None:
        """Another process takes over, with the same disk."""
        self.router.loop.close()
        self.router = build(self._settings, broker=self.broker, clock=self.clock)
        self.work()

    def write(self, topic: str, event: Event, record_id: str) -> None:
        """Write one record and let the router work."""
        now = self.clock.now()
        value, headers = encode(
            event, event_id=record_id, source="/test", subject=COMPLAINT_ID, time=now, traceparent=None
        )
        producer = self.broker.producer()
        producer.send(ProducerRecord(topic, COMPLAINT_ID.encode(), value, headers), lambda error: None)
        producer.flush(1)
        self.work()

    def work(self) -> None:
        """A few passes, enough to handle what is there."""
        for _ in range(5):
            self.router.loop.run_once()

    def events(self, topic: str) -> list[Event]:
        """What an independent reader finds on ``topic``."""
        return [decode(record.headers, record.value)[1] for record in self.broker.records(topic)]


def _partitions(settings: RouterSettings) -> dict[str, int]:
    return {topic.name: 2 for topic in topics.bus_topics(load_departments(settings.config_dir).ids)}


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[Bus]:
    bus = Bus(tmp_path)
    yield bus
    bus.router.loop.close()


def counted(name: str, **labels: str) -> float:
    """Value of a metric so far."""
    return REGISTRY.get_sample_value(f"complaintbus_{name}", labels) or 0.0


def test_a_complaint_reaches_a_department_and_its_update_reaches_the_case(bus: Bus) -> None:
    before = counted("end_to_end_seconds_count", channel="web")
    bus.write(topics.RECEIVED, ComplaintSubmitted(complaint=a_complaint()), "s-1")
    entries = bus.events(topics.LIFECYCLE)
    assert [short(entry) for entry in entries] == ["registered", "assessed", "dispatched"]
    lead = entries[-1].decision.lead  # type: ignore[attr-defined]
    (task,) = bus.events(topics.department_topic(lead))
    assert isinstance(task, AssignmentDispatched)
    assert task.complaint == a_complaint()
    assert counted("end_to_end_seconds_count", channel="web") == before + 1

    accept = DepartmentUpdate(complaint_id=COMPLAINT_ID, action="accept", happened_at=bus.clock.now())
    bus.write(topics.department_updates_topic(lead), accept, "u-1")
    assert short(bus.events(topics.LIFECYCLE)[-1]) == "accepted"


def test_repeats_are_counted_and_a_refused_update_comes_back_to_the_department_that_wrote_it(bus: Bus) -> None:
    submissions = counted("duplicates_total", kind="submission")
    deliveries = counted("duplicates_total", kind="delivery")
    bus.write(topics.RECEIVED, ComplaintSubmitted(complaint=a_complaint()), "s-1")
    bus.write(topics.RECEIVED, ComplaintSubmitted(complaint=a_complaint()), "s-2")
    lead = bus.events(topics.LIFECYCLE)[2].decision.lead  # type: ignore[attr-defined]
    accept = DepartmentUpdate(complaint_id=COMPLAINT_ID, action="accept", happened_at=bus.clock.now())
    for _ in range(2):
        bus.write(topics.department_updates_topic(lead), accept, "u-1")
    (refused,) = bus.broker.records(topics.department_dead_letter_topic(lead))
    assert dict(refused.headers)["dlq_reason"] == b"duplicate_update"
    assert "未作任何更改".encode() in dict(refused.headers)["dlq_detail"]
    assert counted("duplicates_total", kind="submission") == submissions + 1
    assert counted("duplicates_total", kind="delivery") == deliveries + 1


def test_open_cases_are_counted_where_they_stand_and_again_after_a_restart(bus: Bus) -> None:
    bus.write(topics.RECEIVED, ComplaintSubmitted(complaint=a_complaint()), "s-1")
    assessed, dispatched = bus.events(topics.LIFECYCLE)[1:3]
    lead, priority = dispatched.decision.lead, str(assessed.classification.priority)  # type: ignore[attr-defined]
    accept = DepartmentUpdate(complaint_id=COMPLAINT_ID, action="accept", happened_at=bus.clock.now())
    bus.write(topics.department_updates_topic(lead), accept, "u-1")
    bus.restart()
    assert counted("open_complaints", department=lead, priority=priority, state="accepted") == 1
    assert counted("open_complaints", department=lead, priority=priority, state="dispatched") == 0
    assert counted("oldest_open_complaint_timestamp_seconds", department=lead) == RECEIVED_AT.timestamp()

    resolve = DepartmentUpdate(
        complaint_id=COMPLAINT_ID, action="resolve", happened_at=bus.clock.now(), resolution=RESOLUTION
    )
    bus.write(topics.department_updates_topic(lead), resolve, "u-2")
    bus.restart()
    assert counted("open_complaints", department=lead, priority=priority, state="accepted") == 0
