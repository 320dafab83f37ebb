"""The SLA service as wired, on the in-memory broker: configuration files, both topics, timers, lost state."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from services.sla.bootstrap import build
from services.sla.settings import SlaSettings
from shared.clock import ManualClock
from shared.errors import ConfigurationError
from shared.events import topics
from shared.events.base import Event
from shared.events.registry import decode, encode
from shared.events.topics import bus_topics
from shared.observability import metrics
from shared.streaming.engine_settings import EngineSettings
from shared.streaming.memory import MemoryBroker
from shared.streaming.records import ProducerRecord
from tests.unit.sla.calendars import CONFIG
from tests.unit.sla.promises import RECEIVED_AT, Facts, after, complaint, message_of


class Bench:
    """One SLA process over a memory cluster, and what it wrote."""

    def __init__(self, directory: Path) -> None:
        self.cluster = MemoryBroker({topic.name: 2 for topic in bus_topics([])})
        self.clock = ManualClock(RECEIVED_AT)
        self.directory = directory
        self.start()

    def start(self) -> None:
        engine = EngineSettings(poll_seconds=0.001, timer_grace=timedelta(0))
        settings = SlaSettings(config_dir=CONFIG, state_dir=self.directory, engine=engine)
        self.service = build(settings, broker=self.cluster, clock=self.clock)

    def restart(self) -> None:
        self.service.loop.close()
        self.start()

    def run(self, at: datetime, passes: int = 6) -> None:
        self.clock.set(at)
        for _ in range(passes):
            self.service.loop.run_once()

    def write(self, event: Event, key: str) -> None:
        topic = message_of(event, key).topic
        value, headers = encode(event, event_id="x", source="/t", subject=key, time=RECEIVED_AT, traceparent=None)
        producer = self.cluster.producer()
        producer.send(ProducerRecord(topic, key.encode(), value, headers), lambda _error: None)
        assert producer.flush(5) == 0

    def said(self) -> list[str]:
        decoded = [decode(record.headers, record.value) for record in self.cluster.records(topics.SLA_EVENTS)]
        return [f"{envelope.type.split('.')[1]} {event.clock}" for envelope, event in decoded]  # type: ignore[attr-defined]


@pytest.mark.parametrize("receipt_first", [True, False])
def test_from_receipt_to_breach_and_correction_through_a_loss_of_all_local_state(
    tmp_path: Path, receipt_first: bool
) -> None:
    bench, facts = Bench(tmp_path), Facts(complaint())
    key = facts.complaint.complaint_id
    events = [facts.submitted(), facts.registered(after(0)), facts.dispatched(after(0))]
    for event in events if receipt_first else [*events[1:], events[0]]:
        bench.write(event, key)
        bench.run(after(0))
    armed = {"registration", "first_response", "verification", "resolution", "contact"}
    assert sorted(bench.said()) == sorted([f"armed {name}" for name in armed] + ["met registration"])

    bench.run(after(24))
    bench.service.loop.close()
    shutil.rmtree(tmp_path)
    bench.start()
    bench.write(facts.contacted(after(23)), key)
    bench.run(after(25))
    assert bench.said()[6:] == ["breached first_response", "corrected first_response", "met contact"]


def test_it_counts_what_became_of_deadlines(tmp_path: Path) -> None:
    bench, facts = Bench(tmp_path), Facts(complaint(77))
    labels = {"department": "count-me", "clock": "contact", "result": "met"}
    bench.write(facts.registered(after(0)), facts.complaint.complaint_id)
    bench.write(facts.dispatched(after(0), lead="count-me"), facts.complaint.complaint_id)
    bench.write(facts.contacted(after(1)), facts.complaint.complaint_id)
    bench.run(after(1))
    assert metrics.REGISTRY.get_sample_value("complaintbus_sla_deadlines_total", labels) == 1


def test_clocks_at_risk_are_counted_by_department_and_again_after_a_restart(tmp_path: Path) -> None:
    bench, cases = Bench(tmp_path), [Facts(complaint(number)) for number in (81, 82, 83)]
    for facts, lead in zip(cases, ("risky", "risky", "calm"), strict=True):
        key = facts.complaint.complaint_id
        for event in (facts.submitted(), facts.registered(after(0)), facts.dispatched(after(0), lead=lead)):
            bench.write(event, key)
    calm = cases[2]
    bench.write(calm.contacted(after(1)), calm.complaint.complaint_id)
    bench.run(after(1))
    bench.run(after(23.5))
    bench.restart()
    bench.run(after(23.5))
    assert at_risk("risky", "first_response") == 2
    assert at_risk("risky", "resolution") is None, "nobody was warned of it yet"
    assert at_risk("calm", "first_response") is None
    bench.write(cases[0].contacted(after(23.6)), cases[0].complaint.complaint_id)
    bench.run(after(25))
    bench.restart()
    bench.run(after(25))
    assert at_risk("risky", "first_response") is None, "one was met, the other is breached"


def at_risk(department: str, clock: str) -> float | None:
    labels = {"department": department, "clock": clock}
    return metrics.REGISTRY.get_sample_value("complaintbus_sla_at_risk", labels)


def test_it_refuses_to_start_without_its_policy(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="calendars"):
        build(SlaSettings(config_dir=tmp_path), broker=MemoryBroker({}))
