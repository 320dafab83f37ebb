"""Records as a reader of the bus sees them, made from events."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count

from shared.events import registry
from shared.events.base import Event
from shared.events.complaint import Complainant, Complaint, Narrative
from shared.events.decisions import Assignment, Classification, RoutingDecision
from shared.events.departments import AssignmentDispatched
from shared.events.ids import complaint_id, ticket_number
from shared.events.lifecycle import ComplaintDispatched, ComplaintRegistered
from shared.events.received import ComplaintSubmitted
from shared.streaming.records import ConsumerRecord

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
CASE = complaint_id("web", "case-1")
_offsets = count()


def complaint(case: str = CASE) -> Complaint:
    """A complaint with personal data in the two places where it may be."""
    return Complaint(
        complaint_id=case,
        ticket_number=ticket_number(case, NOW),
        channel="web",
        channel_message_id="case-1",
        content_digest="0" * 64,
        received_at=NOW,
        ingested_at=NOW,
        complainant=Complainant(name="张三丰", phone="13800000000", email="zhang@example.cn"),
        narrative=Narrative(text="The kettle of 13800000000 burned."),
    )


def record(
    topic: str,
    event: Event,
    *,
    case: str = CASE,
    event_id: str | None = None,
    timestamp_ms: int = 0,
    extra_headers: tuple[tuple[str, bytes], ...] = (),
) -> ConsumerRecord:
    """One record; without ``event_id`` an id of its own."""
    offset = next(_offsets)
    value, headers = registry.encode(
        event,
        event_id=event_id or f"event-{offset}",
        source="/complaint-bus/router",
        subject=case,
        time=NOW,
        traceparent=None,
    )
    return ConsumerRecord(topic, 0, offset, case.encode(), value, [*headers, *extra_headers], timestamp_ms)


def submitted(case: str = CASE) -> ComplaintSubmitted:
    """What intake writes."""
    return ComplaintSubmitted(complaint=complaint(case))


def registered(case: str = CASE) -> ComplaintRegistered:
    """First entry of the case log."""
    return ComplaintRegistered(
        complaint_id=case,
        ticket_number=ticket_number(case, NOW),
        cycle=1,
        sequence=1,
        happened_at=NOW,
        complaint=complaint(case),
    )


def decision(lead: str = "quality", co_handlers: tuple[str, ...] = ()) -> RoutingDecision:
    """A routing decision."""
    return RoutingDecision(lead=lead, co_handlers=co_handlers, rule_id="r1", rules_version="1", reasons=("because",))


def assignment(department: str = "quality", number: int = 1, *, forced: bool = False) -> Assignment:
    """A department's task."""
    return Assignment(
        assignment_id=f"assignment-{department}-{number}", department=department, role="lead", forced=forced
    )


def dispatched(*assignments: Assignment, case: str = CASE) -> ComplaintDispatched:
    """The case log's entry of a dispatch."""
    return ComplaintDispatched(
        complaint_id=case,
        ticket_number=ticket_number(case, NOW),
        cycle=1,
        sequence=3,
        happened_at=NOW,
        decision=decision(),
        assignments=assignments,
        cause="initial",
    )


def queued(
    task: Assignment | None = None, case: str = CASE, co_handlers: tuple[str, ...] = (), severity: str = "low"
) -> AssignmentDispatched:
    """What a department finds in its queue."""
    return AssignmentDispatched(
        assignment=task or assignment(),
        cycle=1,
        complaint=complaint(case),
        classification=Classification(
            category="quality", severity=severity, priority=3, confidence=1, taxonomy_version="1"
        ),
        decision=decision(co_handlers=co_handlers),
        dispatched_at=NOW,
    )
