"""Policies and facts for the tests of the clocks: promises in round hours, and a case that is told what happened."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from services.sla.adapters.config_files import load_policy
from services.sla.domain.policy import SlaPolicy
from services.sla.domain.state import ComplaintClocks
from services.sla.processor import SlaProcessor
from shared.events import ids
from shared.events import lifecycle as log
from shared.events.base import Event
from shared.events.complaint import Complainant, Complaint, Narrative
from shared.events.decisions import Assignment, Classification, Resolution, RoutingDecision
from shared.events.envelope import Envelope
from shared.events.received import ComplaintSubmitted
from shared.events.topics import LIFECYCLE, RECEIVED
from shared.processing import Message, Step
from tests.unit.sla.calendars import CONFIG, always_open, beijing, cn

RECEIVED_AT = beijing("2026-03-04 10:00")  # a Wednesday
TRACE = "00-" + "4" * 32 + "-" + "7" * 16 + "-01"

HOURS = {
    "registration": 10,
    "first_response": 24,
    "verification": 72,
    "contact": 30,
    "resolution": 150,
    "callback": 168,
}
"""Targets of ``round_hours_policy``."""


@cache
def shipped_policy() -> SlaPolicy:
    """The policy in ``deploy/config``."""
    return load_policy(CONFIG / "sla" / "policy.yaml", {"cn": cn(), "always-open": always_open()})


def round_hours_policy(**changes: Any) -> SlaPolicy:
    """The shipped clocks in elapsed hours, with warnings at a half and at four fifths."""
    document = shipped_policy().model_dump(mode="json")
    for name, clock in document["clocks"].items():
        clock |= {"n": HOURS[name], "unit": "hours", "calendar": "always-open", "warn_at": [0.5, 0.8]}
    return SlaPolicy.model_validate(document | changes)


def processor(policy: SlaPolicy | None = None, **options: Any) -> SlaProcessor:
    """The processor under test."""
    return SlaProcessor(policy or round_hours_policy(), {"cn": cn(), "always-open": always_open()}, **options)


def complaint(number: int = 1, received_at: datetime = RECEIVED_AT, **parts: Any) -> Complaint:
    """A complaint by an invented person."""
    identifier = ids.complaint_id("web", str(number))
    known: dict[str, Any] = {
        "complaint_id": identifier,
        "ticket_number": ids.ticket_number(identifier, received_at),
        "channel": "web",
        "channel_message_id": str(number),
        "content_digest": "0" * 64,
        "received_at": received_at,
        "ingested_at": received_at,
        "complainant": Complainant(name="Zhang Example", email="zhang@example.com"),
        "narrative": Narrative(text="The kettle leaks."),
    }
    return Complaint(**(known | parts))


class Said(NamedTuple):
    """What was emitted; the event is one of ``shared.events.sla``."""

    event: Any
    event_id: str
    topic: str
    traceparent: str | None


class Facts:
    """Makes the entries of one case's log, numbered as the router numbers them."""

    def __init__(self, case: Complaint) -> None:
        self.complaint = case
        self.cycle = 1
        self._sequence = 0

    def submitted(self) -> ComplaintSubmitted:
        return ComplaintSubmitted(complaint=self.complaint)

    def registered(self, at: datetime) -> log.CaseEvent:
        return self._entry(log.ComplaintRegistered, at, complaint=self.complaint)

    def assessed(self, at: datetime, severity: str = "medium", category: str = "quality") -> log.CaseEvent:
        classification = Classification(
            category=category, severity=severity, priority=2, confidence=1, taxonomy_version="t1"
        )
        return self._entry(log.ComplaintAssessed, at, classification=classification)

    def dispatched(
        self,
        at: datetime,
        lead: str = "after-sales",
        cause: str = "initial",
        assignments: tuple[Assignment, ...] = (),
    ) -> log.CaseEvent:
        decision = RoutingDecision(lead=lead, rule_id="r1", rules_version="v1", reasons=("a rule says so",))
        return self._entry(log.ComplaintDispatched, at, decision=decision, assignments=assignments, cause=cause)

    def contacted(self, at: datetime) -> log.CaseEvent:
        return self._by_department(log.ComplainantContacted, at)

    def progressed(self, at: datetime, *, finding: bool = True) -> log.CaseEvent:
        return self._by_department(log.AssignmentProgressed, at, preliminary_finding=finding)

    def held(self, at: datetime, part: str = "a", *, reported: datetime | None = None) -> log.CaseEvent:
        return self._by_department(log.ComplaintHeld, at, part, reason="awaiting_appraisal", reported_at=reported or at)

    def resumed(self, at: datetime, part: str = "a") -> log.CaseEvent:
        return self._by_department(log.ComplaintResumed, at, part)

    def resolved(self, at: datetime) -> log.CaseEvent:
        answer = Resolution(status="replaced", cause="faulty seal", measures="a new kettle")
        return self._entry(log.ComplaintResolved, at, department="after-sales", resolution=answer)

    def called_back(self, at: datetime, *, cycle: int | None = None) -> log.CaseEvent:
        return self._entry(log.ComplainantCalledBack, at, cycle=cycle or self.cycle, solved=True)

    def closed(self, at: datetime) -> log.CaseEvent:
        return self._entry(log.ComplaintClosed, at)

    def reopened(self, at: datetime) -> log.CaseEvent:
        self.cycle += 1
        return self._entry(log.ComplaintReopened, at, reason="not_solved")

    def withdrawn(self, at: datetime) -> log.CaseEvent:
        return self._entry(log.CaseWithdrawn, at)

    def rejected(self, at: datetime) -> log.CaseEvent:
        return self._entry(log.ComplaintRejected, at, reason="out_of_scope")

    def accepted(self, at: datetime) -> log.CaseEvent:
        return self._by_department(log.AssignmentAccepted, at)

    def _by_department(self, entry: type[log.CaseEvent], at: datetime, part: str = "a", **more: Any) -> log.CaseEvent:
        return self._entry(entry, at, department="after-sales", assignment_id=part, **more)

    def _entry(self, entry: type[log.CaseEvent], at: datetime, **more: Any) -> log.CaseEvent:
        self._sequence += 1
        known: dict[str, Any] = {
            "complaint_id": self.complaint.complaint_id,
            "ticket_number": self.complaint.ticket_number,
            "cycle": self.cycle,
            "sequence": self._sequence,
            "happened_at": at,
        }
        return entry(**(known | more))


def message_of(event: Event, key: str, traceparent: str | None = TRACE) -> Message:
    """``event`` as the engine hands it over."""
    topic = RECEIVED if isinstance(event, ComplaintSubmitted) else LIFECYCLE
    return Message(topic, Envelope("id", event.event_type, "/test", key, RECEIVED_AT, traceparent), event)


class Case:
    """One complaint in the hands of the processor. Its state passes through JSON each time, as in the engine."""

    def __init__(self, under_test: SlaProcessor | None = None, **parts: Any) -> None:
        self.processor = under_test or processor()
        self.facts = Facts(complaint(**parts))
        self.state: ComplaintClocks | None = None
        self.emits: list[Said] = []

    def hears(self, event: Event, now: datetime | None = None) -> list[Said]:
        """Reduce one fact, at once unless ``now`` says later; what is emitted."""
        heard_at = now or (event.happened_at if isinstance(event, log.CaseEvent) else RECEIVED_AT)
        step = self.processor.reduce(self.state, message_of(event, self.facts.complaint.complaint_id), heard_at)
        assert step.refusal is None, step.refusal
        return self._take(step)

    def starts(self) -> Case:
        """Submitted, registered, assessed and dispatched within the minute."""
        for event in (
            self.facts.submitted(),
            self.facts.registered(RECEIVED_AT),
            self.facts.assessed(RECEIVED_AT),
            self.facts.dispatched(RECEIVED_AT),
        ):
            self.hears(event)
        return self

    @property
    def due_at(self) -> datetime | None:
        """When the state wants to be fired."""
        return None if self.state is None else self.processor.due_at(self.state)

    def fires(self, now: datetime) -> list[Said]:
        """Fire once, as after downtime: everything that came due until ``now`` in one go."""
        assert self.state is not None
        return self._take(self.processor.fire(self.state, now))

    def lives_until(self, now: datetime) -> list[Said]:
        """Fire every timer at its instant until ``now``."""
        said: list[Said] = []
        while (due_at := self.due_at) is not None and due_at <= now:
            said += self.fires(due_at)
        return said

    def said(self) -> list[tuple[Any, ...]]:
        """Everything emitted so far, in short."""
        return [in_short(emit) for emit in self.emits]

    def _take(self, step: Step[ComplaintClocks]) -> list[Said]:
        self.state = None if step.state is None else through_json(step.state)
        said = [Said(emit.event, emit.event_id, emit.topic, emit.traceparent) for emit in step.emits]
        self.emits += said
        return said


def through_json(state: ComplaintClocks) -> ComplaintClocks:
    """What is read back after the state was written, in the engine's encoding."""
    return ComplaintClocks.model_validate_json(state.__pydantic_serializer__.to_json(state, exclude_defaults=True))


def in_short(emit: Said) -> tuple[Any, ...]:
    """``("warned", "resolution", 0.8)``: kind, clock, and the level of a warning or the reason of a cancellation."""
    event = emit.event
    kind = event.event_type.split(".")[1]
    detail = [value for name in ("level", "reason") if (value := getattr(event, name, None)) is not None]
    return (kind, event.clock, *detail)


def shorts(emits: Iterable[Said]) -> list[tuple[Any, ...]]:
    """``in_short`` of each."""
    return [in_short(emit) for emit in emits]


def hours(n: float) -> timedelta:
    """``n`` hours."""
    return timedelta(hours=n)


def after(n: float) -> datetime:
    """``n`` hours after the receipt."""
    return RECEIVED_AT + hours(n)
