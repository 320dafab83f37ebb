"""All departments of the demo in one process: ``python -m services.cli.demo.departments``.

It is a client like any department's: reads the queues as a consumer group, writes to the update topics, knows nothing
else. Plans live in memory; when it is restarted, cases it had in hand are forgotten, as happens in offices.
"""

from __future__ import annotations

import heapq
import sys
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kafka.errors import KafkaError
from pydantic import Field

from services.cli.bus.kafka_access import open_reader, to_record
from services.cli.demo.behaviour import PlannedReport, plan_reports
from services.cli.dept.client import DepartmentUpdates
from shared.clock import Clock
from shared.errors import InvalidEvent
from shared.events import registry
from shared.events.departments import AssignmentCancelled, AssignmentDispatched, DepartmentUpdate
from shared.events.journey import department_of_queue
from shared.observability.health import HealthChecks, HealthServer
from shared.observability.logging import configure_logging, get_logger
from shared.settings import ServiceSettings, load_settings
from shared.streaming.records import ConsumerRecord
from shared.streaming.service import stop_on_signals

GROUP = "demo-departments"
POLL_MS = 50
RETRY_AFTER_SECONDS = 1.0
FLUSH_SECONDS = 10.0

_log = get_logger()


class DemoDepartmentsSettings(ServiceSettings):
    """What the simulation needs."""

    demo_seed: int = Field(1, description="Seed of the departments' behaviour.")


@dataclass(order=True, slots=True)
class _Due:
    at: datetime
    assignment_id: str
    department: str = field(compare=False)
    complaint_id: str = field(compare=False)
    report: PlannedReport = field(compare=False)


class Agenda:
    """What is to be reported next. Pure memory: no clock, no Kafka."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._due: list[_Due] = []
        self._cancelled: set[str] = set()

    def take(self, record: ConsumerRecord) -> None:
        """Plan the work on an assignment, or drop it when it was cancelled; anything else needs no answer."""
        department = department_of_queue(record.topic)
        _, event = registry.decode(record.headers, record.value)
        if isinstance(event, AssignmentCancelled):
            self._cancelled.add(event.assignment_id)
        elif isinstance(event, AssignmentDispatched) and department is not None:
            assignment_id, complaint_id = event.assignment.assignment_id, event.complaint.complaint_id
            for report in plan_reports(event, self._seed):
                at = event.dispatched_at + report.after
                heapq.heappush(self._due, _Due(at, assignment_id, department, complaint_id, report))

    def due(self, now: datetime) -> list[tuple[str, DepartmentUpdate]]:
        """Department and update for everything whose time has come, oldest first."""
        ready = []
        while self._due and self._due[0].at <= now:
            entry = heapq.heappop(self._due)
            if entry.assignment_id not in self._cancelled:
                ready.append((entry.department, _update(entry)))
        return ready


def _update(entry: _Due) -> DepartmentUpdate:
    return DepartmentUpdate(
        complaint_id=entry.complaint_id, action=entry.report.action, happened_at=entry.at, **entry.report.facts
    )


class DemoDepartments:
    """Reads queues, keeps the agenda, reports."""

    def __init__(self, settings: DemoDepartmentsSettings, clock: Clock) -> None:
        self._clock = clock
        self._agenda = Agenda(settings.demo_seed)
        self._updates = DepartmentUpdates(settings.kafka, clock)
        self._reader: Any = open_reader(settings.kafka, GROUP)
        queues = sorted(name for name in self._reader.topics() if department_of_queue(name) is not None)
        self._reader.subscribe(queues)

    @property
    def not_ready(self) -> str | None:
        """What is missing, or None."""
        return None if self._reader.assignment() else "no partitions assigned yet"

    def run_once(self) -> None:
        """Read what is there, report what is due, commit."""
        polled = self._reader.poll(timeout_ms=POLL_MS)
        for records in polled.values():
            for record in records:
                self._take(to_record(record))
        for department, update in self._agenda.due(self._clock.now()):
            self._updates.send(department, update)
        self._updates.flush(FLUSH_SECONDS)
        if polled:
            self._reader.commit()

    def _take(self, record: ConsumerRecord) -> None:
        try:
            self._agenda.take(record)
        except InvalidEvent as error:
            _log.warning("queue_entry_unreadable", error=error, topic=record.topic, offset=record.offset)

    def close(self) -> None:
        """Leave the group."""
        self._updates.close()
        self._reader.close()


def main() -> int:
    """Run until SIGTERM."""
    settings = load_settings(DemoDepartmentsSettings)
    configure_logging("demo-departments", settings.instance_id, settings.log_level)
    stop = threading.Event()
    stop_on_signals(stop)
    departments = DemoDepartments(settings, settings.make_clock())
    health = HealthServer(settings.health.host, settings.health.port, HealthChecks(ready=lambda: departments.not_ready))
    health.start()
    while not stop.is_set():
        try:
            departments.run_once()
        except KafkaError as error:
            _log.warning("broker_away", error=error, retry_in_seconds=RETRY_AFTER_SECONDS)
            time.sleep(RETRY_AFTER_SECONDS)
    departments.close()
    health.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
