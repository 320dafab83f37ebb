"""The records one complaint leaves on the bus, topic by topic, and an auditor to feed them to in any order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from services.auditor.domain.case_audit import CaseAudit
from services.auditor.domain.watch import WatchPolicy
from services.auditor.processor import AuditProcessor
from shared.errors import InvalidEvent
from shared.events import departments, document, lifecycle, notifications, received, registry, sla, topics
from shared.events.audit import HoleFound, HoleKind
from shared.events.base import Event
from shared.processing import Emit, Message, Step
from shared.streaming.records import ConsumerRecord

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
POLICY = WatchPolicy(hole_after=timedelta(minutes=5))
OFFICES = ("after-sales", "legal", "quality", "triage")


class Written(NamedTuple):
    """One record of the journey, and what an auditor must miss when it is not there."""

    topic: str
    event: Event | None
    missed: frozenset[HoleKind] = frozenset()
    headers: tuple[tuple[str, bytes], ...] = ()


def example(model: type[Event], **changes: Any) -> Event:
    """The contract's example of ``model`` with ``changes``."""
    return model.model_validate_json(document.example_file(model).read_text("utf-8")).model_copy(update=changes)


COMPLAINT: Any = example(received.ComplaintSubmitted)
COMPLAINT_ID: str = COMPLAINT.complaint.complaint_id


def submission(*headers: tuple[str, bytes]) -> Written:
    """A submission of the complaint."""
    return Written(topics.RECEIVED, COMPLAINT, frozenset({HoleKind.PHANTOM}), headers)


def journey(offices: int = 2, duplicates: int = 0, reopened: bool = False, outcome: str = "sent") -> list[Written]:
    """Everything one complaint leaves behind from receipt to closing, in the order of each topic."""
    written = [submission() for _ in range(1 + duplicates)]
    log = _Log()
    log.add(lifecycle.ComplaintRegistered, HoleKind.UNACCOUNTED)
    log.add(lifecycle.ComplaintAssessed, HoleKind.LOG_GAP)
    undecided = () if reopened else (HoleKind.UNDISPATCHED,)  # a case that was dispatched later counts as dispatched
    written += _dispatched(log, 1, OFFICES[:offices], *undecided)
    for _ in range(duplicates):
        log.add(lifecycle.DuplicateDropped, HoleKind.UNACCOUNTED, HoleKind.LOG_GAP)
    log.add(lifecycle.ComplaintResolved, HoleKind.LOG_GAP)
    written += _told(1, outcome)
    if reopened:
        log.cycle = 2
        log.add(lifecycle.ComplaintReopened, HoleKind.LOG_GAP)
        written += _dispatched(log, 2, OFFICES[:1])
        log.add(lifecycle.ComplaintResolved, HoleKind.LOG_GAP)
        written += _told(2, outcome)
    log.add(lifecycle.ComplaintClosed)
    return written + log.entries


class _Log:
    def __init__(self) -> None:
        self.entries: list[Written] = []
        self.cycle = 1

    def add(self, model: type[Event], *missed: HoleKind, **facts: Any) -> None:
        event = example(model, cycle=self.cycle, sequence=len(self.entries) + 1, **facts)
        self.entries.append(Written(topics.LIFECYCLE, event, frozenset(missed)))


def _dispatched(log: _Log, cycle: int, offices: Sequence[str], *missed: HoleKind) -> list[Written]:
    template: Any = example(departments.AssignmentDispatched)
    tasks = [
        template.model_copy(
            update={
                "cycle": cycle,
                "assignment": template.assignment.model_copy(
                    update={"assignment_id": f"{cycle}/{office}", "department": office}
                ),
            }
        )
        for office in offices
    ]
    log.add(
        lifecycle.ComplaintDispatched,
        HoleKind.LOG_GAP,
        HoleKind.PHANTOM,  # its tasks, which nobody decided
        *missed,
        assignments=tuple(task.assignment for task in tasks),
    )
    armed = Written(topics.SLA_EVENTS, example(sla.ClockArmed, cycle=cycle), frozenset({HoleKind.UNCLOCKED}))
    return [
        armed,
        *(
            Written(topics.department_topic(office), task, frozenset({HoleKind.UNDISPATCHED}))
            for office, task in zip(offices, tasks, strict=True)
        ),
    ]


_OUTCOMES: dict[str, type[Event]] = {
    "sent": notifications.NotificationSent,
    "failed": notifications.NotificationFailed,
    "skipped": notifications.NotificationSkipped,
}


def _told(cycle: int, outcome: str) -> list[Written]:
    about = {"cycle": cycle, "template": "result"}
    end = Written(topics.NOTIFICATION_EVENTS, example(_OUTCOMES[outcome], **about), frozenset({HoleKind.UNNOTIFIED}))
    if outcome == "skipped":
        return [end]
    return [
        Written(topics.NOTIFICATION_REQUESTS, example(notifications.NotificationRequested, **about)),
        Written(topics.NOTIFICATION_EVENTS, example(notifications.NotificationAttempted, **about)),
        end,
    ]


def interleaved(written: Sequence[Written], turns: Iterable[int]) -> list[Written]:
    """The records in another order, that of every topic kept: each turn says which topic comes next."""
    queues: dict[str, list[Written]] = {}
    for each in written:
        queues.setdefault(each.topic, []).append(each)
    result = []
    for turn in turns:
        names = sorted(name for name, queue in queues.items() if queue)
        if not names:
            break
        result.append(queues[names[turn % len(names)]].pop(0))
    return result + [each for queue in queues.values() for each in queue]


@dataclass
class Audit:
    """One complaint in an auditor."""

    policy: WatchPolicy = POLICY
    now: datetime = NOW
    written_at: datetime | None = None
    key: str = COMPLAINT_ID
    row: CaseAudit | None = None
    emits: list[Emit] = field(default_factory=list)
    refused: str | None = None
    read: int = 0

    def __post_init__(self) -> None:
        self.processor = AuditProcessor(OFFICES, self.policy)

    def see(self, written: Iterable[Written]) -> Audit:
        """Feed records."""
        for each in written:
            self._take(self._reduce(each))
        return self

    def wait(self, **time: float) -> Audit:
        """Let time pass, timers fired as they fall due."""
        until = self.now + timedelta(**time)
        while self.row is not None and (due_at := self.processor.due_at(self.row)) <= until:
            self.now = max(self.now, due_at)
            self._take(self.processor.fire(self.row, self.now))
        self.now = until
        return self

    @property
    def holes(self) -> set[HoleKind]:
        """Kinds of open holes that were found."""
        holes = {} if self.row is None else self.row.holes
        return {kind for kind, hole in holes.items() if hole.found_at is not None}

    @property
    def found(self) -> list[str]:
        """Kinds of all holes ever announced."""
        return [emit.event.kind for emit in self.emits if isinstance(emit.event, HoleFound)]

    def said(self, model: type[Event]) -> list[Any]:
        """Announcements of one type."""
        return [emit.event for emit in self.emits if isinstance(emit.event, model)]

    def _reduce(self, written: Written) -> Step[CaseAudit]:
        self.read += 1
        if written.event is None:
            record = self._record(written, b"{", [("ce_type", b"complaint.submitted.v1"), *written.headers])
            return self.processor.note_unreadable(self.row, record, InvalidEvent("schema", "not JSON"), self.now)
        value, headers = registry.encode(
            written.event,
            event_id="x",
            source="/t",
            subject=self.key,
            time=self.written_at or self.now,
            traceparent=None,
        )
        record = self._record(written, value, [*headers, *written.headers])
        envelope, event = registry.decode(record.headers, value)
        return self.processor.reduce(self.row, Message(written.topic, envelope, event, record), self.now)

    def _record(self, written: Written, value: bytes, headers: list[tuple[str, bytes]]) -> ConsumerRecord:
        at = int(self.now.timestamp() * 1000)
        return ConsumerRecord(written.topic, 3, 100 + self.read, self.key.encode(), value, headers, at)

    def _take(self, step: Step[CaseAudit]) -> None:
        self.refused = None if step.refusal is None else step.refusal.reason
        self.row = step.state
        self.emits.extend(step.emits)
